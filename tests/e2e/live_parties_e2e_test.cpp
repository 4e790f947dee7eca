// A watch party over real sockets.
#include <boost/json.hpp>
#include <gtest/gtest.h>

#include "base/ids.hpp"
#include "sim/http_client.hpp"
#include "sim/ws_client.hpp"
#include "tests/support/live_server.hpp"

namespace troupe::test {
namespace {

using namespace std::chrono_literals;
namespace json = boost::json;

sim::WsClient join(LiveServer& server, const std::string& path) {
  return std::move(
      *sim::WsClient::connect("127.0.0.1", server.endpoint().http_port, path, std::string()));
}

/// Reads on until the party's message says so; false: not within 10 s.
bool told(sim::WsClient& member, const std::string& what) {
  const auto until = std::chrono::steady_clock::now() + 10s;
  while (std::chrono::steady_clock::now() < until) {
    const auto message = member.receive(500ms);
    if (!message.ok() && message.code() != ErrorCode::timeout) return false;
    if (message.ok() && message->text &&
        message->bytes.find(R"("type":"party")") != std::string::npos &&
        message->bytes.find(what) != std::string::npos)
      return true;
  }
  return false;
}

TEST(LivePartiesE2E, MembersHearOfTheSlowestAndOfWhoLeaves) {
  LiveServer server;
  const auto session = make_session(server.endpoint());
  const auto port = server.endpoint().http_port;
  const auto parties = "/api/v1/live/" + session.id + "/parties";
  sim::HttpClient bob("127.0.0.1", port, server.endpoint().token("bob", "")),
      nobody("127.0.0.1", port);
  EXPECT_EQ(nobody.post(parties, json::object())->status, 401);
  EXPECT_EQ(bob.post("/api/v1/live/" + make_id_string() + "/parties", json::object())->status, 404);
  const auto made = bob.post(parties, json::object());
  ASSERT_EQ(made->status, 201);
  const auto path = std::string(made->json().at("ws_path").as_string());
  auto first = join(server, path);
  {
    auto second = join(server, path);
    ASSERT_TRUE(told(first, "\"members\":2"));

    ASSERT_TRUE(first.send_text(R"({"type":"pace","epoch":5,"behind_ms":200})").ok());
    ASSERT_TRUE(second.send_text(R"({"type":"pace","epoch":5,"behind_ms":600})").ok());

    EXPECT_TRUE(told(first, "\"target_ms\":640"));
    EXPECT_TRUE(told(second, "\"target_ms\":640"));
  }
  EXPECT_TRUE(told(first, "\"members\":1"));
}

TEST(LivePartiesE2E, APartyThatDoesNotExistLetsNobodyIn) {
  LiveServer server;
  const auto session = make_session(server.endpoint());
  auto guest = join(server, "/live/" + session.id + "/ws?party=" + make_id_string());

  const auto until = std::chrono::steady_clock::now() + 10s;
  while (guest.close_code() == 0 && std::chrono::steady_clock::now() < until)
    static_cast<void>(guest.receive(500ms));

  EXPECT_EQ(guest.close_code(), 4004);
}

}  // namespace
}  // namespace troupe::test
