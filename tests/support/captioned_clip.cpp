#include "tests/support/captioned_clip.hpp"

#include <bit>
#include <cstring>
#include <stdexcept>

#include "media/ffmpeg_log.hpp"
#include "media/ladder/rung_encoder.hpp"

namespace troupe::test {
namespace {

constexpr int kFps = 30, kSeconds = 4, kTicks = 90'000 / kFps;
constexpr int kClearAt = 2 * kFps;

using Pair = std::array<int, 2>;

/// The byte pairs of CEA-608 that put "HELLO WORLD" on the screen, one for each picture: resume
/// caption loading, erase non-displayed memory, row 15, text, end of caption.
std::vector<Pair> show_hello() {
  std::vector<Pair> out{{0x14, 0x20}, {0x14, 0x2E}, {0x14, 0x70}};
  const std::string text = "HELLO WORLD ";
  for (std::size_t i = 0; i < text.size(); i += 2) out.push_back({text[i], text[i + 1]});
  out.push_back({0x14, 0x2F});
  return out;
}

std::uint8_t with_odd_parity(int value) {
  const auto byte = static_cast<std::uint8_t>(value);
  return std::popcount(byte) % 2 == 1 ? byte : static_cast<std::uint8_t>(byte | 0x80U);
}

std::shared_ptr<AVFrame> frame_with(const Pair& pair) {
  std::shared_ptr<AVFrame> frame(av_frame_alloc(), media::FreeCodecAv{});
  frame->format = AV_PIX_FMT_YUV420P;
  frame->width = 160;
  frame->height = 90;
  if (av_frame_get_buffer(frame.get(), 0) < 0) throw std::runtime_error("no frame");
  for (int plane = 0; plane < 3; ++plane)
    std::memset(frame->data[plane], 90 + 20 * plane,
                static_cast<std::size_t>(frame->linesize[plane]) * (plane == 0 ? 90 : 45));
  auto* side = av_frame_new_side_data(frame.get(), AV_FRAME_DATA_A53_CC, 3);
  side->data[0] = 0xFC;  // valid, field 1
  side->data[1] = with_odd_parity(pair[0]);
  side->data[2] = with_odd_parity(pair[1]);
  return frame;
}

}  // namespace

Clip make_captioned_clip() {
  media::route_ffmpeg_log();
  auto encoder = media::RungEncoder::open({.track = 1,
                                           .rung = {"90p", 90, 200},
                                           .size = {160, 90},
                                           .timescale = 90'000,
                                           .rate = {kFps, 1},
                                           .chunk_us = 1});
  if (!encoder.ok()) throw std::runtime_error(encoder.error().detail);
  Clip clip;
  clip.duration_us = kSeconds * 1'000'000;
  clip.tracks = {(*encoder)->track()};
  clip.tracks.front().name.clear();
  clip.tracks.front().kbit_per_s = 0;
  const auto hello = show_hello();
  constexpr int kFirst = 5;
  for (int i = 0; i < kSeconds * kFps; ++i) {
    Pair pair{0, 0};
    const auto at = static_cast<std::size_t>(i - kFirst);
    if (i >= kFirst && at < hello.size()) pair = hello[at];
    if (i == kClearAt) pair = {0x14, 0x2C};  // erase displayed memory
    const auto frame = frame_with(pair);
    media::Picture picture;
    picture.pts = picture.dts = i * kTicks;
    picture.duration = kTicks;
    picture.key = i % kFps == 0;
    const auto done = (*encoder)->encode(
        *frame, picture, [&](const media::ChunkPtr& chunk) { clip.chunks.push_back(*chunk); });
    if (!done.ok()) throw std::runtime_error(done.error().detail);
  }
  return clip;
}

}  // namespace troupe::test
