// Every registered game in a match of its own: played, logged, replayed, ended.
#include <condition_variable>
#include <map>
#include <mutex>
#include <random>
#include <thread>

#include "actors/match/replay.hpp"
#include "base/ids.hpp"
#include "game/registry.hpp"
#include "game/replica.hpp"
#include "tests/actor/match_domain.hpp"
#include "tests/support/game_bots.hpp"

namespace troupe::match {
namespace {

/// What the match sent, for clients to take.
struct Post final : Silence {
  void snapshot(SessionId session, const game::SnapshotHead& head,
                std::shared_ptr<const std::string> delta) override {
    const std::lock_guard lock(mutex);
    packets[session].push_back(game::write_head(head) + *delta);
  }
  void tables(SessionId, const game::PackedTables& made) override {
    const std::lock_guard lock(mutex);
    if (made.version > 0) ++told_tables;
  }
  void welcome(SessionId, const Welcome& place) override {
    const std::lock_guard lock(mutex);
    game = place.game;
  }
  void ended(SessionId, const std::vector<Placement>& placements) override {
    const std::lock_guard lock(mutex);
    result = placements;
  }

  std::mutex mutex;
  std::map<SessionId, std::vector<std::string>> packets;
  std::string game;
  std::vector<Placement> result;
  int told_tables = 0;
};

Post& post() {
  static Post instance;
  return instance;
}

/// A client without a network.
struct LocalPlayer {
  LocalPlayer(const game::Game& rules_in, SessionId session, std::string name)
      : rules(rules_in), reader(rules_in), client{session, std::move(name)} {}

  /// Takes what came, answers with a command of a bot.
  InputPtr turn(std::mt19937& random) {
    std::vector<std::string> came;
    {
      const std::lock_guard lock(post().mutex);
      came.swap(post().packets[client.session]);
    }
    for (const auto& packet : came) {
      if (reader.read(packet, 0) == game::ReplicaReader::Outcome::taken) ++taken;
    }
    if (reader.latest() == nullptr) return nullptr;
    auto input = std::make_shared<Input>();
    input->from = client;
    input->acked_tick = reader.to_acknowledge();
    input->epoch = reader.head().epoch;
    const auto command = test::bot_command(rules, reader.latest(), random);
    if (command && !came.empty()) input->commands = {{++sequence, *command}};
    return input;
  }

  const game::Game& rules;
  game::ReplicaReader reader;
  Client client;
  std::uint32_t sequence = 0;
  int taken = 0;
};

class MatchOfEveryGame : public MatchDomainTest,
                         public testing::WithParamInterface<const game::Game*> {
 protected:
  MatchOfEveryGame() : MatchDomainTest(post(), {.tick_hz = 1'000, .checkpoint_ticks = 50}) {
    const std::lock_guard lock(post().mutex);
    post().packets.clear();
    post().game.clear();
    post().result.clear();
    post().told_tables = 0;
  }
  template <class... Args>
  void tell(const std::string& id, Args... args) {
    entities_.tell(kMatchKind, id, caf::make_message(args...));
  }
  bool is_over() {
    const std::lock_guard lock(post().mutex);
    return !post().result.empty();
  }
};

TEST_P(MatchOfEveryGame, is_played_crashed_logged_ended_and_replayed) {
  const auto& rules = *GetParam();
  const auto id = make_id_string();
  MatchInfo wanted{.id = id, .game = std::string(rules.name()), .max_players = 2};
  wanted.rules.time_limit_ticks = 700;
  ASSERT_TRUE(ask(id, open_atom::value, wanted).ok());
  LocalPlayer ann(rules, 1, "ann"), bob(rules, 2, "bob");
  tell(id, enter_atom::value, ann.client);
  tell(id, enter_atom::value, bob.client);
  std::mt19937 random(7);

  const auto until = std::chrono::steady_clock::now() + 20s;
  bool crashed = false;
  while (!is_over() && std::chrono::steady_clock::now() < until) {
    if (!crashed && ann.taken > 60) {
      entities_.crash(kMatchKind, id);
      crashed = true;
    }
    for (auto* player : {&ann, &bob}) {
      if (auto input = player->turn(random)) tell(id, input_atom::value, std::move(input));
    }
    std::this_thread::sleep_for(1ms);
  }

  ASSERT_TRUE(is_over());
  EXPECT_EQ(post().game, rules.name());
  EXPECT_EQ(post().result.size(), 2U);
  EXPECT_TRUE(crashed);
  EXPECT_EQ(ann.reader.head().epoch, 2) << "it went on after the crash";
  EXPECT_FALSE(ann.reader.mismatch());
  const auto info = ask(id, info_atom::value);
  ASSERT_TRUE(info.ok());
  EXPECT_EQ((*info)->game, rules.name());
  entities_.shutdown(10s);
  writer_.flush();
  const auto end = replay(*store_, id, 700);
  ASSERT_TRUE(end.ok()) << end.error().detail;
  EXPECT_EQ(end->verified, (*info)->tick);
  EXPECT_EQ(rank(*end->at.state, end->at.places), post().result);
  EXPECT_EQ(end->at.game, &rules);
}

TEST_P(MatchOfEveryGame, tells_nobody_what_it_learned_where_there_are_secrets) {
  const auto& rules = *GetParam();
  const auto state = rules.begin({.seed = 1, .players = 2, .tick_hz = 30});
  if (rules.show_all(*state) != nullptr) return;
  const auto id = make_id_string();
  ASSERT_TRUE(ask(id, open_atom::value,
                  MatchInfo{.id = id, .game = std::string(rules.name()), .max_players = 2})
                  .ok());
  LocalPlayer ann(rules, 1, "ann"), bob(rules, 2, "bob");
  tell(id, enter_atom::value, ann.client);
  tell(id, enter_atom::value, bob.client);
  std::mt19937 random(8);
  while (!is_over() && ann.taken < 150) {
    for (auto* player : {&ann, &bob}) {
      if (auto input = player->turn(random)) tell(id, input_atom::value, std::move(input));
    }
    std::this_thread::sleep_for(1ms);
  }

  const std::lock_guard lock(post().mutex);
  EXPECT_EQ(post().told_tables, 0);
}

TEST_P(MatchOfEveryGame, takes_no_more_players_than_the_game_has) {
  const auto& rules = *GetParam();
  const auto refused = [this](MatchInfo wanted) {
    wanted.id = make_id_string();
    return !ask(wanted.id, open_atom::value, wanted).ok();
  };
  const std::string name(rules.name());

  EXPECT_TRUE(refused({.game = name, .max_players = rules.limits().most_players + 1}));
  EXPECT_TRUE(refused({.game = name, .max_players = rules.limits().least_players - 1}));
  EXPECT_TRUE(refused({.game = name + "?"}));
}

class MatchOfSea : public MatchOfEveryGame {};

// Without any limit of the match.
TEST_P(MatchOfSea, ends_when_the_game_says_so_and_who_won_is_first) {
  const auto id = make_id_string();
  ASSERT_TRUE(ask(id, open_atom::value, MatchInfo{.id = id, .game = "sea", .max_players = 2}).ok());
  LocalPlayer ann(*GetParam(), 1, "ann"), bob(*GetParam(), 2, "bob");
  tell(id, enter_atom::value, ann.client);
  tell(id, enter_atom::value, bob.client);
  std::mt19937 random(9);

  const auto until = std::chrono::steady_clock::now() + 20s;
  while (!is_over() && std::chrono::steady_clock::now() < until) {
    for (auto* player : {&ann, &bob}) {
      if (auto input = player->turn(random)) tell(id, input_atom::value, std::move(input));
    }
    if (bob.reader.latest() == nullptr) continue;
    if (game::sea::sight_of(*bob.reader.latest()).phase == game::sea::Phase::shooting) {
      auto input = std::make_shared<Input>();
      input->from = bob.client;
      input->commands = {
          {++bob.sequence, game::sea::pack({.kind = game::sea::Order::Kind::resign})}};
      tell(id, input_atom::value, InputPtr(std::move(input)));
    }
    std::this_thread::sleep_for(1ms);
  }

  const std::lock_guard lock(post().mutex);
  const std::vector<Placement> expected{{"ann", 1, 1}, {"bob", 2, 0}};
  EXPECT_EQ(post().result, expected);
}

INSTANTIATE_TEST_SUITE_P(Games, MatchOfSea, testing::Values(&game::sea::sea_game()),
                         [](const auto&) { return std::string("sea"); });
INSTANTIATE_TEST_SUITE_P(Games, MatchOfEveryGame,
                         testing::ValuesIn(game::games().begin(), game::games().end()),
                         [](const auto& param) { return std::string(param.param->name()); });

}  // namespace
}  // namespace troupe::match
