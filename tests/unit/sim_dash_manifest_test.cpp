// What the load's DASH viewers read out of manifests.
#include <gtest/gtest.h>

#include "sim/dash_manifest.hpp"

namespace troupe::sim {
namespace {

/// 2026-11-21T12:00:00Z.
constexpr std::int64_t kNoonUs = 1'795'262'400'000'000;

std::string mpd(const std::string& periods) {
  return R"(<?xml version="1.0"?><MPD type="dynamic" availabilityStartTime="2026-11-21T12:00:00.000Z")"
         R"( minimumUpdatePeriod="PT1S"><BaseURL>../../</BaseURL>)" +
         periods +
         R"(<UTCTiming schemeIdUri="urn:mpeg:dash:utc:direct:2014" value="2026-11-21T12:00:10.500Z"/></MPD>)";
}
std::string video(const std::string& segments, const std::string& attributes = {}) {
  return R"(<AdaptationSet contentType="video"><Representation id="video"><SegmentTemplate )"
         R"(timescale="1000000" startNumber="7" initialization="video/init-3.mp4" )"
         R"(media="video/segment-$Number$.m4s")" +
         attributes + ">" + segments + "</SegmentTemplate></Representation></AdaptationSet>";
}

TEST(DashManifest, segments_of_a_timeline_are_numbered_and_repeated) {
  const auto found = parse_dash(mpd(
      R"(<Period id="2" start="PT0.000S" duration="PT4.000S">)" + video("") + "</Period>" +
      R"(<Period id="3" start="PT1M4.250S">)" +
      video(
          R"(<SegmentTimeline><S t="500" d="2000000" r="1"/><S d="1900000"/></SegmentTimeline>)") +
      "</Period>"));

  ASSERT_TRUE(found.ok()) << found.error().detail;
  EXPECT_EQ(found->clock_us, kNoonUs + 10'500'000);
  EXPECT_EQ(found->update_every_us, 1'000'000);
  ASSERT_EQ(found->periods.size(), 2U);
  EXPECT_TRUE(found->periods[0].closed);
  const auto& period = found->periods[1];
  EXPECT_FALSE(period.closed);
  EXPECT_EQ(period.start_us, 64'250'000);
  const auto* track = period.find("video");
  ASSERT_NE(track, nullptr);
  EXPECT_EQ(period.find("audio"), nullptr);
  ASSERT_EQ(track->listed.size(), 3U);
  EXPECT_EQ(track->listed[1].start, 2'000'500);
  EXPECT_EQ(track->listed[2].start, 4'000'500);
  EXPECT_EQ(track->name(track->start_number + 2), "video/segment-9.m4s");
}

TEST(DashManifest, segments_of_even_length_are_there_by_the_clock) {
  const auto found = parse_dash(
      mpd(R"(<Period id="3" start="PT4S">)" +
          video("", R"( duration="2000000" availabilityTimeOffset="1.900")") + "</Period>"));

  ASSERT_TRUE(found.ok()) << found.error().detail;
  const auto& period = found->periods.back();
  const auto& track = *period.find("video");
  // The first ends 6 s after noon, and may be asked for 1.9 s before.
  EXPECT_EQ(found->available_us(period, track, 7), kNoonUs + 4'100'000);
  EXPECT_EQ(found->available_us(period, track, 9), kNoonUs + 8'100'000);
  EXPECT_EQ(found->newest(period, track, kNoonUs + 4'099'999), std::nullopt);
  EXPECT_EQ(found->newest(period, track, kNoonUs + 4'100'000), 7U);
  EXPECT_EQ(found->newest(period, track, kNoonUs + 8'099'999), 8U);
}

TEST(DashManifest, other_texts_are_refused) {
  EXPECT_FALSE(parse_dash("").ok());
  EXPECT_FALSE(parse_dash("<MPD").ok());
  EXPECT_FALSE(parse_dash("<html></html>").ok());
  EXPECT_FALSE(parse_dash(mpd("")).ok());
  EXPECT_FALSE(
      parse_dash(mpd(R"(<Period id="3">)" + video("", R"( duration="0")") + "</Period>")).ok());
  EXPECT_FALSE(
      parse_dash(R"(<MPD type="static"><Period id="1">)" + video("") + "</Period></MPD>").ok());
}

}  // namespace
}  // namespace troupe::sim
