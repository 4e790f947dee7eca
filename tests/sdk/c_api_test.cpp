// The C API: two programs in C, linked with the shared library alone, play a match to its end.
#include <fstream>
#include <sstream>

#include <boost/json.hpp>
#include <gtest/gtest.h>

#include "sim/child_process.hpp"
#include "tests/support/server_process.hpp"

namespace troupe::test {
namespace {

namespace json = boost::json;

json::value said(const std::string& path) {
  std::ifstream in(path);
  std::stringstream text;
  text << in.rdbuf();
  return json::parse(text.str());
}

TEST(ClientCApi, TwoProgramsInCPlayAMatchToItsEnd) {
  ServerProcess server({"match.hide_behind_walls=false"});
  const auto made =
      server.client("host").post("/api/v1/matches", {{"max_players", 4}, {"time_limit_s", 4}});
  ASSERT_EQ(made->status, 201);
  const std::string match(made->json().at("id").as_string());
  TempDir directory;
  std::vector<sim::ChildProcess> players;
  for (const std::string name : {"ann", "bob"}) {
    const auto joined = server.client(name).request("POST", "/api/v1/matches/" + match + "/join");
    const auto ticket = joined->json();
    auto started =
        sim::ChildProcess::start({program("c_player"), std::string(ticket.at("host").as_string()),
                                  std::to_string(ticket.at("port").to_number<int>()),
                                  std::string(ticket.at("token").as_string())},
                                 {.stdout_path = directory / name, .stderr_path = "-"});
    ASSERT_TRUE(started.ok());
    players.push_back(std::move(*started));
  }

  for (auto& player : players) EXPECT_EQ(player.wait(std::chrono::seconds(40)), 0);

  for (const std::string name : {"ann", "bob"}) {
    const auto saw = said(directory / name);
    EXPECT_EQ(saw.at("game").as_string(), "arena");
    EXPECT_EQ(saw.at("goodbye").to_number<int>(), 9) << "the match is over";
    EXPECT_GT(saw.at("snapshots").to_number<int>(), 60);
    EXPECT_EQ(saw.at("others").to_number<int>(), 1);
    EXPECT_EQ(saw.at("moved").to_number<int>(), 1);
    EXPECT_EQ(saw.at("rows").to_number<int>(), 2);
    EXPECT_EQ(saw.at("mismatches").to_number<int>(), 0);
  }
}

TEST(ClientCApi, ATokenThatIsNoneEndsWithItsReason) {
  ServerProcess server;
  TempDir directory;
  auto started = sim::ChildProcess::start(
      {program("c_player"), "127.0.0.1", std::to_string(server.endpoint().game_port), "forged"},
      {.stdout_path = directory / "eve", .stderr_path = "-"});
  ASSERT_TRUE(started.ok());

  EXPECT_EQ(started->wait(std::chrono::seconds(40)), 0);

  EXPECT_EQ(said(directory / "eve").at("goodbye").to_number<int>(), 2);
}

}  // namespace
}  // namespace troupe::test
