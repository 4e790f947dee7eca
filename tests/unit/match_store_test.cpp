#include "actors/match/match_store.hpp"

#include <random>

#include <gtest/gtest.h>

#include "game/wire.hpp"
#include "net/udp/client_message.hpp"

namespace troupe::match {
namespace {

TEST(MatchCheckpoint, RestoresTheWorldBitForBit) {
  Checkpoint before;
  before.info = {"01ARZ3NDEKTSV4RRFFQ69G5FAV", "ann", 7, 8, 0, 0, 0};
  before.world = game::make_world(3);
  before.epoch = 4;
  before.places = {{"ann", 0}, {"bob", 5}};
  game::add_player(before.world, 0);
  game::add_player(before.world, 5);
  std::array<std::optional<game::Command>, game::kMaxPlayers> commands{};
  commands[0] = game::Command{1, 0, 32, true};
  for (int i = 0; i < 20; ++i) game::step(before.world, commands);

  const auto after = decode_checkpoint(encode_checkpoint(before));

  ASSERT_TRUE(after);
  EXPECT_EQ(after->world, before.world);
  EXPECT_EQ(after->places, before.places);
  EXPECT_EQ(after->epoch, 4);
}

TEST(MatchCheckpoint, DamagedRecordsAreRefusedOrWithinTheRules) {
  Checkpoint match;
  match.info.id = "01ARZ3NDEKTSV4RRFFQ69G5FAV";
  match.world = game::make_world(3);
  game::add_player(match.world, 0);
  const auto good = encode_checkpoint(match);
  for (unsigned seed = 1; seed <= 3'000; ++seed) {
    std::mt19937 random(seed);
    auto bytes = good;
    for (int i = 0; i < 4; ++i) bytes[random() % bytes.size()] = static_cast<char>(random());

    if (const auto decoded = decode_checkpoint(bytes)) {
      for (const auto& player : decoded->world.players) EXPECT_LT(player.x, game::kArena);
    }
  }
}

TEST(ClientMessage, RandomBytesNeverPassAsMoreThanTheRulesAllow) {
  std::mt19937 random(1);
  for (int i = 0; i < 50'000; ++i) {
    std::string bytes(random() % 300, '\0');
    for (auto& byte : bytes) byte = static_cast<char>(random());

    const auto message = udp::decode_client_message(bytes);

    if (message && std::holds_alternative<udp::CommandsMessage>(*message)) {
      EXPECT_LE(std::get<udp::CommandsMessage>(*message).commands.size(),
                game::kMaxCommandsPerPacket);
    }
  }
}

}  // namespace
}  // namespace troupe::match
