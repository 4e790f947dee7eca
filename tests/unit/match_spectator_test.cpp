#include <cctype>

#include <gtest/gtest.h>

#include "actors/match/screening.hpp"
#include "game/arena/arena.hpp"
#include "game/arena/spectator_frame.hpp"

namespace troupe::match {
namespace {

std::string hex(const std::string& bytes) {
  static constexpr char kDigits[] = "0123456789abcdef";
  std::string out;
  for (const unsigned char byte : bytes) {
    out.push_back(kDigits[byte >> 4]);
    out.push_back(kDigits[byte & 15]);
  }
  return out;
}

/// Those who watch, remembered.
class Seen final : public Spectators {
 public:
  bool watched(const std::string&) const override { return watching; }
  void show(const std::string&, const std::string& frame) override { frames.push_back(frame); }
  void ended(const std::string&, const std::vector<Placement>&) override {}

  bool watching = true;
  std::vector<std::string> frames;
};

std::uint32_t tick_of(const std::string& frame) {
  std::uint32_t out = 0;
  for (std::size_t i = 8; i-- > 4;) out = out << 8 | static_cast<unsigned char>(frame[i]);
  return out;
}

// tests/browser/spectator_frame.test.mjs reads the same bytes.
TEST(SpectatorFrame, IsWhatThePageReads) {
  const game::Snapshot snapshot{
      .tick = 0x01020304,
      .players =
          {{.slot = 3, .x = 1000, .y = 51199, .aim = 64, .health = 80, .alive = true, .score = 258},
           {.slot = 63, .x = 0, .y = 1, .aim = 255, .health = 0, .alive = false, .score = 0}},
      .projectiles = {{.id = 513, .aim = 128, .x = 300, .y = 400}}};

  EXPECT_EQ(hex(game::encode_spectator_frame(snapshot)),
            "01020100"
            "04030201"
            "03014050"
            "0201e803ffc7"
            "3f00ff00"
            "000000000100"
            "01022c019001"
            "80");
}

TEST(Screening, ShowsEveryTickLateByTheDelay) {
  Screening screening;
  Seen seen;
  game::ArenaState state(game::make_world(1));

  for (int i = 0; i < 10; ++i) {
    state.step({});
    screening.tick("m", game::arena_game(), state, 4, seen);
  }

  ASSERT_EQ(seen.frames.size(), 6U);
  EXPECT_EQ(tick_of(seen.frames.front()), 1U);
  EXPECT_EQ(tick_of(seen.frames.back()), state.tick() - 4);
}

TEST(Screening, HoldsNothingForAMatchThatNobodyWatches) {
  Screening screening;
  Seen seen;
  game::ArenaState state(game::make_world(1));
  state.step({});
  screening.tick("m", game::arena_game(), state, 4, seen);
  seen.watching = false;
  for (int i = 0; i < 4; ++i) {
    state.step({});
    screening.tick("m", game::arena_game(), state, 4, seen);
  }
  seen.watching = true;

  state.step({});
  screening.tick("m", game::arena_game(), state, 4, seen);

  EXPECT_TRUE(seen.frames.empty()) << "what was held for those who left is not shown to others";
}

}  // namespace
}  // namespace troupe::match
