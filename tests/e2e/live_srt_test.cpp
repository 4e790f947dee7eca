// The whole way: ffmpeg encodes and pushes over SRT to a real server; viewers check and decode.
#include <gtest/gtest.h>

#include "sim/live_sim.hpp"
#include "tests/support/server_process.hpp"

namespace troupe::test {
namespace {

TEST(LiveSrtE2E, WhatAnEncoderPushesIsWatchedAndDecodedWithoutAHole) {
  ServerProcess server;
  sim::LiveSimOptions options;
  options.viewers = 10;
  options.decoders = 1;
  options.duration = std::chrono::seconds(6);
  options.size = "320x180";
  options.video_kbit = 400;
  sim::Progress progress(false);
  const std::atomic<bool> never{false};

  const auto section = sim::run_live(server.endpoint(), options, progress, never);

  ASSERT_TRUE(section.ok()) << section.error().detail << server.log();
  for (const auto& failure : section->failures) ADD_FAILURE() << failure;
  for (const auto& row : section->rows)
    std::printf("%s %.1f %s\n", row.name.c_str(), row.value, row.unit.c_str());
}

}  // namespace
}  // namespace troupe::test
