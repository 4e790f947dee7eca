#include "sim/feed_check.hpp"

#include <algorithm>
#include <mutex>
#include <random>
#include <thread>
#include <unordered_map>

#include <fmt/format.h>

namespace troupe::sim {
namespace {

using Clock = std::chrono::steady_clock;

constexpr int kPageSize = 200;
constexpr std::size_t kMaxFailures = 10;
constexpr std::ptrdiff_t kNewestChecked = 400;
constexpr auto kPoll = std::chrono::milliseconds(20);

/// How often each post stands in a timeline; reads pages until `oldest` is passed.
Result<std::unordered_map<std::string, int>> read_timeline(HttpClient& client,
                                                           const std::string& oldest) {
  std::unordered_map<std::string, int> seen;
  std::string cursor;
  do {
    const auto reply = client.get(fmt::format("/api/v1/feed?limit={}{}", kPageSize,
                                              cursor.empty() ? "" : "&cursor=" + cursor));
    if (!reply.ok()) return reply.error();
    if (reply->status != 200) return refused("GET /api/v1/feed", *reply);
    const auto page = reply->json();
    for (const auto& item : page.at("items").as_array())
      ++seen[std::string(item.at("id").as_string())];
    cursor = page.as_object().contains("next") ? std::string(page.at("next").as_string()) : "";
  } while (!cursor.empty() && cursor >= oldest);  // ids sort by time
  return seen;
}

/// Reads one follower's timeline until all that it must hold is there, or the time is up.
Result<void> check_follower(const Endpoint& endpoint, const std::string& follower,
                            const std::vector<std::string>& due, Clock::time_point until,
                            const std::atomic<bool>& stop) {
  HttpClient client(endpoint.host, endpoint.http_port, endpoint.token(follower, ""));
  const auto oldest = *std::min_element(due.begin(), due.end());
  while (true) {
    auto seen = read_timeline(client, oldest);
    if (!seen.ok()) return seen.error();
    std::size_t missing = 0;
    for (const auto& id : due) {
      const auto it = seen->find(id);
      if (it == seen->end()) ++missing;
      if (it != seen->end() && it->second != 1) {
        return error(ErrorCode::corrupt, fmt::format("post {} stands {} times in {}'s timeline", id,
                                                     it->second, follower));
      }
    }
    if (missing == 0) return {};
    if (stop || Clock::now() >= until) {
      return error(ErrorCode::corrupt,
                   fmt::format("{} of {} posts never reached {}", missing, due.size(), follower));
    }
    std::this_thread::sleep_for(kPoll);
  }
}

}  // namespace

void check_timelines(const Endpoint& endpoint, const FeedSimOptions& options, const People& people,
                     const std::vector<Acknowledged>& posts, const std::atomic<bool>& stop,
                     Section& section) {
  std::vector<std::vector<std::string>> due(people.ids.size());
  for (const auto& post : posts) {
    for (const int follower : people.followers[static_cast<std::size_t>(post.author)]) {
      due[static_cast<std::size_t>(follower)].push_back(post.id);
    }
  }
  for (auto& posts_due : due) {
    if (posts_due.size() > static_cast<std::size_t>(kNewestChecked))
      posts_due.erase(posts_due.begin(), posts_due.end() - kNewestChecked);
  }
  std::vector<std::size_t> sample;
  for (std::size_t i = 0; i < due.size(); ++i) {
    if (!due[i].empty()) sample.push_back(i);
  }
  std::shuffle(sample.begin(), sample.end(), std::mt19937_64(options.seed + 2));
  sample.resize(
      std::min(sample.size(), static_cast<std::size_t>(std::max(0, options.sampled_followers))));
  const auto until = Clock::now() + options.settle;
  std::mutex mutex;
  std::size_t checked = 0;
  const std::atomic<bool> never{false};
  static_cast<void>(in_parallel(static_cast<int>(sample.size()), never, [&](int n) -> Result<void> {
    const auto follower = sample[static_cast<std::size_t>(n)];
    auto fine = check_follower(endpoint, people.ids[follower], due[follower], until, stop);
    const std::lock_guard lock(mutex);
    if (fine.ok())
      checked += due[follower].size();
    else if (section.failures.size() < kMaxFailures)
      section.failures.push_back("feed: " + fine.error().detail);
    return {};
  }));
  section.rows.push_back({"checked deliveries", static_cast<double>(checked), ""});
}

}  // namespace troupe::sim
