// The lobby before a desk, and the desk before matches, that do as the test wants.
#include <atomic>
#include <map>
#include <mutex>
#include <set>
#include <thread>

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <caf/actor_cast.hpp>
#include <caf/event_based_actor.hpp>
#include <gtest/gtest.h>

#include "actors/match/messages.hpp"
#include "actors/matchmaking/desk_actor.hpp"
#include "net/api/game_lobby.hpp"
#include "schemas/game_generated.h"
#include "storage/keys.hpp"
#include "tests/support/actor_world.hpp"
#include "tests/support/temp_dir.hpp"

namespace troupe::api {
namespace {

using namespace std::chrono_literals;
using namespace matchmaking;
using test::ActorWorld;

bool eventually(const std::function<bool()>& condition) {
  const auto until = std::chrono::steady_clock::now() + 30s;
  while (!condition()) {
    if (std::chrono::steady_clock::now() >= until) return false;
    std::this_thread::sleep_for(1ms);
  }
  return true;
}

/// Takes everybody in; a player's ticket has the player's name.
struct OpenDesk {
  std::mutex mutex;
  std::set<std::string> looked_at, left;
  bool busy = false;
  std::atomic<int> looks{0};

  [[nodiscard]] std::size_t tickets_looked_at() {
    const std::lock_guard lock(mutex);
    return looked_at.size();
  }
  [[nodiscard]] bool was_left(const std::string& ticket) {
    const std::lock_guard lock(mutex);
    return left.contains(ticket);
  }
};

ViewPtr queued(const std::string& ticket) {
  TicketView view;
  view.id = ticket;
  view.mode = "duel";
  view.state = State::queued;
  return std::make_shared<const TicketView>(view);
}

caf::behavior open_desk(caf::event_based_actor* self, OpenDesk* desk) {
  return {
      [](enter_atom, const Wish& wish) { return queued(wish.party.front().player); },
      [](mine_atom, const std::string&) -> caf::result<ViewPtr> {
        return actors::to_caf(error(ErrorCode::not_found, "not in the queue"));
      },
      [desk](look_atom, const std::string& ticket, const std::string&) -> caf::result<ViewPtr> {
        const std::lock_guard lock(desk->mutex);
        desk->looked_at.insert(ticket);
        ++desk->looks;
        if (desk->busy) return actors::to_caf(error(ErrorCode::overloaded, "too much to do"));
        return queued(ticket);
      },
      [desk](leave_atom, const std::string& ticket, const std::string&) {
        const std::lock_guard lock(desk->mutex);
        desk->left.insert(ticket);
        return queued(ticket);
      },
      [self](actors::passivate_atom) { self->quit(); },
  };
}

/// What guests are told.
class Told final : public udp::MessageSink {
 public:
  void snapshot(match::SessionId, const game::SnapshotHead&,
                std::shared_ptr<const std::string>) override {}
  void goodbye(match::SessionId, game::Goodbye) override {}
  void message(match::SessionId session, std::string bytes) override {
    const std::lock_guard lock(mutex_);
    const auto* in = flatbuffers::GetRoot<fbs::ServerMessage>(bytes.data());
    if (const auto* probe = in->body_as_Probe()) probes_[session].push_back(probe->number());
    const auto* state = in->body_as_QueueState();
    if (state == nullptr) return;
    pings_[session] = state->ping_ms();
    states_[session].insert(state->state()->str());
  }
  [[nodiscard]] std::vector<std::uint32_t> probes(match::SessionId session) {
    const std::lock_guard lock(mutex_);
    return probes_[session];
  }
  [[nodiscard]] int ping(match::SessionId session) {
    const std::lock_guard lock(mutex_);
    return pings_[session];
  }

  [[nodiscard]] std::set<std::string> states(match::SessionId session) {
    const std::lock_guard lock(mutex_);
    return states_[session];
  }

 private:
  std::mutex mutex_;
  std::map<match::SessionId, std::vector<std::uint32_t>> probes_;
  std::map<match::SessionId, std::set<std::string>> states_;
  std::map<match::SessionId, int> pings_;
};

class LobbyTest : public testing::Test {
 protected:
  LobbyTest() {
    actors::EntityKind kind;
    kind.name = kMatchmakingKind;
    kind.max_waiting_per_entity = 10'000;
    kind.activate = [this](caf::actor_system& system, const std::string&) {
      return caf::actor_cast<caf::actor>(system.spawn(open_desk, &desk_));
    };
    world_.context().entities.add_kind(std::move(kind));
  }
  ~LobbyTest() override {
    loop_.stop();
    if (thread_.joinable()) thread_.join();
  }
  /// Answers reach guests only from here on.
  void run() {
    thread_ = std::thread([this] { loop_.run(); });
  }
  static match::Client guest(std::uint64_t number) {
    return {number, "player" + std::to_string(number)};
  }
  void enter_queue(const match::Client& client) {
    lobby_.hear(client, udp::QueueMessage{"duel", {}, {}, {}, false});
  }

  test::TempDir dir_;
  OpenDesk desk_;
  ActorWorld world_{dir_ / "db"};
  Told told_;
  boost::asio::io_context loop_;
  boost::asio::executor_work_guard<boost::asio::io_context::executor_type> work_{
      loop_.get_executor()};
  std::thread thread_;
  GameLobby lobby_{world_.asker(),
                   nullptr,
                   told_,
                   loop_,
                   {.modes = *parse_modes("duel:2x1"),
                    .regions = {"local"},
                    .region = "local",
                    .look_every = 200ms,
                    .away_for = 1ms}};
};

TEST_F(LobbyTest, EveryTicketIsLookedAtHoweverManyThereAre) {
  constexpr std::uint64_t kGuests = 1'500;
  for (std::uint64_t i = 1; i <= kGuests; ++i) {
    lobby_.enter(guest(i));
    enter_queue(guest(i));
  }

  run();

  EXPECT_TRUE(eventually([&] { return desk_.tickets_looked_at() == kGuests; }))
      << desk_.tickets_looked_at();
}

TEST_F(LobbyTest, ATicketWhosePlayerLeftBeforeItWasToldOfItIsTakenOutOfTheQueue) {
  lobby_.enter(guest(1));
  enter_queue(guest(1));
  lobby_.leave(guest(1));

  run();

  EXPECT_TRUE(eventually([&] { return desk_.was_left(guest(1).player); }));
}

TEST_F(LobbyTest, ADeskThatIsTooBusyToBeAskedRefusesNobodyWhoWaits) {
  desk_.busy = true;
  lobby_.enter(guest(1));
  enter_queue(guest(1));
  run();

  // Asked again only once the first answer has come.
  ASSERT_TRUE(eventually([&] { return desk_.looks >= 2; }));

  EXPECT_EQ(told_.states(1), (std::set<std::string>{"none", "queued"}));
}

TEST_F(LobbyTest, AProbeIsAnsweredOnlyByWhoHasHeardIt) {
  lobby_.enter(guest(1));
  run();

  for (std::uint32_t guess = 0; guess <= 3; ++guess)
    lobby_.hear(guest(1), udp::ProbeMessage{guess});
  EXPECT_EQ(told_.probes(1).size(), 1U);
  for (std::size_t heard = 0; heard < 3; ++heard) {
    ASSERT_GT(told_.probes(1).size(), heard);
    lobby_.hear(guest(1), udp::ProbeMessage{told_.probes(1)[heard]});
    lobby_.hear(guest(1), udp::ProbeMessage{told_.probes(1)[heard]});
  }

  EXPECT_EQ(told_.probes(1).size(), 3U);
  EXPECT_TRUE(eventually([&] { return told_.ping(1) > 0; }));
}

caf::behavior refusing_match(caf::event_based_actor* self, std::atomic<int>* refused) {
  return {
      [refused](match::open_atom, const match::MatchInfo&) -> caf::result<match::InfoPtr> {
        ++*refused;
        return actors::to_caf(error(ErrorCode::overloaded, "all game hosts are full"));
      },
      [self](actors::passivate_atom) { self->quit(); },
  };
}

TEST(Desk, LeavesNothingBehindOfMatchesThatCouldNotBeMade) {
  test::TempDir dir;
  std::atomic<int> refused{0};
  ActorWorld world(dir / "db");
  actors::EntityKind full;
  full.name = match::kMatchKind;
  full.activate = [&](caf::actor_system& system, const std::string&) {
    return caf::actor_cast<caf::actor>(system.spawn(refusing_match, &refused));
  };
  world.context().entities.add_kind(std::move(full));
  MatchmakingOptions options;
  options.desk.modes = *parse_modes("duel:2x1");
  options.desk.regions = {"local"};
  options.every = 100ms;
  ASSERT_TRUE(add_matchmaking(world.context(), std::move(options)).ok());
  for (const auto* player : {"ann", "bob"}) {
    Wish wish;
    wish.mode = "duel";
    wish.ping_ms[0] = 20;
    wish.party.push_back({.player = player, .auto_accept = true});
    ASSERT_TRUE(world.ask<ViewPtr>(kMatchmakingKind, kDeskId, enter_atom::value, wish).ok());
  }

  ASSERT_TRUE(eventually([&] { return refused >= 3; }));

  const auto records = [&] {
    std::size_t count = 0;
    const auto made = storage::KeyBuilder("made").take();
    EXPECT_TRUE(world.store()
                    .scan(storage::Family::match, made, storage::prefix_end(made), 1'000,
                          [&](auto, auto) {
                            ++count;
                            return true;
                          })
                    .ok());
    return count;
  };
  EXPECT_TRUE(eventually([&] { return records() == 0; })) << records();
}

}  // namespace
}  // namespace troupe::api
