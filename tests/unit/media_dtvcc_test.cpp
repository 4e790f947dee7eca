// Captions of CEA-708, and the channels of CEA-608. Section numbers are those of CTA-708-E.
#include <random>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "media/captions/dtvcc.hpp"
#include "media/captions/line21.hpp"

namespace troupe::media {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

std::span<const std::uint8_t> bytes(const std::string& text) {
  return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
}

/// Section 8.10.5.2: window `id` with so many rows and columns, its top about at `line` of 75.
std::string define_window(int id, bool visible, int rows, int columns, int line = 60) {
  return {static_cast<char>(0x98 + id),
          static_cast<char>(visible ? 0x20 : 0),
          static_cast<char>(line),
          0,
          static_cast<char>(rows - 1),
          static_cast<char>(columns - 1),
          0};
}
const std::string kShow0 = "\x89\x01", kHide0 = "\x8A\x01", kClear0 = "\x88\x01",
                  kDelete0 = "\x8C\x01";

/// What a television would be sent; packets are numbered.
class Caster {
 public:
  std::vector<DtvccText> send(const std::string& commands, int service = 1) {
    std::string block;
    if (service < 7) {
      block += static_cast<char>(service << 5 | static_cast<int>(commands.size()));
    } else {
      block += static_cast<char>(7 << 5 | static_cast<int>(commands.size()));
      block += static_cast<char>(service);
    }
    return packet(block + commands);
  }
  std::vector<DtvccText> packet(std::string blocks) {
    const auto code = (blocks.size() + 2) / 2;
    blocks.insert(blocks.begin(), static_cast<char>(sequence++ % 4 << 6 | static_cast<int>(code)));
    blocks.resize(2 * code);
    std::string triplets;
    for (std::size_t i = 0; i < blocks.size(); i += 2)
      triplets += std::string(1, static_cast<char>(i == 0 ? 0xFF : 0xFE)) + blocks.substr(i, 2);
    return reader.read(bytes(triplets));
  }
  /// The text of service 1 after these.
  std::string shows(const std::string& commands) {
    for (auto& shown : send(commands)) text = std::move(shown.text);
    return text;
  }

  DtvccReader reader;
  int sequence = 0;
  std::string text;
};

TEST(Dtvcc, AWindowThatIsFilledHiddenShowsWhenItIsDisplayed) {
  Caster caster;

  EXPECT_THAT(caster.send(define_window(0, false, 2, 32) + "HELLO\rWORLD"), IsEmpty());
  EXPECT_EQ(caster.shows(kShow0), "HELLO\nWORLD");
  EXPECT_THAT(caster.send("\x91\x2A\x2A\x2A\x90\x05\x05"), IsEmpty()) << "colours and the pen";
  EXPECT_EQ(caster.shows(kHide0), "");
  EXPECT_EQ(caster.shows("\x8B\x01"), "HELLO\nWORLD") << "toggled";
  EXPECT_EQ(caster.shows(kDelete0), "");
  EXPECT_THAT(caster.send("LOST"), IsEmpty()) << "there is no window";
}

TEST(Dtvcc, TextRollsUpWhereTheWindowEnds) {
  Caster caster;

  EXPECT_EQ(caster.shows(define_window(0, true, 2, 10) + "one\rtwo\rthree"), "two\nthree");
  EXPECT_EQ(caster.shows("\x08\x08"
                         "\x0E"
                         "four"),
            "two\nfour")
      << "back, and the line anew";
  EXPECT_EQ(caster.shows("\x0C"
                         "five"),
            "five")
      << "form feed";
  EXPECT_EQ(caster.shows(" is more than there is room"), "five is mo");
}

TEST(Dtvcc, ThePenWritesWhereItIsPut) {
  Caster caster;

  EXPECT_EQ(caster.shows(define_window(0, true, 3, 20) + std::string("\x92\x02\x04", 3) + "low" +
                         std::string("\x92\x00\x00", 3) + "high"),
            "high\nlow");
  EXPECT_EQ(caster.shows(kClear0), "");
}

TEST(Dtvcc, WindowsAreReadFromTheTopOfTheScreen) {
  Caster caster;
  caster.send(define_window(0, true, 1, 20, 70) + "below");

  EXPECT_EQ(caster.shows(define_window(1, true, 1, 20, 5) + "above"), "above\nbelow");
  EXPECT_EQ(caster.shows("\x80 more"), "above\nbelow more") << "SetCurrentWindow";
}

TEST(Dtvcc, CharactersOfAllGroupsBecomeUtf8) {
  Caster caster;

  EXPECT_EQ(
      caster.shows(define_window(0, true, 1, 32) + "\x7F \xE9 \x10\x25 \x10\x39 \x10\xA0 \x10\x50"),
      "\u266A \u00E9 \u2026 \u2122 \u24B8 _");
}

TEST(Dtvcc, CommandsThatNobodyKnowsAreSteppedOver) {
  Caster caster;
  caster.send(define_window(0, true, 1, 32));

  // C2 with 0 to 3 bytes, C3 with 4, 5 and as many as it says, C0 with 1 and 2.
  EXPECT_EQ(caster.shows("\x10\x01"
                         "a"
                         "\x10\x09x"
                         "b"
                         "\x10\x12xx"
                         "c"
                         "\x10\x1Axxx"
                         "d"
                         "\x10\x81xxxx"
                         "e"),
            "abcde");
  EXPECT_EQ(caster.shows("\x10\x89xxxxx"
                         "f"
                         "\x10\x91\x02xx"
                         "g"
                         "\x11x"
                         "h"
                         "\x18xx"
                         "i"),
            "abcdefghi");
  EXPECT_EQ(caster.shows("\x8D\x10"
                         "j"
                         "\x8E"
                         "k"
                         "\x97xxxx"
                         "l"
                         "\x93"
                         "m"),
            "abcdefghijklm");
}

TEST(Dtvcc, EachServiceHasItsOwnScreen) {
  Caster caster;
  const auto english = define_window(0, true, 1, 9) + "yes",
             spanish = define_window(0, true, 1, 9) + "si";
  std::string blocks;
  blocks += static_cast<char>(1 << 5 | static_cast<int>(english.size()));
  blocks += english;
  blocks += static_cast<char>(2 << 5 | static_cast<int>(spanish.size()));
  blocks += spanish;

  const auto shown = caster.packet(blocks);

  ASSERT_EQ(shown.size(), 2U);
  EXPECT_EQ(shown[0].service, 1);
  EXPECT_EQ(shown[0].text, "yes");
  EXPECT_EQ(shown[1].service, 2);
  EXPECT_EQ(shown[1].text, "si");
  EXPECT_THAT(caster.send(define_window(0, true, 1, 9) + "far", 9), IsEmpty()) << "not followed";
}

TEST(Dtvcc, AfterALostPacketTheScreenIsEmptyUntilItIsFilledAnew) {
  Caster caster;
  ASSERT_EQ(caster.shows(define_window(0, true, 1, 9) + "old"), "old");
  ++caster.sequence;

  EXPECT_EQ(caster.shows("x"), "");
  EXPECT_EQ(caster.shows(define_window(0, true, 1, 9) + "new"), "new");
  EXPECT_EQ(caster.shows("\x8F"), "") << "reset";
}

TEST(Dtvcc, APacketGoesOverManyPicturesAndHalfOfOneIsNothing) {
  DtvccReader reader;
  // A service block of 10 bytes, and a header that says 12 for all.
  const std::string packet = "\x06\x2A" + define_window(0, true, 1, 9) + "abc";
  std::vector<DtvccText> shown;
  for (std::size_t i = 0; i < packet.size(); i += 2) {
    EXPECT_THAT(shown, IsEmpty());
    shown = reader.read(bytes((i == 0 ? "\xFF" : "\xFE") + packet.substr(i, 2)));
  }
  ASSERT_EQ(shown.size(), 1U);
  EXPECT_EQ(shown[0].text, "abc");
  EXPECT_THAT(reader.read(bytes("\xFE"
                                "xx")),
              IsEmpty())
      << "data without a beginning";
}

TEST(Dtvcc, AnyBytesAreFine) {
  const auto seed = std::random_device{}();
  std::mt19937 random(seed);
  DtvccReader reader;
  for (int i = 0; i < 20'000; ++i) {
    std::string triplets(random() % 96, '\0');
    for (auto& byte : triplets) byte = static_cast<char>(random());
    for (std::size_t at = 0; at < triplets.size(); at += 3)
      triplets[at] = static_cast<char>(random() % 4 == 0 ? 0xFF : 0xFE);
    for (const auto& shown : reader.read(bytes(triplets)))
      ASSERT_LT(shown.text.size(), 8U * 16 * 43 * 3) << "seed " << seed;
  }
}

std::string pair(int field, const char* two) {
  return std::string(1, static_cast<char>(0xFC + field)) + two;
}

TEST(Line21, TakesTheFourChannelsApartAndMakesEachTheFirst) {
  Line21 line;
  // Resume caption loading for each (14 20, 1C 20), with odd parity; then text.
  const auto out =
      line.split(bytes(pair(0, "\x94\x20") + pair(0, "\xC1\xC2") + pair(0, "\x1C\x20") +
                       pair(0, "\x43\xC4") + pair(1, "\x15\x20") + pair(1, "\x45\x46")));

  EXPECT_EQ(out[0], "\xFC\x94\x20\xFC\xC1\xC2");
  EXPECT_EQ(out[1], "\xFC\x94\x20\xFC\x43\xC4") << "the parity is that of the new code";
  EXPECT_EQ(out[2], "\xFC\x15\x20\xFC\x45\x46");
  EXPECT_EQ(out[3], "");
}

TEST(Line21, ExtendedDataAndTextBeforeAnyCodeAreNoCaptions) {
  Line21 line;

  const auto out =
      line.split(bytes(pair(0, "\xC1\xC2") + pair(1, "\x15\x20") + pair(1, "\x01\x02") +
                       pair(1, "\x45\x46") + pair(2, "xx") + std::string("\xF8\x94\x20")));

  EXPECT_THAT(out, ElementsAre("", "", "\xFC\x15\x20", ""));
}

}  // namespace
}  // namespace troupe::media
