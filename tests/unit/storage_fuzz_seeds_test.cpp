// Replays the fuzzer's seeds, whole, cut and damaged, through its entry point.
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <random>
#include <string>

#include <gtest/gtest.h>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

namespace troupe::storage {
namespace {

void feed(const std::string& bytes) {
  LLVMFuzzerTestOneInput(reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size());
}

TEST(StorageFuzzSeeds, WholeCutAndDamagedRecordsAndKeysDoNoHarm) {
  constexpr unsigned kSeed = 1;
  std::mt19937 random(kSeed);
  // build/<preset>/bin/<this>: the presets all build there.
  const auto root = std::filesystem::canonical("/proc/self/exe").parent_path() /
                    "../../../tests/data/fuzz/storage_records";
  int seeds = 0;
  for (const auto& entry : std::filesystem::directory_iterator(root)) {
    std::ifstream file(entry.path(), std::ios::binary);
    const std::string bytes{std::istreambuf_iterator<char>(file), {}};
    for (std::size_t cut = 0; cut <= bytes.size(); ++cut) feed(bytes.substr(0, cut));
    for (int i = 0; i < 2'000 && !bytes.empty(); ++i) {
      auto damaged = bytes;
      for (int flips = 0; flips <= i % 3; ++flips)
        damaged[random() % damaged.size()] = static_cast<char>(random());
      feed(damaged);
    }
    ++seeds;
  }
  EXPECT_GE(seeds, 5) << "mutations seeded with " << kSeed;
}

}  // namespace
}  // namespace troupe::storage
