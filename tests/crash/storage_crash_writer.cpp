// Writes batches of several keys as fast as it can until it is killed. Each acknowledged batch's
// number is one line on standard output. Usage: storage_crash_writer DIR ROUND.
#include <cstdio>
#include <cstdlib>
#include <string>

#include <fmt/format.h>
#include <unistd.h>

#include "base/metrics.hpp"
#include "storage/store.hpp"
#include "storage/writer.hpp"

namespace troupe::storage {
namespace {

/// Under way at once: the kill falls into groups of many batches.
constexpr int kInFlight = 16;

int write_until_killed(const std::string& path, const std::string& round) {
  Metrics metrics;
  // Small buffers: flushes and compactions happen within a round.
  auto store = Store::open({.path = path, .write_buffer_bytes = 1U << 20});
  if (!store.ok()) return std::fprintf(stderr, "%s\n", store.error().detail.c_str()), 1;
  auto writer = Writer::open(**store, metrics);
  if (!writer.ok()) return std::fprintf(stderr, "%s\n", writer.error().detail.c_str()), 1;
  int next = 0;  // after the first batches only touched by the writer's thread
  std::function<void()> submit = [&] {
    const int n = next++;
    const auto key = fmt::format("{}/{:08}", round, n);
    Batch batch;
    batch.put(Family::ads, key, std::string(50 + static_cast<std::size_t>(n) % 200, 'a'));
    batch.put(Family::feed, key, std::string(50 + static_cast<std::size_t>(n) % 200, 'f'));
    batch.append({"crash/" + round, "t", key});
    const auto submitted = (*writer)->submit(std::move(batch), [&, n](const auto& done) {
      if (!done.ok()) std::_Exit(2);
      const auto line = std::to_string(n) + "\n";
      if (::write(STDOUT_FILENO, line.data(), line.size()) < 0) std::_Exit(3);
      submit();
    });
    if (!submitted.ok()) std::_Exit(4);
  };
  {
    // One batch first; it starts the others from the writer's thread.
    Batch batch;
    batch.put(Family::live, "started", round);
    const auto started = (*writer)->submit(std::move(batch), [&](const auto&) {
      for (int i = 0; i < kInFlight; ++i) submit();
    });
    if (!started.ok()) return 5;
  }
  while (true) ::pause();
}

}  // namespace
}  // namespace troupe::storage

int main(int argc, char** argv) {
  if (argc != 3) return std::fprintf(stderr, "usage: %s DIR ROUND\n", argv[0]), 64;
  return troupe::storage::write_until_killed(argv[1], argv[2]);
}
