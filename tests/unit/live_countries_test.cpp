// Where addresses are, by a database that this test wrote.
#include <fstream>

#include <gtest/gtest.h>

#include "base/metrics.hpp"
#include "net/api/live/country_book.hpp"
#include "tests/support/country_file.hpp"
#include "tests/support/server_process.hpp"
#include "tests/support/temp_dir.hpp"

namespace troupe::api {
namespace {

struct LiveCountries : ::testing::Test {
  test::TempDir dir;
  Metrics metrics;
  const std::filesystem::path file = dir / "countries.mmdb";

  void write(const std::string& bytes) const {
    std::ofstream(file, std::ios::binary | std::ios::trunc) << bytes;
  }
};

TEST_F(LiveCountries, AreThoseOfTheSmallestNetworkThatHoldsTheAddress) {
  write(test::country_file(
      {{"192.0.2.0/25", "NZ"}, {"192.0.2.128/25", "FR"}, {"2001:db8::/32", "DE"}}));
  const auto book = CountryBook::open(file, metrics);
  ASSERT_TRUE(book.ok()) << book.error().detail;

  EXPECT_EQ((*book)->country("192.0.2.1"), "NZ");
  EXPECT_EQ((*book)->country("192.0.2.255"), "FR");
  EXPECT_EQ((*book)->country("2001:db8:1::1"), "DE");
  EXPECT_EQ((*book)->country("192.0.3.1"), "");
  EXPECT_EQ((*book)->country("2001:db9::1"), "");
  EXPECT_EQ((*book)->country("not an address"), "");
  EXPECT_EQ((*book)->country(""), "");
}

TEST_F(LiveCountries, ANewFileIsTakenAndABrokenOneLeavesTheOldInPlace) {
  write(test::country_file({{"192.0.2.0/24", "NZ"}}));
  const auto book = *CountryBook::open(file, metrics);

  write(test::country_file({{"192.0.2.0/25", "FR"}, {"192.0.2.128/25", "FR"}}));
  EXPECT_TRUE(test::eventually([&] { return book->country("192.0.2.1") == "FR"; }));
  write("broken");
  EXPECT_TRUE(test::eventually([&] {
    return metrics.expose().find("troupe_live_countries_reload_failures_total 1") !=
           std::string::npos;
  }));
  EXPECT_EQ(book->country("192.0.2.1"), "FR");
}

TEST_F(LiveCountries, WhatIsNoDatabaseIsRefused) {
  EXPECT_EQ(CountryBook::open(file, metrics).code(), ErrorCode::io);
  write("broken");
  EXPECT_EQ(CountryBook::open(file, metrics).code(), ErrorCode::corrupt);
  const auto whole = test::country_file({{"192.0.2.0/24", "NZ"}});
  // Cut anywhere: refused, or nothing is known of the address, but nothing breaks.
  for (std::size_t size = 0; size < whole.size(); size += 7) {
    write(whole.substr(0, size));
    if (const auto book = CountryBook::open(file, metrics); book.ok())
      static_cast<void>((*book)->country("192.0.2.1"));
  }
}

}  // namespace
}  // namespace troupe::api
