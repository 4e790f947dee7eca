#include "media/health/picture_look.hpp"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <numeric>

extern "C" {
#include <libavutil/frame.h>
#include <libavutil/pixdesc.h>
}

namespace troupe::media {
namespace {

constexpr int kColumns = 16, kRows = 9;
constexpr int kStep = 4;  // of pixels and lines

/// The mean of a field's samples.
template <class Sample>
double mean_of(const AVFrame& frame, int left, int right, int top, int bottom) {
  std::uint64_t sum = 0, count = 0;
  for (int y = top; y < bottom; y += kStep) {
    const auto* line = frame.data[0] + static_cast<std::ptrdiff_t>(y) * frame.linesize[0];
    for (int x = left; x < right; x += kStep) {
      Sample sample;
      std::memcpy(&sample, line + static_cast<std::size_t>(x) * sizeof sample, sizeof sample);
      sum += sample;
      ++count;
    }
  }
  return static_cast<double>(sum) / static_cast<double>(count);
}

}  // namespace

std::optional<LumaGrid> luma_grid(const AVFrame& frame) {
  const auto* format = av_pix_fmt_desc_get(static_cast<AVPixelFormat>(frame.format));
  constexpr std::uint64_t kOther =
      AV_PIX_FMT_FLAG_RGB | AV_PIX_FMT_FLAG_HWACCEL | AV_PIX_FMT_FLAG_BE | AV_PIX_FMT_FLAG_PAL;
  if (format == nullptr || (format->flags & kOther) != 0 || frame.data[0] == nullptr ||
      frame.width < kColumns * kStep || frame.height < kRows * kStep)
    return std::nullopt;
  const auto& luma = format->comp[0];
  const int bytes = luma.depth > 8 ? 2 : 1;
  if (luma.step != bytes || luma.shift != 0 || luma.depth > 16) return std::nullopt;
  // Limited range (ITU-R BT.709): black is 16 and white 235 of 255, in more bits as many times.
  const bool full = frame.color_range == AVCOL_RANGE_JPEG;
  const double unit = std::ldexp(1.0, luma.depth - 8);
  const double black = full ? 0 : 16 * unit;
  const double white = full ? std::ldexp(1.0, luma.depth) - 1 : 235 * unit;
  LumaGrid out;
  for (int row = 0; row < kRows; ++row) {
    for (int column = 0; column < kColumns; ++column) {
      const int left = frame.width * column / kColumns,
                right = frame.width * (column + 1) / kColumns;
      const int top = frame.height * row / kRows, bottom = frame.height * (row + 1) / kRows;
      const auto mean = bytes == 1 ? mean_of<std::uint8_t>(frame, left, right, top, bottom)
                                   : mean_of<std::uint16_t>(frame, left, right, top, bottom);
      out[static_cast<std::size_t>(row * kColumns + column)] =
          static_cast<float>(std::clamp((mean - black) / (white - black), 0.0, 1.0));
    }
  }
  return out;
}

HealthLook PictureLooker::look(const AVFrame& frame) {
  HealthLook out;
  const auto grid = luma_grid(frame);
  if (grid) {
    out.luma = std::accumulate(grid->begin(), grid->end(), 0.0) / static_cast<double>(grid->size());
    if (last_) {
      float most = 0;
      for (std::size_t i = 0; i < grid->size(); ++i)
        most = std::max(most, std::abs((*grid)[i] - (*last_)[i]));
      out.picture_change = most;
    }
  }
  last_ = grid;
  return out;
}

}  // namespace troupe::media
