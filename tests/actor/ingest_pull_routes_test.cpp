// What is pulled and what is stored agree, also when one of them fails.
#include <map>
#include <mutex>

#include <boost/json.hpp>
#include <caf/event_based_actor.hpp>
#include <gtest/gtest.h>

#include "actors/live/messages.hpp"
#include "base/ids.hpp"
#include "net/api/live/pull.hpp"
#include "net/ingest/pull_ingest.hpp"
#include "sim/http_client.hpp"
#include "tests/support/actor_world.hpp"
#include "tests/support/http_fixture.hpp"
#include "tests/support/temp_dir.hpp"

namespace troupe::api {
namespace {

/// In place of live actors: all sessions are alice's, and have what was stored of them.
struct Stored {
  std::mutex mutex;
  std::map<std::string, std::string> urls;  ///< by session
  bool refuses = false;

  caf::behavior answer(caf::event_based_actor* self, const std::string& id) {
    const auto session = [this, id] {
      live::Session out;
      out.id = id;
      out.owner = "alice";
      out.pull_url = urls[id];
      return out;
    };
    return {[this, session](live::read_atom) {
              const std::lock_guard lock(mutex);
              return session();
            },
            [this, session, id](live::change_atom, const live::Caller&,
                                const live::SessionChange& what) -> caf::result<live::Session> {
              const std::lock_guard lock(mutex);
              if (refuses) return actors::to_caf(error(ErrorCode::io, "the disk is full"));
              if (!what.if_pull_url || *what.if_pull_url == urls[id]) urls[id] = *what.pull_url;
              return session();
            },
            [self](actors::passivate_atom) { self->quit(); }};
  }
  std::string url(const std::string& id) {
    const std::lock_guard lock(mutex);
    return urls[id];
  }
};

struct PullRoutesTest : ::testing::Test {
  test::TempDir dir;
  Metrics metrics;
  Stored stored;
  test::ActorWorld world{dir / "db"};
  std::shared_ptr<ingest::PullIngest> pulls = std::make_shared<ingest::PullIngest>(
      metrics, ingest::PullIngestOptions{
                   .pull = {},
                   .door = {.may_publish = {},
                            .publish = [](const ingest::PublishRequest&)
                                -> Result<std::unique_ptr<ingest::PublishSink>> {
                              return error(ErrorCode::conflict, "the session has a publisher");
                            }},
                   .places = std::make_shared<ingest::PublisherPlaces>(1, 1)});
  std::unique_ptr<test::HttpFixture> http;
  const std::string id = make_id_string();

  void SetUp() override {
    world.context().entities.add_kind(
        {.name = live::kKind,
         .activate = [this](caf::actor_system& system, const std::string& who) {
           return system.spawn([this, who](caf::event_based_actor* self) -> caf::behavior {
             return stored.answer(self, who);
           });
         }});
    http = std::make_unique<test::HttpFixture>(
        [this](http::Router& router) { mount_live_pull(router, world.asker(), pulls); });
  }
  void TearDown() override {
    http.reset();
    pulls->stop_all();
  }
  int put(const std::string& session, const std::string& url) {
    sim::HttpClient alice("127.0.0.1", http->port(), test::HttpFixture::token("alice"));
    return alice
        .request("PUT", "/api/v1/live/" + session + "/pull",
                 boost::json::serialize(boost::json::object{{"url", url}}))
        ->status;
  }
  std::string pulled(const std::string& session) {
    const auto status = pulls->status(session);
    return status ? status->url : "";
  }
};

TEST_F(PullRoutesTest, WhatCannotBeStoredReplacesNothing) {
  ASSERT_EQ(put(id, "http://example.com/old"), 200);
  stored.refuses = true;

  EXPECT_EQ(put(id, "http://example.com/new"), 500);

  EXPECT_EQ(stored.url(id), "http://example.com/old");
  EXPECT_EQ(pulled(id), "http://example.com/old");
}

TEST_F(PullRoutesTest, WhatCannotBePulledIsNotStored) {
  ASSERT_EQ(put(id, "http://example.com/first"), 200);
  const auto other = make_id_string();

  EXPECT_EQ(put(other, "http://example.com/second"), 503) << "there is but one place";
  EXPECT_EQ(put(id, "file:///etc/passwd"), 400);

  EXPECT_EQ(stored.url(other), "");
  EXPECT_EQ(pulled(other), "");
  EXPECT_EQ(stored.url(id), "http://example.com/first");
  EXPECT_EQ(pulled(id), "http://example.com/first");
}

}  // namespace
}  // namespace troupe::api
