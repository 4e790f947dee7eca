// Closed captions out of pictures, and WebVTT of them.
#include <random>
#include <tuple>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "media/captions/caption_reader.hpp"
#include "media/captions/cc_data.hpp"
#include "media/playlist/captions.hpp"
#include "tests/support/captioned_clip.hpp"

namespace troupe::media {
namespace {

using testing::HasSubstr;

std::string with_length(const std::string& nal) {
  return {std::string("\0\0\0", 3) + static_cast<char>(nal.size()) + nal};
}
std::string read(const std::string& unit, NalSyntax syntax = NalSyntax::h264) {
  return closed_captions({reinterpret_cast<const std::uint8_t*>(unit.data()), unit.size()}, 4,
                         syntax);
}
/// An SEI message with one triplet, as A/53 part 4 lays it out.
std::string sei(const std::string& triplet) {
  const auto payload =
      std::string("\xB5\x00\x31GA94\x03\x41\xFF", 10) + triplet + std::string("\xFF", 1);
  return std::string("\x04") + static_cast<char>(payload.size()) + payload + "\x80";
}

TEST(ClosedCaptions, AreReadFromSeiMessagesOfBothCodecs) {
  const auto unit = with_length("\x09\x10") + with_length("\x06" + sei("\xFC\x94\x20")) +
                    with_length("\x65 picture");

  EXPECT_EQ(read(unit), "\xFC\x94\x20");
  EXPECT_EQ(read(with_length("\x4E\x01" + sei("\xFC\x94\x2F")), NalSyntax::hevc), "\xFC\x94\x2F");
  EXPECT_EQ(read(unit, NalSyntax::hevc), "");
}

TEST(ClosedCaptions, BytesThatKeepStartCodesOutAreTakenAway) {
  // A null pair behind a zero would be 00 00 00: a 3 stands between.
  const auto payload =
      std::string("\xB5\x00\x31GA94\x03\x42\xFF\xFC\x00\x00\x03\x00\x80\x80\xFF", 18);
  const auto unit = with_length(std::string("\x06\x04\x11", 3) + payload + "\x80");

  EXPECT_EQ(read(unit), std::string("\xFC\x00\x00\x00\x80\x80", 6));
}

TEST(ClosedCaptions, OfBytesThatMakeNoSenseAreNone) {
  const auto seed = std::random_device{}();
  std::mt19937 random(seed);
  const auto good = with_length("\x06" + sei("\xFC\x94\x20"));
  for (int i = 0; i < 20'000; ++i) {
    auto unit = good;
    for (int flips = 0; flips < 3; ++flips)
      unit[random() % unit.size()] = static_cast<char>(random());
    unit.resize(random() % (unit.size() + 1));
    EXPECT_EQ(read(unit).size() % 3, 0U) << "seed " << seed;
  }
}

TEST(CaptionReader, ShowsWhatPicturesCarryAndWhenItGoes) {
  const auto clip = test::make_captioned_clip();
  auto reader = CaptionReader::open(clip.tracks.front());
  ASSERT_TRUE(reader.ok()) << reader.error().detail;

  std::vector<CaptionEvent> all;
  for (const auto& chunk : clip.chunks)
    for (auto& event : (*reader)->read(chunk)) all.push_back(std::move(event));

  const auto of = [&](CaptionChannel channel) {
    std::vector<CaptionEvent> events;
    for (const auto& event : all)
      if (event.channel == channel) events.push_back(event);
    return events;
  };
  for (const auto& [channel, text, from_us] :
       {std::tuple{CaptionChannel::cc1, "HELLO WORLD", 0.5e6},
        std::tuple{CaptionChannel::cc3, "BONJOUR LE MONDE", 0.6e6},
        std::tuple{CaptionChannel::s1, "GUTEN TAG\nWELT", 1.33e6}}) {
    const auto events = of(channel);
    ASSERT_EQ(events.size(), 2U) << text;
    EXPECT_EQ(events[0].text, text);
    EXPECT_NEAR(static_cast<double>(events[0].start_us), from_us, 0.2e6);
    EXPECT_EQ(events[1].text, "");
    EXPECT_NEAR(static_cast<double>(events[1].start_us), 2e6, 0.2e6);
  }
  EXPECT_EQ(all.size(), 6U);
}

TEST(CaptionReader, LanguagesAreReadByChannelAndService) {
  const auto languages = parse_caption_languages("cc1=en,s2=es-419");
  ASSERT_TRUE(languages.ok());
  EXPECT_EQ((*languages)[0], "en");
  EXPECT_EQ((*languages)[static_cast<std::size_t>(CaptionChannel::s2)], "es-419");
  EXPECT_TRUE(parse_caption_languages("").ok());
  for (const auto* wrong : {"en", "cc5=en", "s7=en", "cc1=", "cc1=e", "cc1=e\"n", "=en", ",cc1=en"})
    EXPECT_EQ(parse_caption_languages(wrong).code(), ErrorCode::invalid_argument) << wrong;
}

TEST(CaptionReader, TextIsFreeOfAssMarkup) {
  EXPECT_EQ(plain_text("0,0,Default,,0,0,0,,{\\an7}{\\pos(38,28)}Two\\hwords,\\Nand a line"),
            "Two words,\nand a line");
  EXPECT_EQ(plain_text("too,few,fields"), "");
}

TEST(CaptionBook, CutsCuesToTheSpanOfAFile) {
  CaptionBook book;
  book.add(7, 1'500'000, "one <i>\n\nline & more");
  book.add(7, 4'250'000, "");

  const auto first = book.webvtt(7, 0, 2'000'000), second = book.webvtt(7, 2'000'000, 4'000'000),
             third = book.webvtt(7, 4'000'000, 6'000'000);

  EXPECT_THAT(first, HasSubstr("00:00:01.500 --> 00:00:02.000\none &lt;i&gt;\nline &amp; more\n"));
  EXPECT_THAT(second, HasSubstr("00:00:02.000 --> 00:00:04.000\n"));
  EXPECT_THAT(third, HasSubstr("00:00:04.000 --> 00:00:04.250\n"));
  EXPECT_THAT(book.webvtt(8, 0, 9'000'000), testing::Not(HasSubstr("-->")));
  EXPECT_EQ(first.substr(0, 7), "WEBVTT\n");
}

TEST(CaptionBook, KeepsABoundedNumberOfCues) {
  CaptionBook book;
  for (std::size_t i = 0; i < 2 * CaptionBook::kMaxCues; ++i)
    book.add(1, static_cast<std::int64_t>(i) * 1'000'000, std::to_string(i));

  EXPECT_THAT(book.webvtt(1, 0, 5'000'000), testing::Not(HasSubstr("-->")));
}

TEST(CaptionShelf, HasTheTracksThatHaveShownSomething) {
  CaptionShelf shelf;
  shelf.add({}, 1, 0, "");
  EXPECT_TRUE(shelf.tracks().empty());
  shelf.add({}, 1, 1'000'000, "one");
  shelf.add({"captions-s1", "Service 1", "en"}, 1, 1'000'000, "two");
  shelf.add({}, 1, 2'000'000, "");

  ASSERT_EQ(shelf.tracks().size(), 2U);
  EXPECT_EQ(shelf.tracks()[1].language, "en");
  EXPECT_THAT(shelf.find("captions")->webvtt(1, 0, 9'000'000), HasSubstr("00:00:02.000\none"));
  EXPECT_THAT(shelf.find("captions-s1")->webvtt(1, 0, 9'000'000), HasSubstr("00:00:09.000\ntwo"));
  EXPECT_EQ(shelf.find("captions-s2"), nullptr);
  for (int i = 0; i < 100; ++i) shelf.add({"captions-" + std::to_string(i), "", ""}, 1, 0, "x");
  EXPECT_EQ(shelf.tracks().size(), CaptionShelf::kMaxTracks);
}

}  // namespace
}  // namespace troupe::media
