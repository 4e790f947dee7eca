// Watch parties: how far behind live their members are told to be.
#include <boost/json.hpp>
#include <gtest/gtest.h>

#include "net/api/live/party_book.hpp"

namespace troupe::api {
namespace {

using namespace std::chrono_literals;

struct LiveParties : ::testing::Test {
  PartyBook book;
  PartyBook::TimePoint now{1h};
  std::uint64_t epoch = 7;
  const std::string party = *book.open("s", now);

  struct Guest {
    std::uint64_t number = 0;
    boost::json::value told;
  };
  void join(Guest& guest) {
    auto number = book.join(
        "s", party, [&](const std::string& text) { guest.told = boost::json::parse(text); });
    ASSERT_TRUE(number.ok());
    guest.number = *number;
  }
  void wants(const Guest& guest, std::int64_t ms) {
    book.wants(party, guest.number, epoch, ms, now);
  }
  static std::int64_t target(const Guest& guest) {
    const auto& value = guest.told.at("target_ms");
    return value.is_null() ? 0 : value.to_number<std::int64_t>();
  }
};

TEST_F(LiveParties, TheSlowestMemberSetsThePaceOfAll) {
  Guest a, b;
  join(a);
  join(b);
  EXPECT_EQ(a.told.at("members"), 2);
  EXPECT_EQ(target(a), 0) << "nobody has said";
  wants(a, 150);
  wants(b, 700);

  EXPECT_EQ(target(a), 740);
  EXPECT_EQ(target(b), 740);
  wants(a, 500);
  EXPECT_EQ(target(a), 740);
}

TEST_F(LiveParties, TheTargetFallsWhenLessWouldHaveDoneForAWhile) {
  Guest a;
  join(a);
  wants(a, 900);
  wants(a, 300);
  EXPECT_EQ(target(a), 940);
  now += 4s;
  wants(a, 300);
  EXPECT_EQ(target(a), 940);
  now += 2s;
  wants(a, 300);

  EXPECT_EQ(target(a), 340);
  now += 60s;
  wants(a, 280);
  now += 60s;
  wants(a, 280);
  EXPECT_EQ(target(a), 340) << "not for so little";
}

TEST_F(LiveParties, NobodyHoldsTheOthersBackForLong) {
  Guest a, b;
  join(a);
  join(b);
  wants(a, 200);

  wants(b, 3'600'000);

  EXPECT_EQ(target(a), 200 + kMaxPartySpreadMs + 40);
  book.leave(party, b.number, now);
  EXPECT_EQ(a.told.at("members"), 1);
  now += 6s;
  wants(a, 200);
  EXPECT_EQ(target(a), 240) << "who left counts no more";
}

TEST_F(LiveParties, AnotherPublicationBeginsAnew) {
  Guest a, b;
  join(a);
  join(b);
  wants(a, 900);
  epoch = 8;
  wants(b, -100);

  EXPECT_EQ(target(a), -60) << "clocks of streams may run ahead";
  EXPECT_EQ(a.told.at("epoch"), 8);
  epoch = 7;
  wants(a, 900);
  EXPECT_EQ(target(a), -60);
}

TEST_F(LiveParties, APartyIsOfOneSessionAndBounded) {
  const auto none = [](const std::string&) {};
  EXPECT_EQ(book.join("other", party, none).code(), ErrorCode::not_found);
  EXPECT_EQ(book.join("s", "x", none).code(), ErrorCode::not_found);
  for (std::size_t i = 0; i < kMaxPartyMembers; ++i) ASSERT_TRUE(book.join("s", party, none).ok());
  EXPECT_EQ(book.join("s", party, none).code(), ErrorCode::overloaded);
}

TEST_F(LiveParties, OneWithoutMembersGoesAfterAWhile) {
  const auto none = [](const std::string&) {};
  now += 11min;
  ASSERT_TRUE(book.open("s", now).ok());

  EXPECT_EQ(book.join("s", party, none).code(), ErrorCode::not_found);
}

}  // namespace
}  // namespace troupe::api
