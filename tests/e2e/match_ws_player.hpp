// A player over WebSocket for tests: the game protocol by hand, without the SDK.
#pragma once

#include <chrono>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "game/arena/command.hpp"
#include "game/replica.hpp"
#include "schemas/game_generated.h"
#include "sim/ws_client.hpp"
#include "tests/e2e/match_players.hpp"

namespace troupe::test {

inline std::string play_path(const std::string& match) {
  return "/api/v1/matches/" + match + "/play";
}

inline std::string ws_hello(const std::string& token) {
  flatbuffers::FlatBufferBuilder builder(512);
  const auto hello = fbs::CreateHello(builder, builder.CreateString(token), false);
  builder.Finish(fbs::CreateClientMessage(builder, fbs::ClientBody::Hello, hello.Union()));
  return std::string(1, '\0') +
         std::string(reinterpret_cast<const char*>(builder.GetBufferPointer()), builder.GetSize());
}

class WsPlayer {
 public:
  WsPlayer(const ServerProcess& server, const std::string& match, const std::string& token)
      : socket_(std::move(
            sim::WsClient::connect("127.0.0.1", server.endpoint().http_port, play_path(match))
                .value())) {
    EXPECT_TRUE(socket_.send_binary(ws_hello(token)).ok());
  }

  /// Takes what has come; waits at most `wait` for the first of it.
  void service(std::chrono::milliseconds wait = std::chrono::milliseconds(1)) {
    while (!closed_) {
      const auto message = socket_.receive(wait);
      wait = std::chrono::milliseconds(1);
      if (!message.ok()) {
        closed_ = message.code() == ErrorCode::io;
        return;
      }
      EXPECT_FALSE(message->text);
      on_message(message->bytes);
    }
  }

  void send(const game::Command& command) {
    if (slot_ < 0 || closed_) return;
    const auto packed = game::pack_command(command);
    flatbuffers::FlatBufferBuilder builder(256);
    const auto bytes = builder.CreateVector(packed.bytes.data(), packed.size);
    const auto wrong = replica_.mismatch().value_or(game::ReplicaReader::Mismatch{});
    const auto body = fbs::CreateCommands(builder, replica_.to_acknowledge(), replica_.head().epoch,
                                          ++sequence_, packed.size, bytes, wrong.tick, wrong.hash,
                                          replica_.tables_to_acknowledge());
    builder.Finish(fbs::CreateClientMessage(builder, fbs::ClientBody::Commands, body.Union()));
    (void)socket_.send_binary(
        std::string(1, '\1') +
        std::string(reinterpret_cast<const char*>(builder.GetBufferPointer()), builder.GetSize()));
  }

  [[nodiscard]] const game::ReplicaReader& replica() const noexcept { return replica_; }
  [[nodiscard]] int slot() const noexcept { return slot_; }
  [[nodiscard]] std::uint64_t snapshots() const noexcept { return snapshots_; }
  [[nodiscard]] std::uint64_t mismatches() const noexcept { return mismatches_; }
  [[nodiscard]] bool closed() const noexcept { return closed_; }
  [[nodiscard]] std::size_t placements() const noexcept { return placements_; }
  [[nodiscard]] sim::WsClient& socket() noexcept { return socket_; }

 private:
  void on_message(const std::string& payload) {
    ASSERT_FALSE(payload.empty());
    const auto channel = payload[0];
    const auto bytes = payload.substr(1);  // a copy, for its alignment
    if (channel == game::kUnreliableChannel) {
      const auto outcome = replica_.read(bytes, sequence_);
      if (outcome == game::ReplicaReader::Outcome::taken) ++snapshots_;
      if (outcome == game::ReplicaReader::Outcome::mismatch) ++mismatches_;
      return;
    }
    const auto* data = reinterpret_cast<const std::uint8_t*>(bytes.data());
    flatbuffers::Verifier verifier(data, bytes.size());
    ASSERT_TRUE(verifier.VerifyBuffer<fbs::ServerMessage>(nullptr));
    const auto* message = flatbuffers::GetRoot<fbs::ServerMessage>(data);
    if (const auto* welcome = message->body_as_Welcome()) slot_ = welcome->slot();
    if (const auto* ended = message->body_as_MatchEnded())
      placements_ = ended->placements()->size();
    if (const auto* tables = message->body_as_Tables()) {
      replica_.take_tables({tables->epoch(), tables->version(),
                            std::string(tables->bytes()->begin(), tables->bytes()->end()),
                            tables->checksum()});
    }
  }

  sim::WsClient socket_;
  game::ReplicaReader replica_{game::arena_game()};
  int slot_ = -1;
  std::uint32_t sequence_ = 0;
  std::uint64_t snapshots_ = 0, mismatches_ = 0;
  std::size_t placements_ = 0;
  bool closed_ = false;
};

}  // namespace troupe::test
