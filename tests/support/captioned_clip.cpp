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

/// The byte pairs of CEA-608 that put a text on the screen, one for each picture: resume caption
/// loading, erase non-displayed memory, row 15, text, end of caption.
std::vector<Pair> show(const std::string& text) {
  std::vector<Pair> out{{0x14, 0x20}, {0x14, 0x2E}, {0x14, 0x70}};
  for (std::size_t i = 0; i < text.size(); i += 2) out.push_back({text[i], text[i + 1]});
  out.push_back({0x14, 0x2F});
  return out;
}

/// A packet of CEA-708 (CTA-708 sections 5 and 6) with one block, as triplets.
std::string service_packet(int sequence, int service, const std::string& commands) {
  std::string packet(1, static_cast<char>(service << 5 | static_cast<int>(commands.size())));
  packet += commands;
  const auto code = (packet.size() + 2) / 2;
  packet.insert(packet.begin(), static_cast<char>(sequence << 6 | static_cast<int>(code)));
  packet.resize(2 * code);
  std::string out;
  for (std::size_t i = 0; i < packet.size(); i += 2) {
    out += static_cast<char>(i == 0 ? 0xFF : 0xFE);
    out += packet.substr(i, 2);
  }
  return out;
}

std::uint8_t with_odd_parity(int value) {
  const auto byte = static_cast<std::uint8_t>(value);
  return std::popcount(byte) % 2 == 1 ? byte : static_cast<std::uint8_t>(byte | 0x80U);
}

/// `first` and `second`: the pair of each field; `more`: triplets of CEA-708.
std::shared_ptr<AVFrame> frame_with(const Pair& first, const Pair& second,
                                    const std::string& more) {
  std::shared_ptr<AVFrame> frame(av_frame_alloc(), media::FreeCodecAv{});
  frame->format = AV_PIX_FMT_YUV420P;
  frame->width = 160;
  frame->height = 90;
  if (av_frame_get_buffer(frame.get(), 0) < 0) throw std::runtime_error("no frame");
  for (int plane = 0; plane < 3; ++plane)
    std::memset(frame->data[plane], 90 + 20 * plane,
                static_cast<std::size_t>(frame->linesize[plane]) * (plane == 0 ? 90 : 45));
  std::string triplets;
  for (const auto& [field, pair] : {std::pair{0xFC, first}, std::pair{0xFD, second}}) {
    triplets += static_cast<char>(field);
    for (const int byte : pair) triplets += static_cast<char>(with_odd_parity(byte));
  }
  triplets += more;
  auto* side = av_frame_new_side_data(frame.get(), AV_FRAME_DATA_A53_CC, triplets.size());
  std::memcpy(side->data, triplets.data(), triplets.size());
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
  const auto hello = show("HELLO WORLD "), bonjour = show("BONJOUR LE MONDE");
  constexpr int kFirst = 5, kServiceAt = 40;
  // DefineWindow 0 (hidden, 2 rows of 32), text, DisplayWindows; later ClearWindows.
  const auto guten_tag = service_packet(
      0, 1, std::string("\x98\x00\x3C\x10\x01\x1F\x00", 7) + "GUTEN TAG\rWELT" + "\x89\x01");
  for (int i = 0; i < kSeconds * kFps; ++i) {
    Pair first{0, 0}, second{0, 0};
    const auto at = static_cast<std::size_t>(i - kFirst);
    if (i >= kFirst && at < hello.size()) first = hello[at];
    if (i >= kFirst && at < bonjour.size()) second = bonjour[at];
    if (i == kClearAt) first = second = {0x14, 0x2C};  // erase displayed memory
    const auto frame = frame_with(first, second,
                                  i == kServiceAt ? guten_tag
                                  : i == kClearAt ? service_packet(1, 1, "\x88\x01")
                                                  : "");
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
