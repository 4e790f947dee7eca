// What a session's window gives to many who ask for the same.
#include <gtest/gtest.h>

#include "net/api/live/playlist_session.hpp"
#include "net/http/body_feed.hpp"
#include "tests/support/publication.hpp"

namespace troupe::test {
namespace {

using api::PlaylistSession;

TEST(PlaylistSession, WhoeverTakesTheSegmentUnderWayHasTheSameBytesAndNotACopy) {
  PlaylistSession session{WindowOptions{}, 100};
  session.start({"session", static_cast<std::uint64_t>(kStartUs), tracks()});
  Publication encoder{33'333, 1, 300};
  for (int i = 0; i < 33; ++i) session.push(encoder.next());
  const media::MediaFile file{media::MediaFile::Kind::segment, session.cuts().rows.front().number,
                              0};
  const auto taken = [&] {
    http::BodyFeed::Taken all;
    session.file("video", file, "", std::chrono::steady_clock::now(),
                 http::Responder([&](const http::Response& response) {
                   ASSERT_NE(response.feed, nullptr);
                   all = response.feed->take({}).value_or(http::BodyFeed::Taken{});
                 }));
    return all.bytes;
  };

  const auto one = taken(), other = taken();

  ASSERT_GT(one.size(), 2U) << "whole parts, and chunks of the open one";
  EXPECT_EQ(one, other) << "the same, not as much";
}

}  // namespace
}  // namespace troupe::test
