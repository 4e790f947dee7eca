// Real matches over bad networks, all rows at once: each has a match, a proxy and players of its
// own. Figures of docs/games.md, "Bad networks".
#include <cstdio>
#include <set>

#include "game/wire.hpp"
#include "net/client/prediction.hpp"
#include "sim/impairment.hpp"
#include "tests/e2e/match_players.hpp"

namespace troupe::test {
namespace {

using namespace std::chrono_literals;

struct Row {
  const char* name;
  sim::Impairment network;     ///< in each direction
  double share = 0.5;          ///< of the snapshots due that must arrive
  std::uint32_t most_off = 0;  ///< a correction may move a player by so many commands
  bool must_correct = false;   ///< commands are lost for certain
  double corrupt_to_client = 0;
  std::chrono::milliseconds blackout{0};
  double to_client_bytes_per_s = 0;  ///< once all play
};

/// Corrections without lost commands: none. A command is used whenever it comes.
const std::vector<Row>& rows() {
  static const std::vector<Row> all{
      {.name = "nothing", .network = {}, .share = 0.8, .most_off = 8},
      {.name = "constant latency", .network = {.latency_ms = 80}, .share = 0.8, .most_off = 8},
      {.name = "jitter", .network = {.latency_ms = 50, .jitter_ms = 30}, .most_off = 16},
      {.name = "200 ms, 20 ms jitter, 5.5 % loss",
       .network = {.latency_ms = 200, .jitter_ms = 20, .loss = 0.055},
       .most_off = 24},
      {.name = "duplication", .network = {.latency_ms = 20, .duplicate = 0.3}, .most_off = 8},
      {.name = "reordering",
       .network = {.latency_ms = 20, .reorder = 0.2, .reorder_ms = 70},
       .most_off = 16},
      {.name = "damage", .network = {.latency_ms = 20}, .most_off = 16, .corrupt_to_client = 0.05},
      {.name = "narrow line", .network = {.latency_ms = 20, .bytes_per_s = 12'000}, .most_off = 16},
      {.name = "half of what snapshots take",
       .network = {.latency_ms = 20},
       .share = 0.25,
       .most_off = 16,
       .to_client_bytes_per_s = 1'800},
      {.name = "2 s blackout",
       .network = {.latency_ms = 30},
       .share = 0.4,
       .most_off = client::kMaxAhead,
       .must_correct = true,
       .blackout = 2s},
  };
  return all;
}

constexpr int kPlayers = 3;
constexpr int kTicks = 180;  ///< that each player plays: six seconds

/// One row, played by one thread with all the others.
struct Played {
  const Row* row;
  std::unique_ptr<sim::ImpairmentProxy> proxy;
  std::array<Bot, kPlayers> bots;
  std::array<std::set<std::uint16_t>, kPlayers> places;  ///< x of the first bot, as each sees it
  std::set<std::uint16_t> shots;
  std::size_t moves = 0, turns = 0;
  std::uint16_t score = 0;

  [[nodiscard]] bool is_playing() const {
    return std::ranges::all_of(bots, [](const Bot& bot) {
      return bot.game->state() == State::playing && bot.game->latest() != nullptr;
    });
  }

  /// The players run to and fro and shoot about.
  game::Command command(int bot) {
    ++turns;
    const int tick = static_cast<int>(turns) / kPlayers;
    game::Command out;
    out.move_x = static_cast<std::int8_t>((tick / 40 + bot) % 2 == 0 ? 1 : -1);
    out.move_y = static_cast<std::int8_t>((tick / 25 + bot) % 3 - 1);
    out.aim = static_cast<std::uint8_t>(tick * 3 + bot * 85);
    out.fire = tick % 10 == bot;
    if (out.move_x != 0 || out.move_y != 0) ++moves;
    return out;
  }

  void look() {
    for (std::size_t i = 0; i < bots.size(); ++i) {
      const auto* first = view(*bots[i].game, bots[0].game->slot());
      if (first != nullptr) places[i].insert(first->x);
      for (const auto& shot : client::arena::latest(*bots[i].game)->projectiles)
        shots.insert(shot.id);
      for (const auto& player : client::arena::latest(*bots[i].game)->players)
        score = std::max(score, player.score);
    }
  }
};

/// Every bot in its match, through its proxy.
std::vector<std::unique_ptr<Played>> join_all(const ServerProcess& server, std::uint64_t seed) {
  std::vector<std::unique_ptr<Played>> all;
  for (const auto& row : rows()) {
    auto played = std::make_unique<Played>();
    played->row = &row;
    played->proxy = std::move(sim::ImpairmentProxy::start({.host = "127.0.0.1",
                                                           .port = server.endpoint().game_port,
                                                           .to_server = row.network,
                                                           .to_client = row.network,
                                                           .seed = seed}))
                        .value();
    const auto match = make_match(server);
    for (int i = 0; i < kPlayers; ++i) {
      played->bots[static_cast<std::size_t>(i)].connect(
          played->proxy->port(), join_token(server, match, "p" + std::to_string(i)));
    }
    all.push_back(std::move(played));
  }
  return all;
}

void service(std::vector<std::unique_ptr<Played>>& all) {
  for (auto& played : all) {
    for (auto& bot : played->bots) bot.host->service(0);
  }
  all.front()->bots.front().host->service(1);
}

bool wait_until_playing(std::vector<std::unique_ptr<Played>>& all) {
  const auto until = std::chrono::steady_clock::now() + 20s;
  while (!std::ranges::all_of(all, [](const auto& played) { return played->is_playing(); })) {
    if (std::chrono::steady_clock::now() > until) {
      for (const auto& played : all) {
        if (!played->is_playing()) ADD_FAILURE() << played->row->name << ": not all got in";
      }
      return false;
    }
    service(all);
  }
  return true;
}

void play_all(std::vector<std::unique_ptr<Played>>& all) {
  for (auto& played : all) {
    auto to_client = played->row->network;
    to_client.corrupt = played->row->corrupt_to_client;
    if (played->row->to_client_bytes_per_s > 0)
      to_client.bytes_per_s = played->row->to_client_bytes_per_s;
    played->proxy->change(played->row->network, to_client);
  }
  auto due = std::chrono::steady_clock::now();
  for (int tick = 0; tick < kTicks; ++tick, due += 33'333us) {
    while (std::chrono::steady_clock::now() < due) service(all);
    for (auto& played : all) {
      if (tick == kTicks / 3 && played->row->blackout > 0ms)
        played->proxy->black_out(played->row->blackout);
      for (int i = 0; i < kPlayers; ++i)
        client::arena::send(*played->bots[static_cast<std::size_t>(i)].game, played->command(i));
      played->look();
    }
  }
  // What is on its way arrives.
  const auto until = std::chrono::steady_clock::now() + 700ms;
  while (std::chrono::steady_clock::now() < until) service(all);
}

void check(const Played& played) {
  const auto& row = *played.row;
  SCOPED_TRACE(row.name);
  EXPECT_GT(played.moves, static_cast<std::size_t>(kTicks)) << "inputs are not zero";
  EXPECT_GT(played.shots.size(), 10U) << "they shoot";
  std::uint64_t corrections = 0, mismatches = 0;
  for (int i = 0; i < kPlayers; ++i) {
    const auto& bot = played.bots[static_cast<std::size_t>(i)];
    const auto statistics = bot.game->statistics();
    EXPECT_EQ(bot.game->state(), State::playing);
    // Of up to 40 places between two turns, as many as its snapshots can show.
    EXPECT_GT(static_cast<double>(played.places[static_cast<std::size_t>(i)].size()),
              40 * std::min(row.share, 0.5))
        << "others see it move";
    EXPECT_GT(static_cast<double>(statistics.snapshots), row.share * kTicks);
    EXPECT_LE(statistics.largest_correction, row.most_off * game::kWalkSpeed);
    EXPECT_LE(statistics.largest_divergence, client::arena::kMaxDivergence);
    EXPECT_GT(statistics.largest_divergence, 0U) << "it predicts";
    corrections += statistics.corrections;
    mismatches += statistics.mismatches;
    std::printf(
        "%-34s bot %d: %4lu snapshots, %3lu corrections, largest %4.2f units, ahead %5.2f, "
        "held %lu, mismatches %lu\n",
        row.name, i, static_cast<unsigned long>(statistics.snapshots),
        static_cast<unsigned long>(statistics.corrections), statistics.largest_correction / 256.0,
        statistics.largest_divergence / 256.0, static_cast<unsigned long>(statistics.held),
        static_cast<unsigned long>(statistics.mismatches));
  }
  EXPECT_EQ(mismatches > 0, row.corrupt_to_client > 0);
  EXPECT_TRUE(corrections > 0 || !row.must_correct);
}

TEST(MatchImpairment, EveryRowOfTheMatrixIsPlayedAndClientsNeverDriftFromTheServer) {
  const std::uint64_t seed = 20'260;
  SCOPED_TRACE(seed);
  // Three in an arena may never see each other between its walls.
  ServerProcess server({"match.hide_behind_walls=false"});
  auto all = join_all(server, seed);
  ASSERT_TRUE(wait_until_playing(all));

  play_all(all);

  for (const auto& played : all) check(*played);
  // Damage is found by the clients, told to the server and repaired; nowhere else is anything
  // wrong.
  EXPECT_GT(server.metric("troupe_match_state_mismatches_total"), 0);
  EXPECT_GT(server.metric("troupe_match_snapshots_paced_total"), 0) << "a full line is sent less";
  EXPECT_NE(server.log().find("has another state at tick"), std::string::npos);
}

}  // namespace
}  // namespace troupe::test
