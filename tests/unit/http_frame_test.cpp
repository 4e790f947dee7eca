// Vectors: RFC 6455 section 5.7.
#include <gtest/gtest.h>

#include "net/ws/frame.hpp"
#include "net/ws/session.hpp"

namespace troupe::ws {
namespace {

using namespace std::string_literals;

/// What a parser reported, as one line per event.
struct Heard {
  std::vector<std::string> events;
  FrameParser::Sink sink{
      [this](std::string_view bytes, bool is_text) { add(is_text ? "text " : "binary ", bytes); },
      [this](std::string_view payload) { add("ping ", payload); },
      [this](std::string_view payload) { add("pong ", payload); },
      [this](std::uint16_t code) { add("close ", std::to_string(code)); },
  };
  void add(const char* kind, std::string_view what) { events.push_back(kind + std::string(what)); }
};

std::string masked(unsigned first, std::string_view payload) {
  const unsigned char mask[] = {0x37, 0xfa, 0x21, 0x3d};
  auto frame = encode_frame(Opcode::text, payload);
  const auto header = frame.size() - payload.size();
  frame[0] = static_cast<char>(first);
  frame[1] = static_cast<char>(static_cast<unsigned char>(frame[1]) | 0x80U);
  std::string out = frame.substr(0, header) + std::string(reinterpret_cast<const char*>(mask), 4);
  for (std::size_t i = 0; i < payload.size(); ++i) {
    out += static_cast<char>(static_cast<unsigned char>(payload[i]) ^ mask[i % 4]);
  }
  return out;
}

constexpr unsigned kFinal = 0x80, kContinuation = 0, kText = 1, kBinary = 2, kClose = 8, kPing = 9,
                   kPong = 10;

std::uint16_t verdict(std::string_view bytes, std::size_t max = 1'000) {
  Heard heard;
  FrameParser parser(max);
  return parser.feed(bytes, heard.sink);
}

std::vector<std::string> events(std::string_view bytes, std::size_t portion = SIZE_MAX) {
  Heard heard;
  FrameParser parser(100'000);
  for (std::size_t at = 0; at < bytes.size(); at += std::min(portion, bytes.size() - at)) {
    if (const auto bad = parser.feed(bytes.substr(at, portion), heard.sink); bad != 0) {
      heard.events.push_back("bad " + std::to_string(bad));
    }
  }
  return heard.events;
}

using Events = std::vector<std::string>;

TEST(Frames, TheMaskedHelloOfTheRfc) {
  EXPECT_EQ(events("\x81\x85\x37\xfa\x21\x3d\x7f\x9f\x4d\x51\x58"s), Events{"text Hello"});
  EXPECT_EQ(masked(kFinal | kText, "Hello"), "\x81\x85\x37\xfa\x21\x3d\x7f\x9f\x4d\x51\x58"s);
}

TEST(Frames, TheMaskedPongOfTheRfc) {
  EXPECT_EQ(events("\x8a\x85\x37\xfa\x21\x3d\x7f\x9f\x4d\x51\x58"s), Events{"pong Hello"});
}

TEST(Frames, EncodingMatchesTheRfc) {
  EXPECT_EQ(encode_frame(Opcode::text, "Hello"), "\x81\x05\x48\x65\x6c\x6c\x6f"s);
  EXPECT_EQ(encode_frame(Opcode::ping, "Hello"), "\x89\x05\x48\x65\x6c\x6c\x6f"s);
  EXPECT_EQ(encode_frame(Opcode::binary, std::string(256, 'x')).substr(0, 4), "\x82\x7e\x01\x00"s);
  EXPECT_EQ(encode_frame(Opcode::binary, std::string(65'536, 'x')).substr(0, 10),
            "\x82\x7f\0\0\0\0\0\x01\0\0"s);
  EXPECT_EQ(encode_frame(Opcode::binary, std::string(125, 'x')).substr(0, 2), "\x82\x7d"s);
  EXPECT_EQ(encode_frame(Opcode::binary, std::string(65'535, 'x')).substr(0, 4),
            "\x82\x7e\xff\xff"s);
}

TEST(Frames, AFragmentedMessageIsOneMessage) {
  EXPECT_EQ(events(masked(kText, "Hel") + masked(kContinuation, "") +
                   masked(kFinal | kContinuation, "lo")),
            Events{"text Hello"});
}

TEST(Frames, ControlFramesMayStandBetweenFragments) {
  const auto bytes = masked(kBinary, "a") + masked(kFinal | kPing, "p") +
                     masked(kContinuation, "b") + masked(kFinal | kPong, "") +
                     masked(kFinal | kContinuation, "c");
  EXPECT_EQ(events(bytes), (Events{"ping p", "pong ", "binary abc"}));
}

TEST(Frames, AnyPortionsGiveTheSameEvents) {
  const auto bytes = masked(kFinal | kText, "") + masked(kText, "h\xc3") +
                     masked(kFinal | kPing, std::string(125, 'p')) +
                     masked(kFinal | kContinuation, "\xa9") +
                     masked(kFinal | kBinary, std::string(300, 'm')) +
                     masked(kFinal | kBinary, std::string(65'536, 'l')) +
                     masked(kFinal | kClose,
                            "\x03\xe8"
                            "bye");
  const auto whole = events(bytes);
  ASSERT_EQ(whole.size(), 6U);
  EXPECT_EQ(whole.back(), "close 1000");
  for (const std::size_t portion : {1, 2, 3, 5, 7, 13, 1'000})
    EXPECT_EQ(events(bytes, portion), whole) << portion;
}

TEST(Frames, SplitAtEveryByteTheyAreTheSame) {
  const auto bytes = masked(kText, "ab") + masked(kFinal | kPing, "") +
                     masked(kFinal | kContinuation, std::string(130, 'c')) +
                     masked(kFinal | kClose, "");
  const auto whole = events(bytes);
  for (std::size_t at = 1; at < bytes.size(); ++at) {
    Heard heard;
    FrameParser parser(1'000);
    EXPECT_EQ(parser.feed(std::string_view(bytes).substr(0, at), heard.sink), 0);
    EXPECT_EQ(parser.feed(std::string_view(bytes).substr(at), heard.sink), 0);
    EXPECT_EQ(heard.events, whole) << at;
  }
}

TEST(Frames, ProtocolErrorsEarn1002) {
  EXPECT_EQ(verdict("\x81\x05Hello"), 1002) << "not masked";
  for (const unsigned bit : {0x40U, 0x20U, 0x10U})
    EXPECT_EQ(verdict(masked(kFinal | bit | kText, "x")), 1002) << bit;
  for (const unsigned opcode : {3, 4, 5, 6, 7, 11, 12, 13, 14, 15}) {
    EXPECT_EQ(verdict(masked(kFinal | opcode, "x")), 1002) << opcode;
  }
  EXPECT_EQ(verdict(masked(kFinal | kContinuation, "x")), 1002) << "nothing to continue";
  EXPECT_EQ(verdict(masked(kText, "x") + masked(kFinal | kText, "y")), 1002)
      << "a new message within one";
  for (const unsigned opcode : {kClose, kPing, kPong}) {
    EXPECT_EQ(verdict(masked(opcode, "")), 1002) << "fragmented control frame";
    EXPECT_EQ(verdict(masked(kFinal | opcode, std::string(126, 'x'))), 1002)
        << "long control frame";
  }
}

TEST(Frames, ALengthMustBeInItsShortestForm) {  // section 5.2
  EXPECT_EQ(verdict("\x82\xfe\x00\x7d\x00\x00\x00\x00"s), 1002);
  EXPECT_EQ(verdict("\x82\xff\x00\x00\x00\x00\x00\x00\xff\xff\x00\x00\x00\x00"s), 1002);
  EXPECT_EQ(verdict("\x82\xff\x80\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00"s), 1002)
      << "the top bit must be 0";
}

TEST(Frames, TooMuchEarns1009BeforeItIsRead) {
  EXPECT_EQ(verdict(masked(kFinal | kBinary, std::string(1'000, 'x'))), 0);
  EXPECT_EQ(verdict(masked(kFinal | kBinary, std::string(1'001, 'x')).substr(0, 8)), 1009);
  EXPECT_EQ(verdict("\x82\xff\x7f\xff\xff\xff\xff\xff\xff\xff\x00\x00\x00\x00"s), 1009);
  EXPECT_EQ(verdict(masked(kBinary, std::string(600, 'x')) +
                    masked(kFinal | kContinuation, std::string(401, 'x'))),
            1009);
}

TEST(Frames, TextMustBeUtf8) {
  EXPECT_EQ(verdict(masked(kFinal | kText, "\xc3\x28")), 1007);
  EXPECT_EQ(verdict(masked(kFinal | kBinary, "\xc3\x28")), 0);
  EXPECT_EQ(verdict(masked(kText, "\xc3") + masked(kFinal | kContinuation, "\xa9")), 0)
      << "a character in two fragments";
}

TEST(Frames, CloseCodesFollowSection7_4) {
  const auto close = [](unsigned code, const std::string& reason = "") {
    return masked(
        kFinal | kClose,
        std::string{static_cast<char>(code >> 8), static_cast<char>(code & 0xff)} + reason);
  };
  for (const unsigned code : {1000, 1001, 1002, 1003, 1007, 1011, 3000, 3999, 4000, 4999}) {
    EXPECT_EQ(events(close(code, "why")), Events{"close " + std::to_string(code)});
  }
  for (const unsigned code : {0, 999, 1004, 1005, 1006, 1015, 1016, 2000, 2999, 5000, 65535}) {
    EXPECT_EQ(verdict(close(code)), 1002) << code;
  }
  EXPECT_EQ(events(masked(kFinal | kClose, "")), Events{"close 1005"});
  EXPECT_EQ(verdict(masked(kFinal | kClose, "\x03")), 1002) << "half a code";
  EXPECT_EQ(verdict(close(1000, "\xff")), 1007);
}

TEST(Frames, NothingIsReadAfterACloseOrAnError) {
  EXPECT_EQ(events(masked(kFinal | kClose, "") + masked(kFinal | kText, "late")),
            Events{"close 1005"});
  EXPECT_EQ(events(masked(kFinal | 3U, "") + masked(kFinal | kText, "late")), Events{"bad 1002"});
}

TEST(Frames, ACloseReasonIsCutBetweenCharacters) {
  EXPECT_EQ(close_payload(4004, "gone"), "\x0f\xa4gone");
  std::string reason;
  for (int i = 0; i < 100; ++i) reason += "\xc3\xa9";
  const auto payload = close_payload(1000, reason);
  EXPECT_EQ(payload.size(), 2U + 122U);
  EXPECT_TRUE(is_valid_utf8(payload.substr(2)));
}

TEST(Frames, ErrorsHaveCloseCodesOfTheirOwn) {
  EXPECT_EQ(close_code(ErrorCode::invalid_argument), 4001);
  EXPECT_EQ(close_code(ErrorCode::internal), 4014);
  EXPECT_EQ(close_code(ErrorCode::overloaded), 1013);
}

TEST(Utf8, AcceptsWhatRfc3629Does) {
  for (const char* text :
       {"", "a", "\xc2\x80", "\xdf\xbf", "\xe0\xa0\x80", "\xed\x9f\xbf", "\xee\x80\x80",
        "\xef\xbf\xbf", "\xf0\x90\x80\x80", "\xf4\x8f\xbf\xbf", "κόσμε"}) {
    EXPECT_TRUE(is_valid_utf8(text)) << text;
  }
}

TEST(Utf8, RefusesTheRest) {
  for (const char* text :
       {"\x80", "\xbf", "\xc0\x80", "\xc1\xbf", "\xc2", "\xe0\x9f\xbf", "\xed\xa0\x80",
        "\xed\xbf\xbf", "\xe1\x80", "\xf0\x8f\xbf\xbf", "\xf4\x90\x80\x80", "\xf5\x80\x80\x80",
        "\xfe", "\xff", "a\xe2\x28\xa1", "\xf1\x80\x80"}) {
    EXPECT_FALSE(is_valid_utf8(text));
  }
}

}  // namespace
}  // namespace troupe::ws
