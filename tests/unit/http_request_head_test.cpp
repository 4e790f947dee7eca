#include <gtest/gtest.h>

#include "net/http/request_head.hpp"

namespace troupe::http {
namespace {

namespace bhttp = boost::beast::http;

Header head(const std::string& target, const std::map<std::string, std::string>& fields = {}) {
  Header header;
  header.version(11);
  header.method(bhttp::verb::get);
  header.target(target);
  header.set(bhttp::field::host, "localhost");
  for (const auto& [name, value] : fields) header.insert(name, value);
  return header;
}

TEST(RequestHead, DecodesPathAndQuery) {
  const auto request = read_head(head("/a%20b/%C3%A9?x=1&y=a%26b&x=2&flag"), "127.0.0.1");
  ASSERT_TRUE(request.ok());
  EXPECT_EQ(request->path, "/a b/\xC3\xA9");
  EXPECT_EQ(request->query.count("x"), 2U);
  EXPECT_EQ(request->query_value("y"), "a&b");
  EXPECT_EQ(request->query_value("flag"), "");
  EXPECT_EQ(request->query_value("none"), std::nullopt);
}

TEST(RequestHead, RefusesWhatIsNoOriginForm) {
  for (const char* target : {"", "*", "a/b", "http://host/path", "/%zz", "/%2", "/a b", "/\x01"}) {
    const auto request = read_head(head(target), "");
    ASSERT_FALSE(request.ok()) << target;
    EXPECT_EQ(request.code(), ErrorCode::invalid_argument);
  }
  EXPECT_FALSE(read_head(head("/" + std::string(8192, 'a')), "").ok());
  EXPECT_TRUE(read_head(head("/" + std::string(8191, 'a')), "").ok());
}

TEST(RequestHead, HeaderNamesAreLowerCaseAndRepeatedOnesJoined) {
  auto header = head("/");
  header.insert("X-Thing", "1");
  header.insert("x-thing", "2");
  const auto request = read_head(header, "");
  ASSERT_TRUE(request.ok());
  EXPECT_EQ(request->header("x-thing"), "1, 2");
}

TEST(RequestHead, NeedsExactlyOneHost) {  // RFC 9112 section 3.2
  auto none = head("/");
  none.erase(bhttp::field::host);
  auto two = head("/");
  two.insert(bhttp::field::host, "elsewhere");
  auto old = none;
  old.version(10);
  EXPECT_FALSE(read_head(none, "").ok());
  EXPECT_FALSE(read_head(two, "").ok());
  EXPECT_TRUE(read_head(old, "").ok());
}

TEST(RequestHead, AHarmlessRequestIdIsKept) {
  EXPECT_EQ(read_head(head("/", {{"X-Request-Id", "client-1.a_B"}}), "")->request_id,
            "client-1.a_B");
}

TEST(RequestHead, AnyOtherRequestIdIsReplaced) {
  for (const std::string& id :
       {std::string("a b"), std::string("\"x\""), std::string(65, 'a'), std::string("é")}) {
    const auto given = read_head(head("/", {{"X-Request-Id", id}}), "")->request_id;
    EXPECT_NE(given, id);
    EXPECT_FALSE(given.empty());
  }
}

TEST(WebSocketHandshake, AcceptsWithTheValueOfRfc6455) {  // section 1.3
  EXPECT_EQ(websocket_accept("dGhlIHNhbXBsZSBub25jZQ=="), "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
}

Request upgrade(const std::map<std::string, std::string>& changed) {
  Request request;
  request.headers = {{"upgrade", "WebSocket"},
                     {"connection", "keep-alive, Upgrade"},
                     {"sec-websocket-version", "13"},
                     {"sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ=="}};
  for (const auto& [name, value] : changed) request.headers[name] = value;
  return request;
}

TEST(WebSocketHandshake, NeedsEachOfItsHeaders) {
  EXPECT_TRUE(check_upgrade(upgrade({})).ok());
  EXPECT_FALSE(check_upgrade(upgrade({{"upgrade", "h2c"}})).ok());
  EXPECT_FALSE(check_upgrade(upgrade({{"connection", "keep-alive"}})).ok());
  EXPECT_FALSE(check_upgrade(upgrade({{"sec-websocket-version", "8"}})).ok());
  EXPECT_FALSE(check_upgrade(upgrade({{"sec-websocket-key", "short"}})).ok());
}

const JwtKey kKey{JwtAlgorithm::hs256, std::string(32, 'k')};

std::string token(const std::string& scope) {
  return *sign_jwt(
      kKey, {.subject = "ann", .audience = "troupe", .scope = scope, .expires_s = 4'000'000'000});
}

TEST(Authentication, AnOpenRouteTakesNoTokenOrAValidOne) {
  Request bare, with_token, with_bad;
  with_token.headers["authorization"] = "Bearer " + token("a b");
  with_bad.headers["authorization"] = "Bearer nonsense";
  const RouteOptions open{.access = Access::open};
  EXPECT_TRUE(authenticate(bare, open, false, kKey, "troupe").ok());
  EXPECT_FALSE(bare.principal.has_value());
  ASSERT_TRUE(authenticate(with_token, open, false, kKey, "troupe").ok());
  EXPECT_EQ(with_token.principal->subject, "ann");
  EXPECT_EQ(with_token.principal->scopes, (std::vector<std::string>{"a", "b"}));
  EXPECT_EQ(authenticate(with_bad, open, false, kKey, "troupe").code(), ErrorCode::unauthenticated);
}

TEST(Authentication, AScopeMustBeHeldWhole) {
  Request request;
  request.headers["authorization"] = "bearer " + token("administrator");
  EXPECT_EQ(authenticate(request, {.scope = "admin"}, false, kKey, "troupe").code(),
            ErrorCode::forbidden);
  request.headers["authorization"] = "bearer " + token("x admin");
  EXPECT_TRUE(authenticate(request, {.scope = "admin"}, false, kKey, "troupe").ok());
}

TEST(Authentication, OnlyAWebSocketMayCarryTheTokenInItsQuery) {
  Request request;
  request.query.emplace("access_token", token(""));
  EXPECT_EQ(authenticate(request, {}, false, kKey, "troupe").code(), ErrorCode::unauthenticated);
  EXPECT_TRUE(authenticate(request, {}, true, kKey, "troupe").ok());
}

}  // namespace
}  // namespace troupe::http
