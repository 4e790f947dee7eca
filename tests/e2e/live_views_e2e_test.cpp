// How many views an account may have at once, against a real server.
#include <boost/json.hpp>
#include <gtest/gtest.h>

#include "sim/http_client.hpp"
#include "tests/support/server_process.hpp"
#include "tests/support/ws_viewing.hpp"

namespace troupe::test {
namespace {

using namespace std::chrono_literals;
namespace json = boost::json;

class LiveViewsE2E : public ::testing::Test {
 protected:
  ServerProcess server{{"live.views_per_account=2"}};
  sim::HttpClient alice = server.client("alice");
  const std::string id = make("first");

  std::string make(const std::string& title) {
    return std::string(
        alice.post("/api/v1/live", json::object{{"title", title}})->json().at("id").as_string());
  }
  sim::WsClient join(const std::string& session, const std::string& view = {}) {
    const auto at = server.endpoint();
    return std::move(*sim::WsClient::connect(
        "127.0.0.1", at.http_port, "/live/" + session + "/ws?view=" + view, at.token("bob", "")));
  }
};

TEST_F(LiveViewsE2E, OneTooManyIsClosedAndADropMakesRoomAtOnce) {
  const auto other = make("second");
  auto first = join(id);
  EXPECT_EQ(fate(first), 0);
  {
    auto second = join(other);
    EXPECT_EQ(fate(second), 0);
    auto third = join(id);
    EXPECT_EQ(fate(third), 4003) << "forbidden, over all sessions";
  }  // dropped without a word

  EXPECT_TRUE(eventually([&] {
    auto again = join(id);
    return fate(again) == 0;
  }));
}

TEST_F(LiveViewsE2E, AReconnectTakesItsOwnPlaceAndClosesWhatItLost) {
  auto first = join(id, "sofa"), second = join(id, "desk");
  ASSERT_EQ(fate(first), 0);
  ASSERT_EQ(fate(second), 0);

  auto back = join(id, "sofa");

  EXPECT_EQ(fate(back), 0);
  EXPECT_EQ(close_code_of(first), 4005);
}

TEST_F(LiveViewsE2E, ASessionMayHaveItsOwnBoundThatOutlivesTheServer) {
  const auto path = "/api/v1/live/" + id;
  auto bob = server.client("bob");
  EXPECT_EQ(bob.request("PATCH", path, R"({"views_per_account":1})")->status, 403);
  EXPECT_EQ(alice.request("PATCH", path, R"({"views_per_account":1001})")->status, 400);
  EXPECT_EQ(alice.request("PATCH", path, R"({"title":"x"})")->status, 400);
  ASSERT_EQ(alice.request("PATCH", path, R"({"views_per_account":1})")->status, 200);

  server.kill();
  server.start();

  EXPECT_EQ(server.client("bob").get(path)->json().at("views_per_account"), 1);
  auto first = join(id);
  ASSERT_EQ(fate(first), 0);
  auto second = join(id);
  EXPECT_EQ(fate(second), 4003);
}

}  // namespace
}  // namespace troupe::test
