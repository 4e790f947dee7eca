#include <gtest/gtest.h>

#include "net/http/byte_range.hpp"

namespace troupe::http {
namespace {

std::optional<ByteRange> parse(std::string_view header) {
  return *parse_byte_range(header, 1'000);
}

// The examples of RFC 9110, section 14.1.2, for a file of 1,000 bytes.
TEST(ByteRange, IsCutToTheFile) {
  EXPECT_EQ(parse("bytes=0-499"), (ByteRange{0, 499}));
  EXPECT_EQ(parse("bytes=500-999"), (ByteRange{500, 999}));
  EXPECT_EQ(parse("bytes=500-5000"), (ByteRange{500, 999}));
  EXPECT_EQ(parse("bytes=950-"), (ByteRange{950, 999}));
  EXPECT_EQ(parse("bytes=-50"), (ByteRange{950, 999}));
  EXPECT_EQ(parse("bytes=-5000"), (ByteRange{0, 999}));
}

TEST(ByteRange, WhatIsMalformedIsIgnored) {
  for (const auto* header :
       {"", "bytes", "bytes=", "bytes=-", "bytes=a-b", "bytes=5-4", "lines=1-2", "bytes=0-1,3-4",
        "bytes=99999999999999999999-", "bytes=+1-2", "bytes=1 -2"})
    EXPECT_EQ(parse(header), std::nullopt) << header;
}

TEST(ByteRange, WhatLiesBehindTheFileIsAnError) {
  EXPECT_FALSE(parse_byte_range("bytes=1000-", 1'000).ok());
  EXPECT_FALSE(parse_byte_range("bytes=-0", 1'000).ok());
  EXPECT_FALSE(parse_byte_range("bytes=0-", 0).ok());
}

}  // namespace
}  // namespace troupe::http
