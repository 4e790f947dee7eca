// WebSockets over real sockets. The handshake is that of RFC 6455 section 1.3.
#include <mutex>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "net/ws/frame.hpp"
#include "net/ws/session.hpp"
#include "sim/ws_client.hpp"
#include "tests/support/http_fixture.hpp"
#include "tests/support/server_process.hpp"

namespace troupe::test {
namespace {

using namespace std::chrono_literals;
using namespace std::string_literals;
using testing::HasSubstr;
using testing::StartsWith;

constexpr std::string_view kHandshake =
    "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n";

/// /ws echoes; "bye" closes with 4004.
void mount(http::Router& router) {
  router.add_ws(
      "/ws",
      [](const http::Request&, const std::shared_ptr<ws::Session>& session) {
        session->on_message([weak = std::weak_ptr(session)](std::string_view bytes, bool is_text) {
          const auto self = weak.lock();
          if (!self) return;
          if (bytes == "bye") return self->close(4004, "gone");
          self->send(is_text ? ws::text_frame(bytes) : ws::binary_frame(bytes));
        });
      },
      {.access = http::Access::open});
  router.add_ws("/private",
                [](const http::Request& request, const std::shared_ptr<ws::Session>& session) {
                  session->send(ws::text_frame(request.principal->subject));
                });
}

RawSocket open(const HttpFixture& server) {
  RawSocket socket(server.port());
  socket.send(get("/ws", kHandshake));
  EXPECT_THAT(socket.until("\r\n\r\n"),
              AllOf(StartsWith("HTTP/1.1 101 "), HasSubstr("s3pPLMBiTxaQ9kYGzzhZRbK+xOo=")));
  socket.read(socket.seen().find("\r\n\r\n") + 4);
  return socket;
}

/// A client's frame with an all-zero mask, which leaves the payload as it is.
std::string client_frame(ws::Opcode opcode, std::string_view payload) {
  auto frame = ws::encode_frame(opcode, payload);
  frame[1] = static_cast<char>(static_cast<unsigned char>(frame[1]) | 0x80U);
  frame.insert(frame.size() - payload.size(), 4, '\0');
  return frame;
}

TEST(WebSocket, EchoesTextAndBinary) {
  const HttpFixture server(mount);
  auto client = std::move(*sim::WsClient::connect("127.0.0.1", server.port(), "/ws"));
  ASSERT_TRUE(client.send_text("grüße").ok());
  const auto text = client.receive(10s);
  ASSERT_TRUE(text.ok());
  EXPECT_TRUE(text->text);
  EXPECT_EQ(text->bytes, "grüße");
  const auto big = std::string(60'000, '\xff');
  ASSERT_TRUE(client.send_binary(big).ok());
  const auto binary = client.receive(10s);
  ASSERT_TRUE(binary.ok());
  EXPECT_FALSE(binary->text);
  EXPECT_EQ(binary->bytes, big);
}

TEST(WebSocket, FramesBehindTheHandshakeAreNotLost) {
  const HttpFixture server(mount);
  RawSocket socket(server.port());
  socket.send(get("/ws", kHandshake) + client_frame(ws::Opcode::text, "early"));
  EXPECT_THAT(socket.until("early"), HasSubstr(ws::encode_frame(ws::Opcode::text, "early")));
}

TEST(WebSocket, APingIsAnsweredWithItsPayload) {
  const HttpFixture server(mount);
  auto socket = open(server);
  socket.send(client_frame(ws::Opcode::ping, "are you there"));
  const auto pong = ws::encode_frame(ws::Opcode::pong, "are you there");
  EXPECT_EQ(socket.read(pong.size()), pong);
}

TEST(WebSocket, ACloseIsAnsweredWithItsCode) {
  const HttpFixture server(mount);
  auto socket = open(server);
  socket.send(client_frame(ws::Opcode::close, ws::close_payload(4321, "")));
  EXPECT_EQ(socket.read(4), "\x88\x02\x10\xe1"s);
  EXPECT_TRUE(socket.closed());
}

TEST(WebSocket, TheServerSaysWhyItCloses) {
  const HttpFixture server(mount);
  auto client = std::move(*sim::WsClient::connect("127.0.0.1", server.port(), "/ws"));
  ASSERT_TRUE(client.send_text("bye").ok());
  EXPECT_EQ(client.receive(10s).code(), ErrorCode::io);
  EXPECT_EQ(client.close_code(), 4004);
}

TEST(WebSocket, EachSinHasItsCode) {
  const HttpFixture server(mount,
                           [](http::ServerOptions& o) { o.ws_limits.max_message_bytes = 1'000; });
  const std::vector<std::pair<std::string, unsigned>> sins{
      {client_frame(ws::Opcode::binary, std::string(1'001, 'x')), 1009},
      {client_frame(ws::Opcode::text, "\xff"), 1007},
      {client_frame(static_cast<ws::Opcode>(3), ""), 1002},
      {ws::encode_frame(ws::Opcode::text, "not masked"), 1002},
  };
  for (const auto& [bytes, code] : sins) {
    auto socket = open(server);
    socket.send(bytes);
    EXPECT_EQ(socket.read(4), std::string({'\x88', '\x02', static_cast<char>(code >> 8),
                                           static_cast<char>(code & 0xff)}))
        << code;
  }
}

TEST(WebSocket, APeerThatDoesNotAnswerPingsIsCut) {
  const HttpFixture server(mount,
                           [](http::ServerOptions& o) { o.ws_limits.ping_interval_ms = 30; });
  auto socket = open(server);
  EXPECT_TRUE(socket.closed());
  EXPECT_THAT(socket.seen(), StartsWith(ws::encode_frame(ws::Opcode::ping, "")));
}

TEST(WebSocket, APeerThatDoesNotCloseIsCut) {
  const HttpFixture server(mount,
                           [](http::ServerOptions& o) { o.ws_limits.ping_interval_ms = 20'000; });
  auto socket = open(server);
  socket.send(client_frame(ws::Opcode::text, "bye"));
  EXPECT_TRUE(socket.closed()) << "the sending side is shut right after the close frame";
  EXPECT_THAT(socket.seen(), HasSubstr("gone"));
}

TEST(WebSocket, DrainSays1001) {
  HttpFixture server(mount);
  auto socket = open(server);
  std::jthread drain([&] { server.server().drain(10s); });
  EXPECT_EQ(socket.read(4).substr(2), "\x03\xe9"s);
  { const RawSocket gone = std::move(socket); }
  drain.join();
}

TEST(WebSocket, AHandshakeThatIsNoneIsRefused) {
  const HttpFixture server(mount);
  const auto reply = [&](std::string_view target, std::string_view headers) {
    RawSocket socket(server.port());
    socket.send(get(target, std::string(headers) + "X: y\r\n"));
    return socket.until("}");
  };
  EXPECT_THAT(reply("/ws", ""),
              AllOf(StartsWith("HTTP/1.1 400 "), HasSubstr("Upgrade: websocket")));
  EXPECT_THAT(reply("/ws",
                    "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Key: "
                    "x\r\nSec-WebSocket-Version: 13\r\n"),
              StartsWith("HTTP/1.1 400 "));
  EXPECT_THAT(reply("/private", kHandshake), StartsWith("HTTP/1.1 401 "));
  EXPECT_THAT(reply("/nothing", kHandshake), StartsWith("HTTP/1.1 404 "));
}

TEST(WebSocket, TheTokenMayStandInTheQuery) {
  const HttpFixture server(mount);
  auto client = sim::WsClient::connect("127.0.0.1", server.port(),
                                       "/private?access_token=" + HttpFixture::token("ann"));
  ASSERT_TRUE(client.ok());
  EXPECT_EQ(client->receive(10s)->bytes, "ann");
}

}  // namespace
}  // namespace troupe::test
