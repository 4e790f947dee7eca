// The window of a session that comes from an origin: what of it must never get into caches.
#include <gtest/gtest.h>

#include "net/api/live/playlist_session.hpp"
#include "net/http/body_feed.hpp"
#include "tests/support/publication.hpp"

namespace troupe::test {
namespace {

using namespace std::chrono_literals;
using api::PlaylistSession;

live::Publication publication() {
  return {"session", static_cast<std::uint64_t>(kStartUs), tracks()};
}

class RelayedWindow : public ::testing::Test {
 protected:
  RelayedWindow() {
    session.start_relayed(publication(), std::nullopt);
    for (int i = 0; i < 30; ++i) session.push(encoder.next());
  }
  /// Asks for the segment under way.
  std::shared_ptr<http::BodyFeed> under_way() {
    std::shared_ptr<http::BodyFeed> feed;
    const auto cuts = session.cuts();
    const media::MediaFile file{media::MediaFile::Kind::segment, cuts.rows.front().number, 0};
    session.file("video", file, "", std::chrono::steady_clock::now(),
                 http::Responder([&](http::Response response) { feed = response.feed; }));
    return feed;
  }

  PlaylistSession session{WindowOptions{}, 100};
  Publication encoder{33'333, 3, 300};
};

TEST_F(RelayedWindow, ASegmentWithAHoleIsCutOffAndNotEnded) {
  const auto feed = under_way();
  ASSERT_NE(feed, nullptr);

  session.start_relayed(publication(), session.cuts());

  const auto taken = feed->take({});
  ASSERT_TRUE(taken.has_value());
  EXPECT_TRUE(taken->broken);
}

TEST_F(RelayedWindow, WhatIsForgottenIsCutOffToo) {
  const auto feed = under_way();
  ASSERT_NE(feed, nullptr);

  session.break_off();

  const auto taken = feed->take({});
  ASSERT_TRUE(taken.has_value());
  EXPECT_TRUE(taken->broken);
}

}  // namespace
}  // namespace troupe::test
