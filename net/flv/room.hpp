// One channel on one hub: its viewers. Lives on the hub's thread; no clock of its own, no socket
// but through Session.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <string_view>
#include <vector>

#include "net/flv/shared_piece.hpp"
#include "net/ws/hub.hpp"
#include "net/ws/slowness.hpp"

namespace troupe::flv {

class Room {
 public:
  using TimePoint = std::chrono::steady_clock::time_point;

  explicit Room(const ws::FanoutLimits& limits) : limits_(limits) {}

  /// `cache`: from the last key frame on; `next`: the number of the piece that follows it.
  void join(std::shared_ptr<ws::Session> session, Framing framing,
            const std::vector<SharedPiecePtr>& cache, std::uint64_t next, TimePoint now,
            ws::FanoutStats& stats);
  void leave(std::uint64_t session_id);
  /// Viewers get it unless they are slow: then they go on with the next key frame. `bound`: a
  /// viewer with more unsent is slow.
  void offer(const SharedPiece& piece, std::size_t bound, TimePoint now, ws::FanoutStats& stats);
  void close(std::uint16_t code, std::string_view reason);

  [[nodiscard]] std::size_t viewers() const noexcept { return viewers_.size(); }

 private:
  struct Viewer {
    std::shared_ptr<ws::Session> session;
    Framing framing = Framing::plain;
    std::uint64_t next = 0;  ///< it has had those before
    bool waiting = true;     ///< for a key frame
    SharedSetupPtr setup;    ///< that it has been told; null: none, and no file header
    ws::Slowness slowness;
  };

  void offer(Viewer& viewer, const SharedPiece& piece, std::size_t bound, TimePoint now,
             ws::FanoutStats& stats);
  static bool send(Viewer& viewer, const SharedPiece& piece, ws::FanoutStats& stats);

  const ws::FanoutLimits limits_;
  std::vector<Viewer> viewers_;
};

}  // namespace troupe::flv
