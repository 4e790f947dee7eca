// The pictures of one size on their way to its renditions. Only for Transcode.
#pragma once

#include <deque>
#include <memory>
#include <vector>

#include "media/ladder/rung_encoder.hpp"
#include "media/ladder/transcode.hpp"

namespace troupe::media {

struct Transcode::LanePlace {
  std::size_t rung = 0;
  RungOptions options;
  std::unique_ptr<RungEncoder> encoder;  ///< of the lane's step only; null: it is not made
};

/// One size: scaled once, encoded by each of its rungs.
struct Transcode::Lane {
  Size size;
  std::vector<LanePlace> places;
  ScalerPtr scaler;              ///< of the lane's step only
  std::deque<Picture> pictures;  ///< guarded by mutex_
  bool busy = false;             ///< guarded by mutex_: its step is posted or runs
  bool sweep = false;            ///< guarded by mutex_: one of its rungs was given up
};

}  // namespace troupe::media
