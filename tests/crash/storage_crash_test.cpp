// Kills a process that writes through the group-commit writer at random instants: what it heard
// acknowledged is there, and no batch is there by half. Rounds: TROUPE_CRASH_ROUNDS, 50 by default.
#include <algorithm>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <random>
#include <set>
#include <thread>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "sim/child_process.hpp"
#include "storage/journal.hpp"
#include "storage/store.hpp"
#include "tests/support/temp_dir.hpp"

namespace troupe::storage {
namespace {

using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;

constexpr auto kStartTimeout = 30s;

int rounds() {
  const char* text = std::getenv("TROUPE_CRASH_ROUNDS");
  return text == nullptr ? 50 : std::atoi(text);
}

/// Beside this test's own binary.
std::string crash_writer() {
  return (std::filesystem::read_symlink("/proc/self/exe").parent_path() / "storage_crash_writer")
      .string();
}

/// The whole lines of `path`: a line that the kill cut was not heard.
std::set<std::string> acknowledged(const std::string& path) {
  std::ifstream file(path);
  const std::string text((std::istreambuf_iterator<char>(file)), {});
  std::set<std::string> numbers;
  for (std::size_t begin = 0; begin < text.size();) {
    const auto end = text.find('\n', begin);
    if (end == std::string::npos) break;
    numbers.insert(fmt::format("{:0>8}", text.substr(begin, end - begin)));
    begin = end + 1;
  }
  return numbers;
}

void run_and_kill(const std::string& db, const std::string& round, const std::string& out,
                  std::chrono::microseconds after_first) {
  std::filesystem::remove(out);  // or the last round's lines would count as this one's
  auto child = sim::ChildProcess::start({crash_writer(), db, round},
                                        {.stdout_path = out, .stderr_path = "-"});
  ASSERT_TRUE(child.ok()) << child.error().detail;
  const auto deadline = Clock::now() + kStartTimeout;
  const auto silent = [&out] {
    std::error_code missing;
    const auto size = std::filesystem::file_size(out, missing);
    return missing || size == 0;
  };
  while (silent() && child->running() && Clock::now() < deadline)
    std::this_thread::sleep_for(200us);
  std::this_thread::sleep_for(after_first);  // the random instant
  child->signal(SIGKILL);
  ASSERT_EQ(child->wait(10s), 128 + SIGKILL) << "ended by itself";
}

std::set<std::string> numbers_of(const Store& store, Family family, const std::string& round) {
  std::set<std::string> numbers;
  const auto scanned = store.scan(family, round + "/", round + "0", SIZE_MAX, [&](auto key, auto) {
    numbers.emplace(key.substr(round.size() + 1));
    return true;
  });
  EXPECT_TRUE(scanned.ok());
  return numbers;
}

/// The round's batches as the journal tells them, from `offset` on, which is moved to the end.
std::set<std::string> numbers_in_journal(const Store& store, const std::string& round,
                                         std::uint64_t& offset) {
  std::set<std::string> numbers;
  while (true) {
    const auto events = read_journal(store, offset, 10'000);
    if (!events.ok() || events->empty()) break;
    for (const auto& event : *events) {
      EXPECT_EQ(event.offset, offset++) << "a gap in the journal";
      numbers.insert(event.payload.substr(round.size() + 1));
    }
  }
  return numbers;
}

TEST(StorageCrash, KilledAtAnyInstantAcknowledgedBatchesAreThereAndNoneIsHalf) {
  const auto seed = std::random_device{}();
  std::printf("seed %u\n", seed);
  std::mt19937 random(seed);
  test::TempDir dir;
  std::uint64_t offset = 1;
  std::size_t heard_in_all = 0, beyond = 0;

  for (int i = 0; i < rounds() && !testing::Test::HasFailure(); ++i) {
    const auto round = fmt::format("r{:05}", i);
    run_and_kill(dir / "db", round, dir / "out",
                 std::chrono::microseconds(std::uniform_int_distribution<>(0, 60'000)(random)));
    const auto heard = acknowledged(dir / "out");
    const auto store = Store::open({.path = dir / "db"});
    ASSERT_TRUE(store.ok()) << store.error().detail;
    const auto ads = numbers_of(**store, Family::ads, round);

    EXPECT_TRUE(std::includes(ads.begin(), ads.end(), heard.begin(), heard.end()))
        << "lost in " << round;
    EXPECT_EQ(ads, numbers_of(**store, Family::feed, round)) << "half batches in " << round;
    EXPECT_EQ(ads, numbers_in_journal(**store, round, offset)) << "events of " << round;
    heard_in_all += heard.size();
    beyond += ads.size() - std::min(ads.size(), heard.size());
  }

  std::printf("%d rounds, %zu batches acknowledged, %zu more found whole\n", rounds(), heard_in_all,
              beyond);
  EXPECT_GT(heard_in_all, 0U);
}

}  // namespace
}  // namespace troupe::storage
