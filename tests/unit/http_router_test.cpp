#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "net/http/router.hpp"

namespace troupe::http {
namespace {

using testing::ElementsAre;
using testing::Pair;

Handler nothing() {
  return [](const Request&, const Responder&) {};
}

TEST(Router, FindsTheRouteByVerbAndPath) {
  Router router;
  router.add("GET", "/posts", nothing());
  router.add("POST", "/posts", nothing());
  const auto match = router.match("POST", "/posts");
  ASSERT_NE(match.route, nullptr);
  EXPECT_EQ(match.route->pattern, "/posts");
}

TEST(Router, GivesTheNamedParts) {
  Router router;
  router.add("GET", "/users/{id}/following/{other}", nothing());
  const auto match = router.match("GET", "/users/ann/following/bob");
  ASSERT_NE(match.route, nullptr);
  EXPECT_THAT(match.params, ElementsAre(Pair("id", "ann"), Pair("other", "bob")));
}

TEST(Router, APartMayEndInText) {
  Router router;
  router.add("GET", "/live/{id}.flv", nothing());
  const auto match = router.match("GET", "/live/a.b.flv");
  ASSERT_NE(match.route, nullptr);
  EXPECT_THAT(match.params, ElementsAre(Pair("id", "a.b")));
  EXPECT_EQ(router.match("GET", "/live/.flv").route, nullptr);
  EXPECT_EQ(router.match("GET", "/live/a.mp4").route, nullptr);
}

TEST(Router, AnEmptyPartIsNoParameter) {
  Router router;
  router.add("GET", "/users/{id}", nothing());
  EXPECT_EQ(router.match("GET", "/users/").route, nullptr);
  EXPECT_EQ(router.match("GET", "/users").route, nullptr);
  EXPECT_EQ(router.match("GET", "/users/ann/").route, nullptr);
}

TEST(Router, TheRestTakesAllThatFollows) {
  Router router;
  router.add("GET", "/media/{id}/{rest*}", nothing());
  EXPECT_THAT(router.match("GET", "/media/s1/a/b/c.m4s").params,
              ElementsAre(Pair("id", "s1"), Pair("rest", "a/b/c.m4s")));
  EXPECT_THAT(router.match("GET", "/media/s1/").params,
              ElementsAre(Pair("id", "s1"), Pair("rest", "")));
}

TEST(Router, TheFirstRouteThatFitsWins) {
  Router router;
  router.add("GET", "/live/health", nothing());
  router.add("GET", "/live/{id}", nothing());
  EXPECT_EQ(router.match("GET", "/live/health").route->pattern, "/live/health");
  EXPECT_EQ(router.match("GET", "/live/other").route->pattern, "/live/{id}");
}

TEST(Router, AnUnknownPathHasNoAllowedMethods) {
  Router router;
  router.add("GET", "/posts", nothing());
  const auto match = router.match("GET", "/nothing");
  EXPECT_EQ(match.route, nullptr);
  EXPECT_TRUE(match.allowed.empty());
}

TEST(Router, AWrongMethodNamesTheAllowedOnesOnceAndSorted) {
  Router router;
  router.add("PUT", "/posts/{id}", nothing());
  router.add("GET", "/posts/{id}", nothing());
  router.add_ws("/posts/{id}", [](const Request&, const std::shared_ptr<ws::Session>&) {});
  const auto match = router.match("DELETE", "/posts/1");
  EXPECT_EQ(match.route, nullptr);
  EXPECT_THAT(match.allowed, ElementsAre("GET", "PUT"));
}

TEST(Router, HeadIsServedByGet) {
  Router router;
  router.add("GET", "/posts", nothing());
  EXPECT_NE(router.match("HEAD", "/posts").route, nullptr);
}

TEST(Router, AWebSocketIsARouteOfItsOwn) {
  Router router;
  router.add_ws("/feed/ws", [](const Request&, const std::shared_ptr<ws::Session>&) {});
  EXPECT_EQ(router.match("GET", "/feed/ws").route, nullptr);
  const auto match = router.match("WEBSOCKET", "/feed/ws");
  ASSERT_NE(match.route, nullptr);
  EXPECT_TRUE(match.route->ws_handler);
}

}  // namespace
}  // namespace troupe::http
