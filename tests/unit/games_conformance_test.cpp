// What every registered game must do, whatever it is about.
#include <map>
#include <random>

#include <boost/json.hpp>
#include <gtest/gtest.h>

#include "game/registry.hpp"
#include "game/replica.hpp"
#include "tests/support/game_bots.hpp"

namespace troupe::game {
namespace {

using test::bot_commands;
using test::Random;
using test::shown_to;

class EveryGame : public testing::TestWithParam<const Game*> {
 protected:
  [[nodiscard]] const Game& game() const { return *GetParam(); }
  [[nodiscard]] int players() const { return std::min(6, game().limits().most_players); }

  /// With everybody in it.
  [[nodiscard]] StateValue begin(std::uint64_t seed) const {
    StateValue out = game().begin({.seed = seed, .players = players(), .tick_hz = 30});
    for (int slot = 0; slot < players(); ++slot) out->enter(slot);
    return out;
  }
  [[nodiscard]] StateValue decoded(std::string_view bytes) const {
    return game().decode_state(bytes);
  }

  void play(State& state, int ticks, Random& random) const {
    for (int i = 0; i < ticks; ++i) state.step(bot_commands(game(), state, random));
  }
};

TEST_P(EveryGame, IsFoundByItsName) {
  EXPECT_EQ(find_game(game().name()), &game());
  EXPECT_GE(game().limits().least_players, 1);
  EXPECT_LE(game().limits().most_players, kMaxPlayers);
}

TEST_P(EveryGame, PlaysTheSameTwice) {
  for (unsigned seed = 1; seed <= 3; ++seed) {
    SCOPED_TRACE(seed);
    auto one = begin(seed), two = begin(seed);
    Random random(seed);
    for (int tick = 0; tick < 600; ++tick) {
      const auto commands = bot_commands(game(), *one, random);
      one->step(commands);
      two->step(commands);
      ASSERT_EQ(one->hash(), two->hash()) << "tick " << tick;
      ASSERT_EQ(one->tick(), static_cast<std::uint32_t>(tick + 1));
    }
  }
}

TEST_P(EveryGame, GoesOnFromItsBytesAsItWouldHave) {
  auto played = begin(5);
  Random random(5);
  for (int i = 0; i < 40; ++i) {
    play(*played, 15, random);
    auto restored = decoded(played->encode());
    ASSERT_TRUE(restored);
    ASSERT_EQ(restored->hash(), played->hash());
    ASSERT_EQ(restored->tick(), played->tick());
    for (int tick = 0; tick < 5; ++tick) {
      const auto commands = bot_commands(game(), *played, random);
      played->step(commands);
      restored->step(commands);
    }
    ASSERT_EQ(restored->hash(), played->hash());
    ASSERT_EQ(restored->encode(), played->encode());
  }
}

TEST_P(EveryGame, CopiesAreOnTheirOwn) {
  auto one = begin(6);
  Random random(6);
  play(*one, 50, random);
  const StateValue two = one;
  const auto hash = two->hash();

  play(*one, 1, random);

  EXPECT_EQ(two->hash(), hash);
  EXPECT_NE(one->hash(), hash);
}

TEST_P(EveryGame, PlacesAreTakenGivenUpAndScored) {
  StateValue state = game().begin({.seed = 1, .players = players(), .tick_hz = 30});
  for (int slot = 0; slot < kMaxPlayers; ++slot) EXPECT_FALSE(state->taken(slot));
  state->enter(0);
  EXPECT_TRUE(state->taken(0));
  EXPECT_EQ(state->score(0), 0);
  EXPECT_FALSE(state->over());
  state->leave(0);
  EXPECT_FALSE(state->taken(0));
}

// Loss, delays and tables that change: what is taken is what was sent.
TEST_P(EveryGame, IsReplicatedOverABadNetwork) {
  for (unsigned seed = 1; seed <= 4; ++seed) {
    SCOPED_TRACE(seed);
    Random random(seed);
    auto state = begin(seed);
    const int slot = static_cast<int>(seed) % players();
    TablesAuthor tables(game(), 1);
    ReplicaSender sender;
    ReplicaReader reader(game());
    const auto lens = game().lens({});
    std::size_t taken = 0;
    for (std::uint32_t tick = 1; tick <= 500; ++tick) {
      state->step(bot_commands(game(), *state, random));
      const auto all = game().show_all(*state);
      const auto view = all && game().open_to_all(*all, {})
                            ? all
                            : lens->select(*state, all, slot, sender.last(), sender.baseline());
      Encodings encodings(tables);
      const auto packet = sender.send(view, encodings);
      if (packet.baseline && tick % 4 == 0) tables.learn(*packet.baseline, *view);
      SnapshotHead head{.tick = tick, .checksum = checksum(game(), *view), .epoch = 1};
      packet.describe(head);
      if (random() % 5 == 0) continue;  // lost
      ASSERT_EQ(reader.read(write_head(head) + *packet.bytes, 0), ReplicaReader::Outcome::taken);
      ++taken;
      ASSERT_EQ(game().hash(*reader.latest()), game().hash(*view));
      ASSERT_EQ(game().frame(*reader.latest()), game().frame(*view));
      if (random() % 3 != 0)
        sender.acknowledge(reader.to_acknowledge(), reader.tables_to_acknowledge());
      if (tick % 30 == 0) reader.take_tables(tables.newest());
    }
    EXPECT_GT(taken, 350U);
  }
}

TEST_P(EveryGame, TakesNoCommandsButItsOwnAndPlaysAllOfThose) {
  Random random(7);
  auto state = begin(7);
  std::map<std::size_t, int> taken;
  for (int i = 0; i < 60'000; ++i) {
    std::string bytes(random() % (PackedCommand::kMaxBytes + 1), '\0');
    for (auto& byte : bytes) byte = static_cast<char>(random() % (i % 2 == 0 ? 256 : 16));
    const auto command = game().verify(bytes);
    if (!command) continue;
    ++taken[bytes.size()];
    ASSERT_EQ(game().verify(command->view()), command) << "what was verified stays as it is";
    auto stamped = *command;
    game().stamp(stamped, random());
    ASSERT_EQ(game().verify(stamped.view()), stamped);
    Commands commands{};
    commands[static_cast<std::size_t>(i) % static_cast<std::size_t>(players())] = command;
    state->step(commands);
  }
  EXPECT_FALSE(taken.empty());
  EXPECT_TRUE(decoded(state->encode()));
}

TEST_P(EveryGame, DamagedStatesAreRefusedOrCanBePlayed) {
  auto state = begin(8);
  Random random(8);
  int accepted = 0;
  for (int i = 0; i < 3'000; ++i) {
    if (i % 100 == 0 && !state->over()) play(*state, 5, random);
    auto bytes = state->encode();
    for (auto flips = 1 + random() % 3; flips > 0; --flips)
      bytes[random() % bytes.size()] ^= static_cast<char>(1U << random() % 8);
    if (random() % 4 == 0) bytes.resize(random() % bytes.size());
    auto read = decoded(bytes);
    if (!read) continue;
    ++accepted;
    ASSERT_TRUE(decoded(read->encode()));
    for (int tick = 0; tick < 3; ++tick) read->step(bot_commands(game(), *read, random));
    ASSERT_TRUE(decoded(read->encode())) << "what follows from it is allowed as well";
  }
  EXPECT_GT(accepted, 0);
}

TEST_P(EveryGame, DamagedDeltasAreRefusedOrAreViews) {
  auto state = begin(9);
  Random random(9);
  play(*state, 100, random);
  const auto before = shown_to(game(), *state, 0);
  for (int i = 0; i < 4'000; ++i) {
    if (i % 200 == 0) play(*state, 1, random);
    const auto now = shown_to(game(), *state, 0);
    const bool absolute = random() % 2 == 0 || now->tick == before->tick;
    auto writing = game().model();
    auto bytes = game().encode(*writing, absolute ? nullptr : before.get(), *now);
    for (auto flips = 1 + random() % 3; flips > 0 && !bytes.empty(); --flips)
      bytes[random() % bytes.size()] ^= static_cast<char>(1U << random() % 8);
    if (random() % 4 == 0) bytes.resize(random() % (bytes.size() + 1));
    auto reading = game().model();
    const auto view = game().decode(*reading, absolute ? nullptr : before.get(), now->tick, bytes);
    if (!view) continue;
    ASSERT_EQ(view->tick, now->tick);
    ASSERT_FALSE(game().frame(*view).empty());
    ASSERT_NE(game().between(before, view, 0.5), nullptr);
    if (const auto predictor = game().predictor(0)) {
      predictor->confirm(*view);
      if (const auto command = test::bot_command(game(), view.get(), random))
        predictor->apply(*command);
    }
  }
}

TEST_P(EveryGame, ModelsComeBackFromTheirBytes) {
  auto state = begin(10);
  Random random(10);
  const auto model = game().model();
  auto before = shown_to(game(), *state, 0);
  for (int i = 0; i < 200; ++i) {
    play(*state, 1, random);
    const auto now = shown_to(game(), *state, 0);
    static_cast<void>(game().encode(*model, before.get(), *now));
    before = now;
  }

  const auto again = game().model();
  ASSERT_TRUE(again->unpack(model->pack()));

  EXPECT_EQ(again->pack(), model->pack());
  EXPECT_EQ(model->clone()->pack(), model->pack());
}

TEST_P(EveryGame, PredictsOnePlayerAloneAsTheServerPlaysIt) {
  StateValue state = game().begin({.seed = 11, .players = players(), .tick_hz = 30});
  state->enter(0);
  const auto predictor = game().predictor(0);
  if (!predictor) return;
  Random random(11);
  EXPECT_FALSE(predictor->where());
  predictor->confirm(*shown_to(game(), *state, 0));
  for (int tick = 0; tick < 300; ++tick) {
    Commands commands{};
    commands[0] = test::bot_command(game(), nullptr, random);

    state->step(commands);
    predictor->apply(*commands[0]);

    const auto confirmed = game().predictor(0);
    confirmed->confirm(*shown_to(game(), *state, 0));
    ASSERT_TRUE(predictor->where());
    ASSERT_EQ(predictor->where(), confirmed->where()) << "tick " << tick;
    ASSERT_LT(predictor->where()->x, game().extent());
  }
}

TEST_P(EveryGame, IsShownToThoseWhoWatchAndToPeople) {
  auto state = begin(12);
  Random random(12);
  play(*state, 60, random);

  EXPECT_FALSE(game().spectator_frame(*state).empty());
  const auto described = boost::json::parse(game().describe(*state)).as_object();
  EXPECT_EQ(described.at("players").as_array().size(), static_cast<std::size_t>(players()));
  for (const auto& row : described.at("players").as_array())
    EXPECT_TRUE(state->taken(static_cast<int>(row.at("slot").as_int64())));
}

// Only what a player is shown goes to it; what it is not shown must not change a byte. Played with
// the commands of one player changed: as long as another's view is the same, so are its bytes.
TEST_P(EveryGame, SaysTheSameToWhoSeesTheSame) {
  Random random(13);
  auto one = begin(13), two = begin(13);
  const int last = players() - 1;
  TablesAuthor tables(game(), 1);
  ViewPtr before_one, before_two;
  for (int tick = 0; tick < 300; ++tick) {
    auto commands = bot_commands(game(), *one, random);
    one->step(commands);
    if (random() % 10 == 0) commands[static_cast<std::size_t>(last)].reset();
    two->step(commands);
    const auto a = shown_to(game(), *one, 0), b = shown_to(game(), *two, 0);
    if (game().hash(*a) != game().hash(*b)) return;
    auto model_a = game().model(), model_b = game().model();
    ASSERT_EQ(game().encode(*model_a, before_one.get(), *a),
              game().encode(*model_b, before_two.get(), *b));
    before_one = a;
    before_two = b;
  }
}

INSTANTIATE_TEST_SUITE_P(Games, EveryGame, testing::ValuesIn(games().begin(), games().end()),
                         [](const auto& param) { return std::string(param.param->name()); });

}  // namespace
}  // namespace troupe::game
