#include <random>

#include <boost/json.hpp>
#include <fmt/format.h>
#include <gtest/gtest.h>

#include "actors/auction/money.hpp"
#include "actors/auction/openrtb.hpp"

namespace troupe::auction {
namespace {

std::string read(std::string_view decimal) {
  const auto amount = parse_micros(decimal);
  return amount.ok() ? std::to_string(*amount) : amount.error().detail;
}

TEST(Money, DecimalsAreReadExactly) {
  const std::pair<const char*, const char*> cases[] = {
      {"0", "0"},
      {"0.0", "0"},
      {"2.675", "2675000"},
      {"0.000007", "7"},
      {"1e-6", "1"},
      {"1.5E+3", "1500000000"},
      {"1000e-9", "1"},
      {"0.1000000000000", "100000"},
      {"999999999.999999", "999999999999999"},
      {"1000000000", "1000000000000000"},
      {"1000000000.000001", "is out of range"},
      {"0.0000001", "has more than 6 decimal places"},
      {"1.00000000000000000001", "has more than 6 decimal places"},
      {"-1", "must not be negative"},
      {"", "must be a number"},
      {".5", "must be a number"},
      {"1.", "must be a number"},
      {"1e", "must be a number within bounds"},
      {"1e99999", "must be a number within bounds"},
      {"1e999", "is out of range"},
      {"0x10", "must be a number"},
      {"NaN", "must be a number"},
  };
  for (const auto& [text, expected] : cases) EXPECT_EQ(read(text), expected) << text;
}

TEST(Money, EveryAmountOfMicrosSurvivesItsDecimal) {
  constexpr unsigned kSeed = 7;
  std::mt19937_64 random(kSeed);
  for (int i = 0; i < 20'000; ++i) {
    const auto micros = static_cast<Micros>(random() % (kMaxMoney + 1)) >> (random() % 50);
    ASSERT_EQ(*parse_micros(to_decimal(micros)), micros) << "seed " << kSeed;
    // As a JSON number that went through another program's double.
    if (micros < 100'000'000'000'000) {
      const boost::json::value number = static_cast<double>(micros) / 1e6;
      ASSERT_EQ(*money_of(number), micros) << "seed " << kSeed;
    }
  }
}

TEST(Money, ADocumentKeepsTheLiteralsOfMoneyOnly) {
  const auto parsed = parse_with_money(
      R"( {"bidfloor":0.1,"w":300,"x":[1.5,{"bid_cpm":2.50,"budget":null}],"bid_cpm":"a"} )");

  ASSERT_TRUE(parsed.ok()) << parsed.error().detail;
  EXPECT_EQ(
      boost::json::serialize(*parsed),
      R"({"bidfloor":"0.1","w":300,"x":[1.5E0,{"bid_cpm":"2.50","budget":null}],"bid_cpm":"a"})");
}

TEST(Money, WhatIsNoJsonObjectIsRefused) {
  EXPECT_EQ(parse_with_money("[1]").error().detail, "the body must be a JSON object");
  for (const char* bad : {"", "{", "{\"bidfloor\":}", "{} x", "{\"bidfloor\":1.}", "{\"a\":1e}"})
    EXPECT_FALSE(parse_with_money(bad).ok()) << bad;
  EXPECT_FALSE(parse_with_money(std::string(100, '[')).ok());
}

// A double has no 0.1234565; a price that was rounded on its way in would pass as 0.123457.
TEST(Money, AFloorWithMoreDigitsThanMicrosIsRefusedByName) {
  const auto body = parse_with_money(
      R"({"id":"r","imp":[{"id":"1","banner":{"w":1,"h":1},"bidfloor":1.0000000000000000001}]})");

  EXPECT_EQ(parse_bid_request(*body).error().detail,
            "imp[0].bidfloor: has more than 6 decimal places");
}

}  // namespace
}  // namespace troupe::auction
