// Timed metadata inside the media: event messages of ISO/IEC 23009-1 section 5.10.3.3.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "media/playlist/dash.hpp"
#include "media/playlist/event_messages.hpp"
#include "tests/support/publication.hpp"

namespace troupe {
namespace {

using namespace troupe::media;
using namespace troupe::test;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

constexpr std::uint32_t kVideo = 1, kAudio = 2, kSmall = 3;

std::vector<Track> picture_and_sound() {
  Track video{.id = kVideo, .kind = TrackKind::video};
  video.timescale = 90'000;
  Track audio{.id = kAudio, .kind = TrackKind::audio};
  audio.timescale = 48'000;
  return {video, audio};
}
Track small() {
  Track track{.id = kSmall, .kind = TrackKind::video};
  track.timescale = 90'000;
  track.name = "180p";
  return track;
}

std::string box(const std::string& type, const std::string& payload) {
  std::string out{0, 0, 0, static_cast<char>(8 + payload.size())};
  return out + type + payload;
}
const std::string kBytes = box("prft", "now") + box("moof", "") + box("mdat", "picture");

/// Tenths of a second.
Chunk chunk(std::uint32_t track, int index) {
  Chunk out;
  out.track = track;
  out.start_us = index * 100'000;
  out.duration_us = 100'000;
  out.bytes = std::make_shared<const std::string>(kBytes);
  return out;
}
Mark mark(int event, std::int64_t media_us, std::string payload = "goal") {
  return {"cue-" + std::to_string(event),   7, media_us, "urn:x", std::move(payload),
          static_cast<std::uint32_t>(event)};
}
/// Where in the chunk the message stands; npos: it does not.
std::size_t place_of(const Chunk& carried, const Mark& what, std::uint32_t timescale = 90'000) {
  return carried.bytes->find(event_message(what, timescale));
}
constexpr auto kNowhere = std::string::npos;

TEST(EventMessageTest, is_a_box_of_version_1_with_its_moment_in_the_timescale_of_the_track) {
  const Mark given{"cue-258", 1, 1'500'000, "urn:x", "goal", 258};

  const auto bytes = event_message(given, 90'000);

  const std::string expected = std::string(
                                   "\0\0\0\x2B"
                                   "emsg\x01\0\0\0",
                                   12) +
                               std::string("\0\x01\x5F\x90", 4) +
                               std::string("\0\0\0\0\0\x02\x0F\x58", 8) +  // 135,000
                               std::string("\0\0\0\0", 4) + std::string("\0\0\x01\x02", 4) +
                               std::string("urn:x\0\0goal", 11);
  EXPECT_EQ(bytes, expected);
}

TEST(EventMessageTest, a_moment_far_into_a_publication_keeps_its_microseconds) {
  constexpr std::int64_t kYearUs = 365LL * 86'400 * 1'000'000;
  const auto bytes = event_message(mark(1, kYearUs + 100'000), 90'000);

  std::uint64_t ticks = 0;
  for (std::size_t i = 0; i < 8; ++i) ticks = ticks << 8 | static_cast<std::uint8_t>(bytes[16 + i]);
  EXPECT_EQ(ticks, 365ULL * 86'400 * 90'000 + 9'000);
}

TEST(EventMessageTest, under_the_scheme_of_id3_the_payload_is_the_text_of_a_tag) {
  const Mark given{"cue-1", 1, 0, std::string(kId3Scheme), "goal", 1};

  const auto bytes = event_message(given, 90'000);

  EXPECT_EQ(bytes.substr(24, 4), "\xFF\xFF\xFF\xFF") << "tags have no duration";
  const std::string tag = std::string("ID3\x04\0\0\0\0\0\x13", 10) + std::string(
                                                                         "TXXX\0\0\0\x09\0\0\x03"
                                                                         "cue\0goal",
                                                                         19);
  EXPECT_EQ(bytes.substr(bytes.size() - tag.size()), tag);
}

TEST(EventMessagesTest, a_message_stands_before_the_moof_of_the_chunk_in_which_its_moment_falls) {
  EventMessages events;
  events.begin(7, picture_and_sound());
  const auto soon = mark(1, 250'000);
  events.add(soon);

  EXPECT_EQ(*events.carry(chunk(kVideo, 0)).bytes, kBytes);
  EXPECT_EQ(*events.carry(chunk(kVideo, 1)).bytes, kBytes);
  const auto carried = events.carry(chunk(kVideo, 2));
  EXPECT_EQ(*events.carry(chunk(kVideo, 3)).bytes, kBytes);

  const auto message = event_message(soon, 90'000);
  EXPECT_EQ(*carried.bytes,
            box("prft", "now") + message + box("moof", "") + box("mdat", "picture"));
}

TEST(EventMessagesTest, one_that_comes_too_late_goes_with_the_next_chunk_and_keeps_its_time) {
  EventMessages events;
  events.begin(7, picture_and_sound());
  for (int i = 0; i < 5; ++i) static_cast<void>(events.carry(chunk(kVideo, i)));
  const auto late = mark(1, 120'000), later = mark(2, 110'000), due = mark(3, 500'000);
  for (const auto& one : {due, late, later}) events.add(one);

  const auto carried = events.carry(chunk(kVideo, 5));

  EXPECT_LT(place_of(carried, later), place_of(carried, late)) << "in the order of their moments";
  EXPECT_LT(place_of(carried, late), place_of(carried, due));
  EXPECT_NE(place_of(carried, due), kNowhere);
}

TEST(EventMessagesTest, all_renditions_of_the_picture_carry_the_same_message_and_sound_none) {
  EventMessages events;
  events.begin(7, picture_and_sound());
  events.set_made({small()});
  const auto one = mark(1, 50'000);
  static_cast<void>(events.carry(chunk(kSmall, -1)));
  events.add(one);

  EXPECT_NE(place_of(events.carry(chunk(kVideo, 0)), one), kNowhere);
  EXPECT_EQ(place_of(events.carry(chunk(kAudio, 0)), one, 48'000), kNowhere);
  EXPECT_NE(place_of(events.carry(chunk(kSmall, 0)), one), kNowhere);
  EXPECT_EQ(place_of(events.carry(chunk(kSmall, 1)), one), kNowhere) << "once";
}

TEST(EventMessagesTest, a_rendition_that_begins_later_carries_what_is_due_from_there_on) {
  EventMessages events;
  events.begin(7, picture_and_sound());
  const auto before = mark(1, 50'000), within = mark(2, 150'000);
  events.add(before);
  events.add(within);
  for (int i = 0; i < 4; ++i) static_cast<void>(events.carry(chunk(kVideo, i)));

  events.set_made({small()});
  const auto first = events.carry(chunk(kSmall, 1));
  events.set_made({});
  events.set_made({small()});  // it was given up, and came back
  const auto again = events.carry(chunk(kSmall, 2));

  EXPECT_EQ(place_of(first, before), kNowhere);
  EXPECT_NE(place_of(first, within), kNowhere);
  EXPECT_EQ(*again.bytes, kBytes);
}

TEST(EventMessagesTest, where_there_is_no_picture_the_sound_carries_them) {
  EventMessages events;
  events.begin(7, {picture_and_sound()[1]});
  const auto one = mark(1, 50'000);
  events.add(one);

  EXPECT_NE(place_of(events.carry(chunk(kAudio, 0)), one, 48'000), kNowhere);
  EXPECT_EQ(events.streams().kind, TrackKind::audio);
}

TEST(EventMessagesTest, another_publication_has_none_of_them) {
  EventMessages events;
  events.begin(6, picture_and_sound());
  events.add(mark(1, 50'000));  // of 7
  EXPECT_EQ(*events.carry(chunk(kVideo, 0)).bytes, kBytes);
  events.begin(7, picture_and_sound());
  events.add(mark(2, 450'000));
  events.begin(8, picture_and_sound());

  for (int i = 0; i < 6; ++i) EXPECT_EQ(*events.carry(chunk(kVideo, i)).bytes, kBytes);
}

TEST(EventMessagesTest, what_waits_is_bounded_and_the_oldest_go) {
  EventMessages events;
  events.begin(7, picture_and_sound());
  const auto first = mark(0, 50'000, std::string(8'000, 'a'));
  events.add(first);
  const auto count = static_cast<int>(EventMessages::kMaxBytes / 8'000);
  for (int i = 1; i <= count; ++i) events.add(mark(i, 50'000, std::string(8'000, 'b')));

  const auto carried = events.carry(chunk(kVideo, 0));

  EXPECT_EQ(place_of(carried, first), kNowhere);
  EXPECT_LT(carried.bytes->size(), EventMessages::kMaxBytes + 10'000);
  EXPECT_GT(carried.bytes->size(), EventMessages::kMaxBytes - 20'000);
}

TEST(EventMessagesTest, a_chunk_that_makes_no_sense_gets_it_at_its_front) {
  EventMessages events;
  events.begin(7, picture_and_sound());
  const auto one = mark(1, 0);
  events.add(one);
  auto broken = chunk(kVideo, 0);
  broken.bytes = std::make_shared<const std::string>("\0\0\1\0what", 8);

  EXPECT_EQ(place_of(events.carry(broken), one), 0U);
}

TEST(EventMessagesTest, schemes_are_announced_before_and_once_they_are_used) {
  EventMessages events({"urn:before"});
  events.begin(7, picture_and_sound());
  events.add(mark(1, 0));
  events.add(mark(2, 0));

  EXPECT_THAT(events.streams().schemes, ElementsAre("urn:before", kId3Scheme, "urn:x"));
}

TEST(EventMessagesTest, a_manifest_names_the_schemes_where_the_media_carry_them) {
  SegmentWindow window({});
  window.begin(1, tracks());
  Publication publication(33'333, 3, 30);
  feed(window, publication, 7'000'000);

  const auto mpd = dash_manifest(window, 0, "", {.events = {TrackKind::video, {"urn:a&b"}}});

  EXPECT_THAT(mpd,
              HasSubstr("contentType=\"video\" mimeType=\"video/mp4\" segmentAlignment=\"true\" "
                        "startWithSAP=\"1\"><InbandEventStream schemeIdUri=\"urn:a&amp;b\"/>"));
  EXPECT_THAT(mpd.substr(mpd.find("contentType=\"audio\"")), Not(HasSubstr("InbandEventStream")));
}

TEST(EventSchemesTest, are_read_from_a_list_with_spaces) {
  EXPECT_THAT(*parse_event_schemes("urn:a  https://b/c urn:a"),
              ElementsAre("urn:a", "https://b/c"));
  EXPECT_TRUE(parse_event_schemes("")->empty());
  EXPECT_EQ(parse_event_schemes("urn:\"a").code(), ErrorCode::invalid_argument);
  EXPECT_EQ(parse_event_schemes(std::string(201, 'a')).code(), ErrorCode::invalid_argument);
  std::string many;
  for (int i = 0; i < 17; ++i) many += "urn:" + std::to_string(i) + " ";
  EXPECT_EQ(parse_event_schemes(many).code(), ErrorCode::invalid_argument);
}

}  // namespace
}  // namespace troupe
