// The live actor with a real store and real threads; what it announces is recorded.
#include <condition_variable>
#include <mutex>
#include <thread>

#include <caf/actor_system.hpp>
#include <caf/actor_system_config.hpp>
#include <gtest/gtest.h>

#include "actors/live/domain.hpp"
#include "actors/live/live_store.hpp"
#include "actors/live/messages.hpp"
#include "actors/system/ask.hpp"
#include "actors/system/context.hpp"
#include "base/ids.hpp"
#include "base/metrics.hpp"
#include "storage/journal.hpp"
#include "storage/read_pool.hpp"
#include "storage/store.hpp"
#include "storage/writer.hpp"
#include "tests/support/temp_dir.hpp"

namespace troupe::live {
namespace {

using namespace std::chrono_literals;

class LiveActorTest : public ::testing::Test {
 protected:
  void SetUp() override {
    store = std::move(*storage::Store::open({.path = dir / "db"}));
    writer = std::make_unique<storage::Writer>(*store, metrics);
    reads = std::make_unique<storage::ReadPool>(*store);
    open_actors();
  }

  void TearDown() override { close_actors(); }

  void open_actors() {
    registry = std::make_unique<actors::EntityRegistry>(system, metrics);
    context.reset(new actors::Context{system, *store, *writer, *reads, *registry, metrics,
                                      [] { return 1'000ULL; }});
    asker = std::make_unique<actors::Asker>(system, *registry);
    Output output;
    output.start = [this](const PublicationPtr&) { note("start"); };
    output.chunk = [this](const std::string&, const media::ChunkPtr& c) {
      note("chunk" + std::to_string(c->sequence));
    };
    output.stop = [this](const std::string&) { note("stop"); };
    output.end = [this](const std::string&) { note("end"); };
    output.text = [this](const std::string&, const std::string& json) { note(json); };
    Options options;
    options.chat.per_user = {0.001, 3};
    options.chat.history = 2;
    ASSERT_TRUE(add_live(*context, directory, output, options).ok());
  }
  void close_actors() {
    registry->shutdown(10s);
    asker.reset();
    registry.reset();
    writer->flush();
  }

  void note(std::string what) {
    const std::lock_guard lock(mutex);
    seen.push_back(std::move(what));
    changed.notify_all();
  }
  bool eventually(const std::string& what) {
    std::unique_lock lock(mutex);
    return changed.wait_for(lock, 10s, [&] {
      return std::any_of(seen.begin(), seen.end(),
                         [&](const auto& s) { return s.find(what) != std::string::npos; });
    });
  }

  template <class Reply, class... Args>
  Result<Reply> ask(Args... args) {
    std::mutex m;
    std::condition_variable done;
    std::optional<Result<Reply>> answer;
    asker->ask_as<Reply>(
        kKind, id, 5s,
        [&](Result<Reply> reply) {
          const std::lock_guard lock(m);
          answer = std::move(reply);
          done.notify_one();
        },
        args...);
    std::unique_lock lock(m);
    done.wait(lock, [&] { return answer.has_value(); });
    return *answer;
  }
  /// As `ask`, while the actor that was killed is not back yet.
  template <class Reply, class... Args>
  Result<Reply> again(Args... args) {
    auto reply = ask<Reply>(args...);
    while (!reply.ok() && reply.code() == ErrorCode::unavailable) reply = ask<Reply>(args...);
    return reply;
  }
  Result<Session> create() {
    return ask<Session>(create_atom::value, NewSession{"Kitchen", "alice", {hash_key("key"), 0}});
  }

  PublicationPtr publication(std::uint64_t epoch = 1'000'000) {
    return std::make_shared<const Publication>(Publication{id, epoch, {}});
  }
  void send_chunk(const PublicationPtr& from, std::uint64_t sequence) {
    auto chunk = std::make_shared<media::Chunk>();
    chunk->sequence = sequence;
    registry->tell(kKind, id, caf::make_message(chunk_atom::value, from, media::ChunkPtr(chunk)));
  }

  test::TempDir dir;
  Metrics metrics;
  std::unique_ptr<storage::Store> store;
  std::unique_ptr<storage::Writer> writer;
  std::unique_ptr<storage::ReadPool> reads;
  caf::actor_system_config config;
  caf::actor_system system{config};
  Directory directory;
  std::unique_ptr<actors::EntityRegistry> registry;
  std::unique_ptr<actors::Context> context;
  std::unique_ptr<actors::Asker> asker;
  std::string id = make_id_string();
  std::mutex mutex;
  std::condition_variable changed;
  std::vector<std::string> seen;
};

TEST_F(LiveActorTest, ACreatedSessionIsStoredAndMayBePublishedToWithItsKey) {
  ASSERT_TRUE(create().ok());

  EXPECT_EQ(ask<Session>(read_atom::value)->title, "Kitchen");
  EXPECT_TRUE(load(*store, id, 0)->session.has_value());
  EXPECT_TRUE(directory.check(id, "key").ok());
  EXPECT_EQ(create().code(), ErrorCode::conflict);
}

TEST_F(LiveActorTest, WhatWasNeverCreatedIsNotFound) {
  EXPECT_EQ(ask<Session>(read_atom::value).code(), ErrorCode::not_found);
  EXPECT_EQ(ask<ChatLine>(say_atom::value, Say{{"u"}, "n", "t"}).code(), ErrorCode::not_found);
}

TEST_F(LiveActorTest, OnlyTheOwnerAndAdministratorsMayChangeIt) {
  ASSERT_TRUE(create().ok());

  EXPECT_EQ(ask<Session>(end_atom::value, Caller{"mallory", false}).code(), ErrorCode::forbidden);
  EXPECT_TRUE(ask<Session>(rotate_atom::value, Caller{"root", true},
                           KeyChange{KeyUse::publisher, PublishKey{hash_key("new"), 0}})
                  .ok());
  EXPECT_TRUE(directory.check(id, "new").ok());
  EXPECT_TRUE(ask<Session>(end_atom::value, Caller{"alice", false}).ok());
  EXPECT_EQ(directory.check(id, "new").code(), ErrorCode::not_found);
  EXPECT_TRUE(eventually("end"));
}

TEST_F(LiveActorTest, AKilledActorGoesOnWithTheNextChunk) {
  ASSERT_TRUE(create().ok());
  const auto from = publication();
  send_chunk(from, 1);
  ASSERT_TRUE(eventually("chunk1"));

  registry->crash(kKind, id);

  // What was in the mailbox of the killed activation is gone; what comes after is not.
  std::uint64_t next = 2;
  const auto resumed = [&] {
    send_chunk(from, next++);
    return registry->status().at(0).activations == 2;
  };
  while (!resumed()) std::this_thread::yield();
  send_chunk(from, 1'000'000);
  EXPECT_TRUE(eventually("chunk1000000"));
  EXPECT_EQ(ask<Session>(read_atom::value)->state, State::live);
}

TEST_F(LiveActorTest, AStoppedPublicationLeavesTheSessionIdleAndALaterOneIsTaken) {
  ASSERT_TRUE(create().ok());
  const auto first = publication(1'000'000), second = publication(2'000'000);
  send_chunk(first, 1);
  registry->tell(kKind, id, caf::make_message(stop_atom::value, first));
  ASSERT_TRUE(eventually("stop"));
  EXPECT_EQ(ask<Session>(read_atom::value)->state, State::idle);

  send_chunk(second, 100);

  EXPECT_TRUE(eventually("chunk100"));
}

TEST_F(LiveActorTest, APublicationAfterAKillIsAnotherThanThatWhichWasCutOff) {
  ASSERT_TRUE(create().ok());
  const auto first = publication(1'000'000), second = publication(2'000'000);
  const auto started_ms = [&](const PublicationPtr& from, std::uint64_t chunk) {
    send_chunk(from, chunk);
    EXPECT_TRUE(eventually("chunk" + std::to_string(chunk)));
    return ask<Session>(read_atom::value)->started_ms;
  };
  EXPECT_EQ(started_ms(first, 1), 1'000U);
  close_actors();  // and nobody has said that it stopped

  open_actors();

  EXPECT_EQ(started_ms(first, 2), 1'000U);
  EXPECT_EQ(started_ms(second, 3), 2'000U);
  writer->flush();
  const auto entries = storage::read_journal(*store, 1, 1'000);
  EXPECT_EQ(
      std::ranges::count(*entries, "troupe.live.session.started.v1", &storage::JournalEntry::type),
      2);
}

TEST_F(LiveActorTest, ChangesMadeInQuickSuccessionAreAllKept) {
  ASSERT_TRUE(create().ok());
  const Caller alice{"alice", false};
  for (std::uint32_t round = 1; round <= 20; ++round) {
    const auto from = publication(round * 1'000'000);
    const PublishKey key{hash_key(std::to_string(round)), 0};
    registry->tell(kKind, id,
                   caf::make_message(rotate_atom::value, alice, KeyChange{KeyUse::publisher, key}));
    send_chunk(from, round);
    registry->tell(
        kKind, id,
        caf::make_message(change_atom::value, alice, SessionChange{.views_per_account = round}));
    registry->tell(kKind, id, caf::make_message(stop_atom::value, from));
    const auto seen_now = ask<Session>(read_atom::value);
    ASSERT_EQ(seen_now->state, State::idle);
    ASSERT_EQ(seen_now->key, key);
    ASSERT_EQ(seen_now->views_per_account, round);
  }

  ASSERT_TRUE(ask<Session>(rotate_atom::value, alice,
                           KeyChange{KeyUse::publisher, PublishKey{hash_key("last"), 0}})
                  .ok());

  const auto stored = load(*store, id, 0)->session;
  EXPECT_EQ(stored->key.hash, hash_key("last"));
  EXPECT_EQ(stored->views_per_account, 20U);
  EXPECT_EQ(stored->state, State::idle);
}

TEST_F(LiveActorTest, ChatIsAnnouncedWhenItIsStoredAndSurvivesACrash) {
  ASSERT_TRUE(create().ok());
  for (const auto* text : {"one", "two", "three"}) {
    ASSERT_TRUE(ask<ChatLine>(say_atom::value, Say{{"bob"}, "Bob", text}).ok());
  }
  EXPECT_TRUE(eventually("\"three\""));

  registry->crash(kKind, id);

  const auto greeting = again<ChatGreeting>(greet_atom::value);
  ASSERT_TRUE(greeting.ok());
  EXPECT_EQ(greeting->chat->find("\"one\""), std::string::npos) << "two lines are kept";
  EXPECT_NE(greeting->chat->find("\"three\""), std::string::npos);
}

TEST_F(LiveActorTest, WhatModeratorsDidSurvivesACrash) {
  ASSERT_TRUE(create().ok());
  const Caller alice{"alice", false}, carol{"carol", false};
  const auto line = ask<ChatLine>(say_atom::value, Say{carol, "Carol", "welcome"});
  ASSERT_TRUE(line.ok());
  const auto act = [&](const Caller& caller, ModerationAct what) {
    return ask<ChatStatus>(moderate_atom::value, Moderation{caller, std::move(what)});
  };
  EXPECT_EQ(act(carol, PinLine{line->number}).code(), ErrorCode::forbidden);
  ASSERT_TRUE(act(alice, AppointModerator{"carol"}).ok());
  ASSERT_TRUE(act(carol, PinLine{line->number}).ok());
  ASSERT_TRUE(act(carol, SetChatRules{30, std::vector<std::string>{"spam"}}).ok());
  ASSERT_TRUE(act(carol, BanUser{"bob", 0, "rude"}).ok());
  EXPECT_TRUE(eventually("chat_pinned"));
  EXPECT_TRUE(eventually("\"slow_mode_s\":30"));

  registry->crash(kKind, id);

  const auto chat = again<ChatStatus>(chat_atom::value, carol);
  ASSERT_TRUE(chat.ok());
  EXPECT_EQ(chat->role, ChatRole::moderator);
  EXPECT_EQ(chat->rules.pinned, *line);
  EXPECT_EQ(chat->rules.slow_mode_s, 30U);
  EXPECT_EQ(chat->rules.words, std::vector<std::string>{"spam"});
  ASSERT_EQ(chat->bans.size(), 1U);
  EXPECT_EQ(chat->bans[0], (ChatBan{"bob", 0, "carol", "rude"}));
  EXPECT_EQ(ask<ChatLine>(say_atom::value, Say{{"bob"}, "Bob", "x"}).code(), ErrorCode::forbidden);
  EXPECT_TRUE(ask<ChatStatus>(chat_atom::value, Caller{"dave"})->bans.empty()) << "not for viewers";
}

TEST_F(LiveActorTest, AFastTalkerGetsATypedError) {
  ASSERT_TRUE(create().ok());
  for (int i = 0; i < 3; ++i)
    ASSERT_TRUE(ask<ChatLine>(say_atom::value, Say{{"bob"}, "Bob", "x"}).ok());

  EXPECT_EQ(ask<ChatLine>(say_atom::value, Say{{"bob"}, "Bob", "x"}).code(),
            ErrorCode::rate_limited);
}

TEST_F(LiveActorTest, ARestartedServerKnowsTheKeysOfAllSessions) {
  ASSERT_TRUE(create().ok());
  Directory fresh;

  ASSERT_TRUE(fresh.load(*store).ok());

  EXPECT_TRUE(fresh.check(id, "key").ok());
}

TEST_F(LiveActorTest, TheListIsNewestFirstAndPaged) {
  std::vector<std::string> ids;
  for (int i = 0; i < 5; ++i) {
    id = make_id_string();
    ids.push_back(id);
    ASSERT_TRUE(create().ok());
  }

  const auto first = list(*store, "", 3);
  const auto rest = list(*store, first->back().id, 3);

  ASSERT_EQ(first->size(), 3U);
  EXPECT_EQ(first->front().id, ids.back());
  ASSERT_EQ(rest->size(), 2U);
  EXPECT_EQ(rest->back().id, ids.front());
}

}  // namespace
}  // namespace troupe::live
