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

// shaka-player 5.2 asks for these until it has read of the Period's end, and stays before any that
// it does not get.
TEST(PlaylistSession, WhatAPlayerCountsBeyondTheEndOfAPublicationIsASegmentOfNothing) {
  PlaylistSession session{WindowOptions{}, 100};
  const auto first = static_cast<std::uint64_t>(kStartUs), second = first + 9'000'000;
  const auto publish = [&](std::uint64_t epoch) {
    session.start({"session", epoch, tracks()});
    Publication encoder{33'333, 3, 60};
    for (int i = 0; i < 100; ++i) session.push(encoder.next());
  };
  publish(first);
  const auto next = session.cuts().rows.front().number + 1;
  const auto asked = [&](std::uint64_t epoch) {
    http::Response answer;
    session.file("video", {media::MediaFile::Kind::segment, next, 0, epoch}, "",
                 std::chrono::steady_clock::now(),
                 http::Responder([&](const http::Response& response) { answer = response; }));
    return answer;
  };
  session.stop(std::chrono::steady_clock::now());
  EXPECT_EQ(asked(first).status, 404) << "it may be that nobody comes";

  publish(second);

  const auto answer = asked(first);
  EXPECT_EQ(answer.status, 200);
  ASSERT_NE(answer.shared_body, nullptr);
  EXPECT_EQ(answer.shared_body->size(), 20U);
  EXPECT_EQ(answer.shared_body->substr(4, 4), "styp");
  EXPECT_EQ(answer.headers.at("Cache-Control"), "no-store");
  EXPECT_EQ(asked(first - 1).status, 404) << "never there";
}

}  // namespace
}  // namespace troupe::test
