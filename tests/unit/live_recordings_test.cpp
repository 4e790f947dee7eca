// Recordings over HTTP: how much of them may be on its way to clients.
#include <future>

#include <gtest/gtest.h>

#include "actors/live/directory.hpp"
#include "net/api/live/access.hpp"
#include "net/api/live/recordings.hpp"
#include "net/http/router.hpp"
#include "storage/read_pool.hpp"
#include "storage/store.hpp"
#include "tests/unit/recorder_fixture.hpp"

namespace troupe::media {
namespace {

using LiveRecordings = RecorderFixture;

TEST_F(LiveRecordings, ThatAreOnTheirWayToSlowClientsHaveABoundTogether) {
  const auto recorder = open(options());
  const auto epoch = now_us();
  push(*recorder, {.seconds = 10, .epoch = epoch, .bytes = 1'000});
  const auto store = std::move(*storage::Store::open({.path = dir_ / "db"}));
  storage::ReadPool reads(*store);
  const live::Directory directory;
  http::Router router;
  api::mount_live_recordings(router, {*recorder, reads,
                                      std::make_shared<const api::ViewGate>(api::ViewGate{
                                          .directory = directory, .metrics = metrics_}),
                                      api::SendBudget(15'000)});
  const auto number = recorder->find(kSession).at(TrackKind::video).segments.front().number;
  const auto path = std::string("/api/v1/live/") + kSession + "/recordings/video/segment-" +
                    std::to_string(epoch) + "-" + std::to_string(number) + ".m4s";
  const auto ask = [&] {
    auto match = router.match("GET", path);
    http::Request request;
    request.params = std::move(match.params);
    const auto answer = std::make_shared<std::promise<http::Response>>();
    match.route->handler(request, http::Responder([answer](http::Response response) {
                           answer->set_value(std::move(response));
                         }));
    return answer->get_future().get();
  };

  {
    const auto kept = ask();
    ASSERT_EQ(kept.status, 200);
    ASSERT_GT(kept.shared_body->size(), 7'500U) << "two are more than may be on their way";
    EXPECT_EQ(ask().status, 503);
  }

  EXPECT_EQ(ask().status, 200) << "the first has gone";
}

}  // namespace
}  // namespace troupe::media
