// HTTP and WebSockets over TLS: the same server, the same answers.
#include <cstdlib>

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/ssl.hpp>
#include <boost/asio/write.hpp>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "net/http/body_feed.hpp"
#include "net/http/message.hpp"
#include "net/http/router.hpp"
#include "net/ws/frame.hpp"
#include "net/ws/session.hpp"
#include "tests/support/certificate.hpp"
#include "tests/support/http_fixture.hpp"

namespace troupe::test {
namespace {

using namespace std::chrono_literals;
namespace asio = boost::asio;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

constexpr std::size_t kFloodFrame = 1U << 20;

/// More than half of what may wait, and a close that gives it up.
void flood(ws::Session& session) {
  for (char c = 'a'; c < 'h'; ++c) session.send(ws::binary_frame(std::string(kFloodFrame, c)));
  session.close(4004, "flooded");
}

/// GET /hello answers, /made while its body is being made; /ws sends back what it gets, "bye"
/// closes with 4004, "flood" after a flood.
void mount(http::Router& router) {
  router.add("GET", "/hello",
             [](const http::Request&, const http::Responder& out) {
               out.send(http::json_response(200, {{"hello", "you"}}));
             },
             {.access = http::Access::open});
  router.add("GET", "/made",
             [](const http::Request&, const http::Responder& out) {
               http::Response response;
               response.feed = std::make_shared<http::BodyFeed>();
               response.feed->push(std::make_shared<const std::string>("made"));
               response.feed->end();
               out.send(std::move(response));
             },
             {.access = http::Access::open});
  router.add_ws(
      "/ws",
      [](const http::Request&, const std::shared_ptr<ws::Session>& session) {
        session->on_message([weak = std::weak_ptr(session)](std::string_view bytes, bool) {
          const auto self = weak.lock();
          if (!self) return;
          if (bytes == "bye") return self->close(4004, "gone");
          if (bytes == "flood") return flood(*self);
          self->send(ws::binary_frame(bytes));
        });
      },
      {.access = http::Access::open});
}

struct TlsTest : testing::Test {
  Certificate certificate;
  HttpFixture server{mount, [this](http::ServerOptions& o) {
                       o.tls_certificate = certificate.file;
                       o.tls_key = certificate.key;
                     }};
};

/// A client that trusts `certificate` alone.
class TlsSocket {
 public:
  TlsSocket(const Certificate& certificate, std::uint16_t port) {
    context_.load_verify_file(certificate.file);
    stream_.set_verify_mode(asio::ssl::verify_peer);
    stream_.next_layer().connect({asio::ip::address_v4::loopback(), port});
    stream_.handshake(asio::ssl::stream_base::client);
  }

  void send(std::string_view bytes) { asio::write(stream_, asio::buffer(bytes)); }
  /// Reads `size` bytes, or all until the end when there are fewer.
  std::string read(std::size_t size) {
    std::string bytes(size, '\0');
    bytes.resize(asio::read(stream_, asio::buffer(bytes), end_));
    return bytes;
  }
  /// Whether the server said that nothing follows.
  [[nodiscard]] bool ended_well() const { return end_ == asio::error::eof; }
  std::string until_blank_line() {
    std::string head;
    while (!head.ends_with("\r\n\r\n")) {
      const auto byte = read(1);
      if (byte.empty()) break;
      head += byte;
    }
    return head;
  }

 private:
  asio::io_context io_;
  asio::ssl::context context_{asio::ssl::context::tls_client};
  asio::ssl::stream<asio::ip::tcp::socket> stream_{io_, context_};
  boost::system::error_code end_;
};

/// A client's frame with an all-zero mask, which leaves the payload as it is.
std::string client_frame(ws::Opcode opcode, std::string_view payload) {
  auto frame = ws::encode_frame(opcode, payload);
  frame[1] = static_cast<char>(static_cast<unsigned char>(frame[1]) | 0x80U);
  frame.insert(frame.size() - payload.size(), 4, '\0');
  return frame;
}

TEST_F(TlsTest, RequestsAreAnswered) {
  TlsSocket socket(certificate, server.port());
  socket.send(get("/hello", "Connection: close\r\n"));
  EXPECT_THAT(socket.read(64U << 10), HasSubstr(R"({"hello":"you"})"));
}

TEST_F(TlsTest, ABodyThatEndsWithTheConnectionIsToldToEnd) {
  TlsSocket socket(certificate, server.port());
  socket.send("GET /made HTTP/1.0\r\nHost: x\r\n\r\n");
  EXPECT_THAT(socket.read(64U << 10), testing::EndsWith("\r\n\r\nmade"));
  EXPECT_TRUE(socket.ended_well());
}

TEST_F(TlsTest, PlainHttpOnTheTlsPortIsNotAnswered) {
  RawSocket socket(server.port());
  socket.send(get("/hello", "Connection: close\r\n"));
  EXPECT_TRUE(socket.closed());
  EXPECT_THAT(socket.seen(), Not(HasSubstr("200 OK")));
}

TEST_F(TlsTest, AWebSocketCarriesManyLargeMessagesInOrder) {
  TlsSocket socket(certificate, server.port());
  socket.send(get("/ws",
                  "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
                  "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"));
  ASSERT_THAT(socket.until_blank_line(), StartsWith("HTTP/1.1 101 "));

  std::string expected, sent;
  for (int i = 0; i < 20; ++i) {
    const std::string payload(1'000 * (1 + i % 40), static_cast<char>('a' + i));
    sent += client_frame(ws::Opcode::binary, payload);
    expected += ws::encode_frame(ws::Opcode::binary, payload);
  }
  socket.send(sent);

  EXPECT_EQ(socket.read(expected.size()), expected);
}

// A write of TLS is under way over several turns of the loop: it reads frames that are given up.
TEST_F(TlsTest, FramesThatAreGivenUpDoNotSpoilThoseUnderWay) {
  TlsSocket socket(certificate, server.port());
  socket.send(get("/ws",
                  "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
                  "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"));
  ASSERT_THAT(socket.until_blank_line(), StartsWith("HTTP/1.1 101 "));

  socket.send(client_frame(ws::Opcode::text, "flood"));

  const auto frame_bytes =
      ws::encode_frame(ws::Opcode::binary, std::string(kFloodFrame, 'a')).size();
  const auto text = socket.read(8 * frame_bytes);
  const std::string last(
      "\x88\x09\x0f\xa4"
      "flooded");
  ASSERT_TRUE(text.ends_with(last)) << text.size();
  ASSERT_EQ((text.size() - last.size()) % frame_bytes, 0U) << "whole frames";
  for (std::size_t i = 0; i < text.size() / frame_bytes; ++i)
    EXPECT_EQ(
        text.substr(i * frame_bytes, frame_bytes),
        ws::encode_frame(ws::Opcode::binary, std::string(kFloodFrame, static_cast<char>('a' + i))));
}

TEST_F(TlsTest, AWebSocketIsClosedWithItsReason) {
  TlsSocket socket(certificate, server.port());
  socket.send(get("/ws",
                  "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
                  "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"));
  ASSERT_THAT(socket.until_blank_line(), StartsWith("HTTP/1.1 101 "));

  socket.send(client_frame(ws::Opcode::text, "bye"));

  EXPECT_EQ(socket.read(1'000), std::string("\x88\x06\x0f\xa4gone"));
}

}  // namespace
}  // namespace troupe::test
