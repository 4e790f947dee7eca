#include "net/api/match_play.hpp"

#include <chrono>

#include <boost/asio/io_context.hpp>
#include <gtest/gtest.h>

#include "base/metrics.hpp"
#include "net/ws/session.hpp"
#include "schemas/game_generated.h"

namespace troupe::api {
namespace {

/// A client that does not care for the server's close.
class StubbornSocket final : public ws::Session {
 public:
  bool send(ws::Frame) override { return true; }
  std::size_t queued_bytes() const noexcept override { return 0; }
  void close(std::uint16_t code, std::string_view) override { closed_with = code; }
  void on_message(std::function<void(std::string_view, bool)> callback) override {
    say = std::move(callback);
  }
  void on_close(std::function<void()>) override {}
  void on_drained(std::function<void()>) override {}
  std::uint64_t id() const noexcept override { return 1; }
  void post(std::function<void()> task) override { task(); }
  const void* loop() const noexcept override { return this; }

  std::function<void(std::string_view, bool)> say;
  int closed_with = 0;
};

std::string hello(const std::string& token) {
  flatbuffers::FlatBufferBuilder builder(512);
  const auto said = fbs::CreateHello(builder, builder.CreateString(token), false);
  builder.Finish(fbs::CreateClientMessage(builder, fbs::ClientBody::Hello, said.Union()));
  return std::string(1, '\0') +
         std::string(reinterpret_cast<const char*>(builder.GetBufferPointer()), builder.GetSize());
}

TEST(MatchPlay, NobodyIsHeardAfterAGoodbyeWhateverTheSocketStillBrings) {
  Metrics metrics;
  boost::asio::io_context loop;
  int entered = 0;
  udp::DoorOptions options;
  options.token_key = {JwtAlgorithm::hs256, "an HS256 secret of at least 32 bytes"};
  options.on_enter = [&](const std::string&, const match::Client&) { ++entered; };
  options.on_leave = [](const std::string&, const match::Client&) {};
  options.on_input = [](const std::string&, match::InputPtr) {};
  const auto door = std::make_shared<udp::Door>(metrics, options);
  MatchPlay play(metrics, {.first_session = 7, .door = door, .loop = &loop});
  const auto now_s = std::chrono::duration_cast<std::chrono::seconds>(
                         std::chrono::system_clock::now().time_since_epoch())
                         .count();
  const auto token = *udp::sign_game_token(options.token_key, "eve", "m", now_s);
  const auto socket = std::make_shared<StubbornSocket>();
  play.accept(socket, "127.0.0.1", "m");
  socket->say(hello(token), false);
  ASSERT_EQ(entered, 1);

  play.goodbye(7, game::Goodbye::kicked);
  socket->say(hello(token), false);

  EXPECT_EQ(socket->closed_with, kGoodbyeCloses + static_cast<int>(game::Goodbye::kicked));
  EXPECT_EQ(entered, 1);
}

}  // namespace
}  // namespace troupe::api
