#include <future>

#include <gtest/gtest.h>

#include "net/api/one_replay.hpp"
#include "storage/read_pool.hpp"
#include "storage/store.hpp"
#include "tests/support/temp_dir.hpp"

namespace troupe::api {
namespace {

TEST(OneReplay, LeavesTheOtherThreadsOfThePoolToOthers) {
  test::TempDir dir;
  const auto store = std::move(*storage::Store::open({.path = dir / "db"}));
  storage::ReadPool reads(*store, 2);
  const OneReplay replays, shots = replays;
  std::promise<void> go_on;
  const auto status_of = [&](const OneReplay& one, std::function<void()> work) {
    auto status = std::make_shared<std::promise<int>>();
    one.run(reads,
            http::Responder([status](const http::Response& r) { status->set_value(r.status); }),
            [work = std::move(work)](const storage::Store&) {
              work();
              return http::Response{.status = 200};
            });
    return status->get_future();
  };

  auto first = status_of(replays, [&] { go_on.get_future().wait(); });
  EXPECT_EQ(status_of(shots, [] {}).get(), 503);
  go_on.set_value();
  EXPECT_EQ(first.get(), 200);
  EXPECT_EQ(status_of(shots, [] {}).get(), 200);
}

}  // namespace
}  // namespace troupe::api
