// What the page that watches matches reads: tests/browser/watch_games.test.mjs has the same bytes.
#include <string>

#include <gtest/gtest.h>

#include "game/ball/pitch_codec.hpp"
#include "game/sea/sight.hpp"

namespace troupe::game {
namespace {

std::string hex(const std::string& bytes) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string out;
  for (const unsigned char byte : bytes) {
    out.push_back(kDigits[byte >> 4]);
    out.push_back(kDigits[byte & 15]);
  }
  return out;
}

std::string zeros(int bytes) {
  return std::string(static_cast<std::size_t>(2 * bytes), '0');
}

TEST(GameFrames, OfBallIsWhatThePageReads) {
  ball::Pitch pitch;
  pitch.tick = 0x01020304;
  pitch.goals = {2, 3};
  pitch.kickoff = 7;
  pitch.cars[5] = {true, {45 * kUnit, 50 * kUnit, 9, 9}, 64, 90};
  pitch.ball = {90 * kUnit, 50 * kUnit + 128, 9, 9};

  EXPECT_EQ(hex(ball::encode_frame(pitch)),
            "0102"
            "02000300"
            "0700"
            "04030201"
            "05405a00"
            "002d0032"
            "10000000"
            "005a8032");
}

TEST(GameFrames, OfSeaIsWhatThePageReads) {
  sea::Sight sight{.tick = 300,
                   .of = sea::kWatcher,
                   .phase = sea::Phase::shooting,
                   .turn = 1,
                   .since = 200,
                   .ready = {true, true},
                   .clocks = {5'400, 1'000}};
  sight.boards[0][0] = sea::Cell::hit;
  sight.boards[0][1] = sea::Cell::sunk;
  sight.boards[1][98] = sea::Cell::miss;

  EXPECT_EQ(hex(sea::encode_frame(sight)),
            "0102020102000300"
            "2c010000"
            "c8000000"
            "1815"
            "e803"
            "0304" +
                zeros(98) + zeros(98) + "0200");
}

}  // namespace
}  // namespace troupe::game
