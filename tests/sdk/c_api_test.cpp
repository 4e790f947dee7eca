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

/// A program that plays with the ticket that `path` gives.
sim::ChildProcess start_player(const ServerProcess& server, const std::string& name,
                               const std::string& path, const std::string& out,
                               const std::string& mode = {}) {
  const auto ticket = server.client(name).request("POST", path)->json();
  std::vector<std::string> command{program("c_player"), std::string(ticket.at("host").as_string()),
                                   std::to_string(ticket.at("port").to_number<int>()),
                                   std::string(ticket.at("token").as_string())};
  if (!mode.empty()) command.push_back(mode);
  return std::move(
      sim::ChildProcess::start(command, {.stdout_path = out, .stderr_path = "-"}).value());
}

void expect_a_whole_match(const std::string& said_in) {
  const auto saw = said(said_in);
  EXPECT_EQ(saw.at("game").as_string(), "arena");
  EXPECT_EQ(saw.at("goodbye").to_number<int>(), 9) << "the match is over";
  EXPECT_GT(saw.at("snapshots").to_number<int>(), 40);
  EXPECT_EQ(saw.at("others").to_number<int>(), 1);
  EXPECT_EQ(saw.at("moved").to_number<int>(), 1);
  EXPECT_EQ(saw.at("rows").to_number<int>(), 2);
  EXPECT_EQ(saw.at("mismatches").to_number<int>(), 0);
}

TEST(ClientCApi, TwoProgramsInCPlayAMatchToItsEnd) {
  ServerProcess server({"match.hide_behind_walls=false"});
  const auto made =
      server.client("host").post("/api/v1/matches", {{"max_players", 4}, {"time_limit_s", 4}});
  ASSERT_EQ(made->status, 201);
  const auto path = "/api/v1/matches/" + std::string(made->json().at("id").as_string()) + "/join";
  TempDir directory;
  auto ann = start_player(server, "ann", path, directory / "ann");
  auto bob = start_player(server, "bob", path, directory / "bob");

  EXPECT_EQ(ann.wait(std::chrono::seconds(40)), 0);
  EXPECT_EQ(bob.wait(std::chrono::seconds(40)), 0);

  expect_a_whole_match(directory / "ann");
  expect_a_whole_match(directory / "bob");
}

TEST(ClientCApi, TwoProgramsInCFindAMatchInTheLobbyAndPlayIt) {
  ServerProcess server(
      {"match.hide_behind_walls=false", "matchmaking.every_ms=20", "match.time_limit_s=3"});
  const std::string path = "/api/v1/matchmaking/queue/token";
  TempDir directory;
  auto ann = start_player(server, "ann", path, directory / "ann", "duel");
  auto bob = start_player(server, "bob", path, directory / "bob", "duel");

  EXPECT_EQ(ann.wait(std::chrono::seconds(40)), 0);
  EXPECT_EQ(bob.wait(std::chrono::seconds(40)), 0);

  expect_a_whole_match(directory / "ann");
  expect_a_whole_match(directory / "bob");
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
