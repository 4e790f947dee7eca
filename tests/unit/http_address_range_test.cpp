// Ranges of addresses, and whose request a trusted proxy brings.
#include <gtest/gtest.h>

#include "net/http/address_range.hpp"

namespace troupe::http {
namespace {

TEST(AddressRange, HoldsWhatSharesItsFirstBits) {
  const auto holds = [](std::string_view range, std::string_view address) {
    return AddressRange::parse(range)->holds(address);
  };

  EXPECT_TRUE(holds("203.0.113.0/24", "203.0.113.255"));
  EXPECT_FALSE(holds("203.0.113.0/24", "203.0.114.0"));
  EXPECT_TRUE(holds("203.0.113.128/25", "203.0.113.128"));
  EXPECT_FALSE(holds("203.0.113.128/25", "203.0.113.127"));
  EXPECT_TRUE(holds("203.0.113.7", "203.0.113.7"));
  EXPECT_FALSE(holds("203.0.113.7", "203.0.113.6"));
  EXPECT_TRUE(holds("0.0.0.0/0", "255.255.255.255"));
  EXPECT_TRUE(holds("2001:db8::/33", "2001:db8:7fff::1"));
  EXPECT_FALSE(holds("2001:db8::/33", "2001:db8:8000::1"));
  EXPECT_FALSE(holds("::/0", "127.0.0.1")) << "another family";
  EXPECT_TRUE(holds("127.0.0.0/8", "::ffff:127.0.0.1")) << "the same address";
  EXPECT_TRUE(holds("::ffff:10.0.0.0/104", "10.1.2.3"));
  EXPECT_FALSE(holds("10.0.0.0/8", "ten"));
}

TEST(AddressRange, WhatIsNoneIsRefused) {
  for (const auto* text : {"", "/", "10.0.0.0/", "10.0.0.0/33", "10.0.0.0/-1", "10.0.0.0/8x",
                           "2001:db8::/129", "fe80::1%1", "host", "::ffff:10.0.0.0/95"})
    EXPECT_EQ(AddressRange::parse(text).code(), ErrorCode::invalid_argument) << text;
  EXPECT_EQ(parse_address_ranges("127.0.0.1, , ::1").code(), ErrorCode::invalid_argument);
  EXPECT_EQ(parse_address_ranges(" 127.0.0.1 , ::1 ")->size(), 2U);
  EXPECT_TRUE(parse_address_ranges("")->empty());
}

TEST(ClientAddress, IsTheRightMostThatIsNoTrustedProxy) {
  const auto trusted = *parse_address_ranges("127.0.0.1, 10.0.0.0/8");
  const auto client = [&](const std::string& peer, std::string_view forwarded) {
    return client_address(peer, forwarded, trusted);
  };

  EXPECT_EQ(client("198.51.100.1", "203.0.113.7"), "198.51.100.1") << "anybody may write a header";
  EXPECT_EQ(client("127.0.0.1", ""), "127.0.0.1");
  EXPECT_EQ(client("127.0.0.1", "203.0.113.7"), "203.0.113.7");
  EXPECT_EQ(client("127.0.0.1", "1.1.1.1, 203.0.113.7, 10.2.3.4"), "203.0.113.7")
      << "the first was written by the client";
  EXPECT_EQ(client("127.0.0.1", "10.1.1.1,10.2.3.4"), "10.1.1.1");
  EXPECT_EQ(client("127.0.0.1", "1.1.1.1, nonsense, 10.2.3.4"), "10.2.3.4");
  EXPECT_EQ(client("127.0.0.1", "203.0.113.7:4711"), "203.0.113.7");
  EXPECT_EQ(client("127.0.0.1", "[2001:db8::1]:4711"), "2001:db8::1");
  EXPECT_EQ(client("::ffff:127.0.0.1", "2001:db8::1"), "2001:db8::1");
}

}  // namespace
}  // namespace troupe::http
