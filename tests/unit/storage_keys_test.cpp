#include <algorithm>
#include <random>

#include <gtest/gtest.h>

#include "storage/keys.hpp"

namespace troupe::storage {
namespace {

std::string random_text(std::mt19937& random) {
  std::string text(random() % 6, '\0');
  for (auto& c : text)
    c = static_cast<char>(
        "\x00\x01\xff"
        "ab"[random() % 5]);
  return text;
}

TEST(Keys, OrderIsTheOrderOfThePiecesWhateverBytesTheyHold) {
  for (unsigned seed = 1; seed <= 5'000; ++seed) {
    std::mt19937 random(seed);
    const auto a = random_text(random), b = random_text(random);
    const auto m = random(), n = random();

    const auto first = KeyBuilder("k").text(a).u64(m).take(),
               second = KeyBuilder("k").text(b).u64(n).take();

    EXPECT_EQ(first < second, std::pair(a, m) < std::pair(b, n)) << seed;
  }
}

TEST(Keys, PiecesReadBackAsTheyWere) {
  for (unsigned seed = 1; seed <= 2'000; ++seed) {
    std::mt19937_64 random(seed);
    std::mt19937 bytes(seed);
    const auto text = random_text(bytes);
    const auto number = random();

    const auto key = KeyBuilder("tag").text(text).u32(7).u64(number).u64_descending(number).take();

    KeyReader reader(key, "tag");
    EXPECT_EQ(reader.text(), text);
    EXPECT_EQ(reader.u32(), 7U);
    EXPECT_EQ(reader.u64(), number);
    EXPECT_EQ(reader.u64_descending(), number);
    EXPECT_TRUE(reader.at_end());
  }
}

TEST(Keys, ReadersRefuseOtherTagsAndCutKeys) {
  const auto key = KeyBuilder("tag").text("abc").u64(1).take();
  EXPECT_FALSE(KeyReader(key, "other").ok());
  for (std::size_t size = 0; size < key.size(); ++size) {
    KeyReader reader(std::string_view(key).substr(0, size), "tag");
    reader.text();
    reader.u64();
    EXPECT_FALSE(reader.at_end()) << size;
  }
}

TEST(Keys, APrefixEndsAboveAllItsKeysAndBelowTheNext) {
  const auto prefix = KeyBuilder("k").text("user").take();
  const auto end = prefix_end(prefix);

  EXPECT_LT(KeyBuilder("k").text("user").text("\xff\xff\xff").take(), end);
  EXPECT_GE(KeyBuilder("k").text("user2").take(), end);
  EXPECT_EQ(prefix_end("\xff\xff"), "");
}

}  // namespace
}  // namespace troupe::storage
