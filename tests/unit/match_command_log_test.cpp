#include <random>

#include <gtest/gtest.h>

#include "actors/match/command_log.hpp"
#include "game/game.hpp"

namespace troupe::match {
namespace {

LoggedTick random_tick(std::mt19937& random) {
  LoggedTick out;
  for (auto n = random() % 4; n > 0; --n)
    out.events.push_back({random() % 2 == 0, static_cast<std::uint8_t>(random() % 64),
                          std::string(random() % 40, 'p')});
  for (auto n = random() % 65; n > 0; --n) {
    out.commands.push_back({static_cast<std::uint8_t>(random() % 64),
                            static_cast<std::uint32_t>(random()),
                            game::PackedCommand(std::string(random() % 16, 'c'))});
  }
  return out;
}

TEST(CommandLog, TicksComeBackAsTheyWere) {
  std::mt19937 random(1);
  for (int i = 0; i < 500; ++i) {
    const auto tick = random_tick(random);

    const auto read = decode_tick(encode_tick(tick));

    ASSERT_TRUE(read);
    EXPECT_EQ(*read, tick);
  }
}

TEST(CommandLog, DamagedTicksAreRefusedOrWithinTheRules) {
  std::mt19937 random(2);
  for (int i = 0; i < 20'000; ++i) {
    auto bytes = encode_tick(random_tick(random));
    if (random() % 2 == 0) bytes.resize(random() % bytes.size());
    for (auto flips = random() % 4; flips > 0 && !bytes.empty(); --flips)
      bytes[random() % bytes.size()] ^= static_cast<char>(1U << random() % 8);

    const auto read = decode_tick(bytes);

    if (!read) continue;
    for (const auto& used : read->commands) {
      EXPECT_LT(used.slot, game::kMaxPlayers);
      EXPECT_LE(used.command.size, game::PackedCommand::kMaxBytes);
    }
    for (const auto& event : read->events) EXPECT_LT(event.slot, game::kMaxPlayers);
  }
}

}  // namespace
}  // namespace troupe::match
