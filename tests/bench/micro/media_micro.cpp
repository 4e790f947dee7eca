// What is done to each key frame, and to each chunk of HLS and DASH.
#include <cstring>
#include <memory>

#include <benchmark/benchmark.h>

#include "media/health/picture_look.hpp"
#include "media/playlist/event_messages.hpp"

extern "C" {
#include <libavutil/frame.h>
}

namespace {

using namespace troupe::media;

struct FreeFrame {
  void operator()(AVFrame* frame) const noexcept { av_frame_free(&frame); }
};

void look(benchmark::State& state) {
  const std::unique_ptr<AVFrame, FreeFrame> frame(av_frame_alloc());
  frame->format = AV_PIX_FMT_YUV420P;
  frame->width = 1'920;
  frame->height = 1'080;
  if (av_frame_get_buffer(frame.get(), 0) < 0) return state.SkipWithError("no memory");
  for (int y = 0; y < frame->height; ++y)
    std::memset(frame->data[0] + static_cast<std::ptrdiff_t>(y) * frame->linesize[0], y & 0xFF,
                static_cast<std::size_t>(frame->width));
  for (auto _ : state) benchmark::DoNotOptimize(luma_grid(*frame));
}
BENCHMARK(look)->Name("media/luma_grid_1080p");

/// A chunk of 100 ms at 2 Mbit/s; with a message, or, as nearly all are, without.
void carry(benchmark::State& state) {
  std::string bytes(25'000, 'x');
  bytes.replace(0, 12, std::string("\0\0\0\x0Cmoof\0\0\0\0", 12));
  Chunk chunk;
  chunk.track = 1;
  chunk.duration_us = 100'000;
  chunk.bytes = std::make_shared<const std::string>(std::move(bytes));
  Track track;
  track.id = 1;
  track.timescale = 90'000;
  EventMessages events;
  events.begin(1, {track});
  for (auto _ : state) {
    if (state.range(0) > 0) events.add({"cue-1", 1, chunk.start_us, "urn:x", "payload", 1});
    benchmark::DoNotOptimize(events.carry(chunk));
    chunk.start_us += chunk.duration_us;
  }
}
BENCHMARK(carry)->Name("media/carry_events")->Arg(0)->Arg(1);

}  // namespace
