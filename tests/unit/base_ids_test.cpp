#include <set>

#include <gtest/gtest.h>

#include "base/ids.hpp"

namespace troupe {
namespace {

TEST(Id, TextFormRoundTripsAndKeepsOrder) {
  std::string previous;
  for (int i = 0; i < 10'000; ++i) {
    const auto id = make_id();

    const auto text = id.to_string();

    ASSERT_EQ(text.size(), 26U);
    ASSERT_EQ(parse_id(text), id);
    ASSERT_LT(previous, text);
    previous = text;
  }
}

TEST(Id, OneMadeAfterAnotherIsGreaterWhateverTheClockSays) {
  Id future = make_id();
  future.bytes[0] = 0x7f;

  const auto next = make_id_after(future);

  EXPECT_GT(next, future);
  EXPECT_EQ(next.time_ms(), future.time_ms());
}

// The example of https://github.com/ulid/spec: 01ARZ3NDEKTSV4RRFFQ69G5FAV was made at
// 1469922850259.
TEST(Id, TimeOfTheSpecificationsExample) {
  const auto id = parse_id("01ARZ3NDEKTSV4RRFFQ69G5FAV");

  ASSERT_TRUE(id);
  EXPECT_EQ(id->time_ms(), 1469922850259U);
  EXPECT_EQ(id->to_string(), "01ARZ3NDEKTSV4RRFFQ69G5FAV");
}

TEST(Id, RefusesWhatIsNoId) {
  EXPECT_FALSE(parse_id(""));
  EXPECT_FALSE(parse_id("01ARZ3NDEKTSV4RRFFQ69G5FA"));
  EXPECT_FALSE(parse_id("81ARZ3NDEKTSV4RRFFQ69G5FAV"));  // more than 128 bits
  EXPECT_FALSE(parse_id("01ARZ3NDEKTSV4RRFFQ69G5FAU"));  // U is not in the alphabet
}

}  // namespace
}  // namespace troupe
