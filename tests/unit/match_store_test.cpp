#include "actors/match/match_store.hpp"

#include <random>

#include <gtest/gtest.h>

#include "game/arena/arena.hpp"
#include "game/arena/command.hpp"
#include "game/wire.hpp"
#include "net/udp/client_message.hpp"
#include "schemas/game_generated.h"

namespace troupe::match {
namespace {

constexpr const char* kId = "01ARZ3NDEKTSV4RRFFQ69G5FAV";

/// Two play, one shoots.
Checkpoint some_match() {
  auto out = first_checkpoint({.id = kId, .owner = "ann", .created_ms = 7, .max_players = 8});
  out.epoch = 4;
  out.places = {{"ann", 0}, {"bob", 5}};
  out.state->enter(0);
  out.state->enter(5);
  game::Commands commands{};
  commands[0] = game::pack_command({.move_x = 1, .aim = 32, .fire = true});
  for (int i = 0; i < 20; ++i) out.state->step(commands);
  return out;
}

TEST(MatchCheckpoint, RestoresTheStateBitForBit) {
  const auto before = some_match();

  const auto after = decode_checkpoint(encode_checkpoint(before));

  ASSERT_TRUE(after);
  EXPECT_EQ(game::world_of(*after->state), game::world_of(*before.state));
  EXPECT_EQ(after->state->hash(), before.state->hash());
  EXPECT_EQ(after->places, before.places);
  EXPECT_EQ(after->epoch, 4);
  EXPECT_EQ(after->info.game, "arena");
}

TEST(MatchCheckpoint, OneOfAGameThatThereIsNotIsRefused) {
  auto match = some_match();
  match.info.game = "chess boxing";

  EXPECT_FALSE(decode_checkpoint(encode_checkpoint(match)));
}

TEST(MatchCheckpoint, DamagedRecordsAreRefusedOrWithinTheRules) {
  const auto good = encode_checkpoint(some_match());
  for (unsigned seed = 1; seed <= 3'000; ++seed) {
    std::mt19937 random(seed);
    auto bytes = good;
    for (int i = 0; i < 4; ++i) bytes[random() % bytes.size()] = static_cast<char>(random());

    if (const auto decoded = decode_checkpoint(bytes)) {
      for (const auto& player : game::world_of(*decoded->state).players)
        EXPECT_LT(player.x, game::kArena);
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

std::string packet_of(std::uint32_t first, std::uint8_t size, std::size_t bytes) {
  flatbuffers::FlatBufferBuilder builder;
  const auto list = builder.CreateVector(std::vector<std::uint8_t>(bytes, 5));
  const auto body = fbs::CreateCommands(builder, 9, 1, first, size, list);
  builder.Finish(fbs::CreateClientMessage(builder, fbs::ClientBody::Commands, body.Union()));
  return {reinterpret_cast<const char*>(builder.GetBufferPointer()), builder.GetSize()};
}

TEST(ClientMessage, CommandsAreNumberedFromTheFirstOn) {
  const auto message = udp::decode_client_message(packet_of(41, 5, 15));

  ASSERT_TRUE(message);
  const auto& commands = std::get<udp::CommandsMessage>(*message).commands;
  ASSERT_EQ(commands.size(), 3U);
  EXPECT_EQ(commands[0].sequence, 41U);
  EXPECT_EQ(commands[2].sequence, 43U);
  EXPECT_EQ(commands[2].command.view(), std::string(5, 5));
}

TEST(ClientMessage, CommandsThatDoNotAddUpAreRefused) {
  EXPECT_FALSE(udp::decode_client_message(packet_of(1, 5, 14))) << "two and a half";
  EXPECT_FALSE(udp::decode_client_message(packet_of(1, 0, 5)));
  EXPECT_FALSE(udp::decode_client_message(packet_of(1, 16, 16)));
  EXPECT_FALSE(udp::decode_client_message(packet_of(1, 5, 45))) << "more than eight";
  EXPECT_FALSE(udp::decode_client_message(packet_of(0xffff'fffeU, 5, 15))) << "beyond the last";
}

TEST(ArenaCommand, WhatIsPackedComesBackAndNothingElseIsOne) {
  const game::Command command{.move_x = -1,
                              .move_y = 1,
                              .aim = 200,
                              .fire = true,
                              .weapon = 5,
                              .seen_tick = 0xabcd,
                              .seen_fraction = 129};
  const auto packed = game::pack_command(command);

  EXPECT_EQ(packed.size, game::kCommandBytes);
  EXPECT_EQ(game::unpack_command(packed), command);
  EXPECT_EQ(game::verify_command(packed.view()), packed);
  EXPECT_FALSE(game::verify_command(packed.view().substr(1)));
  EXPECT_FALSE(game::verify_command(std::string_view("\x03\0\0\0\0", 5))) << "a move of 2";
}

}  // namespace
}  // namespace troupe::match
