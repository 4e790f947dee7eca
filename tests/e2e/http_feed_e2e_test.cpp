// Bodies that are still being made, over real sockets.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "net/http/body_feed.hpp"
#include "tests/support/http_fixture.hpp"

namespace troupe::test {
namespace {

using http::Access;
using http::Request;
using http::Responder;
using testing::EndsWith;
using testing::HasSubstr;
using testing::Not;

/// A server whose GET /made answers with `feed`.
HttpFixture feeding_server(const std::shared_ptr<http::BodyFeed>& feed) {
  return HttpFixture([feed](http::Router& router) {
    router.add("GET", "/made",
               [feed](const Request&, const Responder& out) {
                 http::Response response;
                 response.feed = feed;
                 out.send(std::move(response));
               },
               {.access = Access::open});
  });
}

http::BodyFeed::Bytes piece(const std::string& text) {
  return std::make_shared<const std::string>(text);
}

TEST(HttpFeed, ABodyThatIsBeingMadeGoesOutInChunks) {
  const auto feed = std::make_shared<http::BodyFeed>();
  const auto server = feeding_server(feed);
  RawSocket socket(server.port());
  socket.send(get("/made", "Connection: close\r\n"));

  feed->push(piece("one"));
  EXPECT_THAT(socket.until("one"), HasSubstr("Transfer-Encoding: chunked\r\n"));
  feed->push(piece("twelve"));
  feed->end();

  EXPECT_TRUE(socket.closed());
  EXPECT_THAT(socket.seen(), EndsWith("\r\n\r\n3\r\none\r\n6\r\ntwelve\r\n0\r\n\r\n"));
}

// RFC 9112, section 6.1: such a client does not know the transfer coding.
TEST(HttpFeed, ToAClientOfHttp10ABodyThatIsBeingMadeEndsWithTheConnection) {
  const auto feed = std::make_shared<http::BodyFeed>();
  const auto server = feeding_server(feed);
  RawSocket socket(server.port());
  socket.send("GET /made HTTP/1.0\r\nHost: x\r\nConnection: keep-alive\r\n\r\n");

  feed->push(piece("one"));
  EXPECT_THAT(socket.until("one"),
              AllOf(HasSubstr("Connection: close\r\n"), Not(HasSubstr("Transfer-Encoding"))));
  feed->push(piece("twelve"));
  feed->end();

  EXPECT_TRUE(socket.closed());
  EXPECT_THAT(socket.seen(), EndsWith("\r\n\r\nonetwelve"));
  EXPECT_FALSE(socket.was_reset());
}

TEST(HttpFeed, ToAClientOfHttp10ABodyThatIsBrokenOffDoesNotLookWhole) {
  const auto feed = std::make_shared<http::BodyFeed>();
  const auto server = feeding_server(feed);
  RawSocket socket(server.port());
  socket.send("GET /made HTTP/1.0\r\nHost: x\r\n\r\n");
  feed->push(piece("one"));
  socket.until("one");

  feed->break_off();

  EXPECT_TRUE(socket.closed());
  EXPECT_TRUE(socket.was_reset());
}

}  // namespace
}  // namespace troupe::test
