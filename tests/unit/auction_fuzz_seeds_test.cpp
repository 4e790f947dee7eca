// Replays the fuzzers' seeds, cut and damaged, through the entry point that this binary links.
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <random>
#include <string>

#include <gtest/gtest.h>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

namespace troupe::test {
namespace {

void feed(const std::string& bytes) {
  LLVMFuzzerTestOneInput(reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size());
}

TEST(AuctionFuzzSeeds, WholeCutAndDamagedSeedsDoNoHarm) {
  constexpr unsigned kSeed = 1;
  std::mt19937 random(kSeed);
  // build/<preset>/bin/<this>: the presets all build there.
  const auto root =
      std::filesystem::canonical("/proc/self/exe").parent_path() / "../../../tests/data/fuzz";
  int seeds = 0;
  for (const char* name : {"auction_request", "auction_campaign"}) {
    for (const auto& entry : std::filesystem::directory_iterator(root / name)) {
      std::ifstream file(entry.path(), std::ios::binary);
      const std::string bytes{std::istreambuf_iterator<char>(file), {}};
      feed(bytes);
      for (std::size_t cut = 0; cut < bytes.size(); ++cut) feed(bytes.substr(0, cut));
      for (int i = 0; i < 2'000; ++i) {
        auto damaged = bytes;
        damaged[random() % damaged.size()] = static_cast<char>(random() % 128);
        feed(damaged);
      }
      ++seeds;
    }
  }
  EXPECT_GE(seeds, 3) << "mutations seeded with " << kSeed;
}

}  // namespace
}  // namespace troupe::test
