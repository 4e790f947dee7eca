// A session's chat without its actor: roles, slow mode, words, bans, what is pinned and erased.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "actors/live/chat_desk.hpp"
#include "actors/live/live_store.hpp"

namespace troupe::live {
namespace {

using namespace std::chrono_literals;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

constexpr std::uint64_t kNow = 1'000'000;

struct LiveChatDesk : ::testing::Test {
  ChatDesk desk{"s", "alice", {.per_user = {100, 100}}, {}};
  const Caller alice{"alice", false}, mod{"mod", false}, bob{"bob", false};
  ChatDesk::TimePoint now{1h};

  LiveChatDesk() { EXPECT_TRUE(act(alice, AppointModerator{"mod"}).ok()); }

  Result<ChatDesk::Change> act(const Caller& caller, ModerationAct what,
                               std::uint64_t now_ms = kNow) {
    return desk.moderate({caller, std::move(what)}, now_ms);
  }
  Result<ChatLine> try_saying(const Caller& who, const std::string& text,
                              std::uint64_t now_ms = kNow) {
    return desk.accept({who.user, "name", text, desk.role_of(who)}, now_ms, now);
  }
  std::uint64_t say(const Caller& who, const std::string& text) {
    auto line = try_saying(who, text);
    EXPECT_TRUE(line.ok());
    static_cast<void>(desk.add(*line));
    return line->number;
  }
};

TEST_F(LiveChatDesk, OnlyModeratorsModerateAndOnlyTheOwnerAppoints) {
  EXPECT_EQ(act(bob, SetChatRules{10, {}}).code(), ErrorCode::forbidden);
  EXPECT_EQ(act(mod, AppointModerator{"bob"}).code(), ErrorCode::forbidden);
  EXPECT_TRUE(act(mod, SetChatRules{10, {}}).ok());
  EXPECT_TRUE(act({"root", true}, AppointModerator{"bob"}).ok());
  EXPECT_EQ(desk.role_of(bob), ChatRole::moderator);
  EXPECT_TRUE(act(alice, DismissModerator{"bob"}).ok());
  EXPECT_EQ(desk.role_of(bob), ChatRole::viewer);
  EXPECT_EQ(act(alice, DismissModerator{"bob"}).code(), ErrorCode::not_found);
}

TEST_F(LiveChatDesk, SlowModeHoldsForViewersOnly) {
  ASSERT_TRUE(act(mod, SetChatRules{30, {}}).ok());
  say(bob, "one");

  EXPECT_EQ(try_saying(bob, "two").code(), ErrorCode::rate_limited);
  EXPECT_TRUE(try_saying(mod, "one").ok());
  EXPECT_TRUE(try_saying(mod, "two").ok());
  now += 31s;
  EXPECT_TRUE(try_saying(bob, "two").ok());
  ASSERT_TRUE(act(mod, SetChatRules{0, {}}).ok());
  EXPECT_TRUE(try_saying(bob, "three").ok());
}

TEST_F(LiveChatDesk, UnwelcomeWordsAreRefusedWhateverTheirDress) {
  ASSERT_TRUE(
      act(mod, SetChatRules{{}, std::vector<std::string>{"spam", "buy now", "scam*"}}).ok());

  for (const auto* text : {"spam", "SPAM!", "so much sPaM, really", "Buy...NOW", "scammers"})
    EXPECT_EQ(try_saying(bob, text).code(), ErrorCode::forbidden) << text;
  for (const auto* text : {"spamalot", "buy it now", "ascam", "hello"})
    EXPECT_TRUE(try_saying(bob, text).ok()) << text;
  EXPECT_TRUE(try_saying(mod, "do not say spam").ok());
}

TEST_F(LiveChatDesk, ABanSilencesErasesAndEnds) {
  const auto line = say(bob, "rude");
  ASSERT_TRUE(act(mod, PinLine{line}).ok());

  const auto change = act(mod, BanUser{"bob", 60, "rude"});

  ASSERT_TRUE(change.ok());
  EXPECT_THAT(change->announcements,
              ElementsAre(HasSubstr("chat_deleted"), HasSubstr("\"line\":null")));
  EXPECT_THAT(*desk.greeting(), Not(HasSubstr("rude")));
  EXPECT_EQ(try_saying(bob, "x", kNow + 59'999).code(), ErrorCode::forbidden);
  EXPECT_TRUE(try_saying(bob, "x", kNow + 60'000).ok());
  EXPECT_EQ(desk.status(mod, kNow).bans.size(), 1U);
  EXPECT_TRUE(desk.status(mod, kNow + 60'000).bans.empty());
  EXPECT_TRUE(desk.status(bob, kNow).bans.empty()) << "viewers see none";
}

TEST_F(LiveChatDesk, NobodyBansTheirBetters) {
  ASSERT_TRUE(act(alice, AppointModerator{"other"}).ok());

  EXPECT_EQ(act(mod, BanUser{"alice", 0, ""}).code(), ErrorCode::forbidden);
  EXPECT_EQ(act(mod, BanUser{"other", 0, ""}).code(), ErrorCode::forbidden);
  EXPECT_EQ(act(alice, BanUser{"alice", 0, ""}).code(), ErrorCode::forbidden);
  EXPECT_TRUE(act(alice, BanUser{"other", 0, ""}).ok());
  EXPECT_EQ(desk.role_of({"other", false}), ChatRole::viewer);
  EXPECT_TRUE(act(mod, PardonUser{"other"}).ok());
  EXPECT_EQ(act(mod, PardonUser{"other"}).code(), ErrorCode::not_found);
}

TEST_F(LiveChatDesk, ThePinnedLineGreetsNewcomersUntilItIsErased) {
  const auto line = say(bob, "read this");
  EXPECT_EQ(act(mod, PinLine{line + 1}).code(), ErrorCode::not_found);
  ASSERT_TRUE(act(mod, PinLine{line}).ok());
  EXPECT_THAT(*desk.greeting(), HasSubstr("\"pinned\":{\"number\":1"));

  ASSERT_TRUE(act(mod, EraseLine{line}).ok());

  EXPECT_THAT(*desk.greeting(), HasSubstr("\"pinned\":null"));
  EXPECT_THAT(*desk.greeting(), Not(HasSubstr("read this")));
  EXPECT_EQ(act(mod, EraseLine{line}).code(), ErrorCode::not_found);
}

TEST_F(LiveChatDesk, NumbersOfErasedLinesAreNotUsedAgainAfterARestart) {
  say(bob, "stays");
  const auto last = say(bob, "goes");
  ASSERT_TRUE(act(mod, EraseLine{last}).ok());
  const auto rules = desk.status(alice, kNow).rules;

  ChatDesk restarted("s", "alice", {}, {{{1, "bob", "name", "stays", kNow}}, rules, {}});

  EXPECT_EQ(restarted.accept({"bob", "name", "new"}, kNow, now)->number, last + 1);
}

TEST_F(LiveChatDesk, EverythingIsBounded) {
  std::vector<std::string> many(kMaxWords + 1, "word");
  EXPECT_EQ(act(mod, SetChatRules{{}, many}).code(), ErrorCode::too_large);
  EXPECT_EQ(act(mod, SetChatRules{{}, std::vector<std::string>{"?!"}}).code(),
            ErrorCode::invalid_argument);
  EXPECT_EQ(act(mod, SetChatRules{4'000, {}}).code(), ErrorCode::invalid_argument);
  EXPECT_EQ(act(mod, BanUser{std::string(200, 'x'), 0, ""}).code(), ErrorCode::invalid_argument);
  for (std::size_t i = 1; i < kMaxModerators; ++i)
    ASSERT_TRUE(act(alice, AppointModerator{"m" + std::to_string(i)}).ok());
  EXPECT_EQ(act(alice, AppointModerator{"one more"}).code(), ErrorCode::too_large);
  for (std::size_t i = 0; i < kMaxBans; ++i)
    ASSERT_TRUE(act(mod, BanUser{"b" + std::to_string(i), 1, ""}).ok());
  EXPECT_EQ(act(mod, BanUser{"one more", 1, ""}).code(), ErrorCode::too_large);
  EXPECT_TRUE(act(mod, BanUser{"one more", 1, ""}, kNow + 1'000).ok()) << "the others have ended";
}

TEST(LiveChatRoom, AllTogetherSayOnlySoMuch) {
  ChatRoom room({.per_user = {1, 1}, .per_room = {10, 20}});
  int said = 0;
  for (int i = 0; i < 100; ++i)
    said +=
        room.accept({"u" + std::to_string(i), "n", "t"}, 0, ChatRoom::TimePoint(1h)).ok() ? 1 : 0;

  EXPECT_EQ(said, 20);
}

TEST(LiveRecord, ChatRulesAndBansReadBackAsTheyWereWritten) {
  const ChatRules rules{30,
                        {"spam", "buy now"},
                        {"mod"},
                        ChatLine{7, "alice", "Alice", "read this", 99, ChatRole::owner},
                        12};
  const ChatBan ban{"bob", 5, "mod", "rude"};

  EXPECT_EQ(decode_chat_rules(encode_chat_rules(rules)), rules);
  EXPECT_EQ(decode_chat_rules(encode_chat_rules({})), ChatRules{});
  EXPECT_EQ(decode_chat_ban("bob", encode_chat_ban(ban)), ban);
  EXPECT_FALSE(decode_chat_rules("nonsense"));
  EXPECT_FALSE(decode_chat_ban("bob", "nonsense"));
}

}  // namespace
}  // namespace troupe::live
