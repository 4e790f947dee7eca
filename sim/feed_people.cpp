#include "sim/feed_people.hpp"

#include <algorithm>
#include <mutex>
#include <random>
#include <set>
#include <thread>

#include <fmt/format.h>

namespace troupe::sim {
namespace {
constexpr int kSetupThreads = 8;
}

People make_people(const FeedSimOptions& options) {
  People people;
  const auto count = static_cast<std::size_t>(std::max(2, options.users));
  for (std::size_t i = 0; i < count; ++i)
    people.ids.push_back(fmt::format("feed{}u{}", options.seed, i));
  people.following.resize(count);
  people.followers.resize(count);
  std::vector<double> popularity(count);
  for (std::size_t i = 0; i < count; ++i) popularity[i] = 1.0 / static_cast<double>(i + 1);
  std::discrete_distribution<int> pick(popularity.begin(), popularity.end());
  std::mt19937_64 random(options.seed);
  const auto wanted = std::min(static_cast<std::size_t>(std::max(1, options.follows)), count - 1);
  for (std::size_t i = 0; i < count; ++i) {
    std::set<int> chosen;
    // A popular few are soon all followed: then any others.
    for (int tries = 0; chosen.size() < wanted; ++tries) {
      const int other =
          tries < 4 * options.follows ? pick(random) : static_cast<int>(random() % count);
      if (other != static_cast<int>(i)) chosen.insert(other);
    }
    people.following[i].assign(chosen.begin(), chosen.end());
    for (const int other : chosen)
      people.followers[static_cast<std::size_t>(other)].push_back(static_cast<int>(i));
    people.follows += chosen.size();
  }
  return people;
}

Result<void> in_parallel(int count, const std::atomic<bool>& stop,
                         const std::function<Result<void>(int)>& work) {
  std::atomic<int> next{0};
  std::mutex mutex;
  Result<void> result;
  std::vector<std::thread> threads;
  for (int t = 0; t < kSetupThreads; ++t) {
    threads.emplace_back([&] {
      for (int i = next++; i < count && !stop; i = next++) {
        if (auto done = work(i); !done.ok()) {
          const std::lock_guard lock(mutex);
          result = done;
          next = count;
        }
      }
    });
  }
  for (auto& thread : threads) thread.join();
  return result;
}

Error refused(const std::string& what, const HttpReply& reply) {
  return error(ErrorCode::unavailable, fmt::format("{}: {} {}", what, reply.status, reply.body));
}

Result<void> settle_people(const Endpoint& endpoint, const People& people,
                           const std::atomic<bool>& stop) {
  const auto count = static_cast<int>(people.ids.size());
  auto made = in_parallel(count, stop, [&](int n) -> Result<void> {
    const auto& id = people.ids[static_cast<std::size_t>(n)];
    HttpClient client(endpoint.host, endpoint.http_port, endpoint.token(id, ""));
    const auto reply = client.post("/api/v1/users", {{"handle", id}});
    if (!reply.ok()) return reply.error();
    if (reply->status != 201 && reply->status != 409) return refused("POST /api/v1/users", *reply);
    return {};
  });
  if (!made.ok()) return made;
  return in_parallel(count, stop, [&](int n) -> Result<void> {
    const auto& id = people.ids[static_cast<std::size_t>(n)];
    HttpClient client(endpoint.host, endpoint.http_port, endpoint.token(id, ""));
    for (const int other : people.following[static_cast<std::size_t>(n)]) {
      const auto reply =
          client.request("PUT", fmt::format("/api/v1/users/{}/following/{}", id,
                                            people.ids[static_cast<std::size_t>(other)]));
      if (!reply.ok()) return reply.error();
      if (reply->status != 204) return refused("PUT following", *reply);
    }
    return {};
  });
}

}  // namespace troupe::sim
