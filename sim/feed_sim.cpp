#include "sim/feed_sim.hpp"

#include <algorithm>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <random>
#include <set>
#include <thread>
#include <unordered_map>
#include <vector>

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/json.hpp>
#include <fmt/format.h>

#include "sim/http_client.hpp"
#include "sim/http_load.hpp"
#include "sim/ws_client.hpp"

namespace troupe::sim {
namespace {

namespace asio = boost::asio;
namespace json = boost::json;
using Clock = std::chrono::steady_clock;

constexpr int kSetupThreads = 8;
constexpr int kPageSize = 200;
constexpr std::size_t kMaxFailures = 10;
constexpr auto kDrain = std::chrono::seconds(5);
constexpr auto kPoll = std::chrono::milliseconds(20);

/// Who follows whom; the same seed gives the same people.
struct People {
  std::vector<std::string> ids;
  std::vector<std::vector<int>> following, followers;
  std::size_t follows = 0;
};

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

/// Splits [0, count) over a few threads; the first error ends them all.
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

/// When each post was sent, by its text, which is unique.
class PostTimes {
 public:
  void sent(const std::string& text, Clock::time_point when) {
    const std::lock_guard lock(mutex_);
    times_.emplace(text, when);
  }
  [[nodiscard]] std::optional<double> ms_since(const std::string& text) const {
    const auto now = Clock::now();
    const std::lock_guard lock(mutex_);
    const auto it = times_.find(text);
    if (it == times_.end()) return std::nullopt;
    return std::chrono::duration<double, std::milli>(now - it->second).count();
  }

 private:
  mutable std::mutex mutex_;
  std::unordered_map<std::string, Clock::time_point> times_;
};

/// One person with the page open, on a thread of its own.
class Listener {
 public:
  Listener(WsClient socket, const PostTimes& times) : socket_(std::move(socket)), times_(times) {
    thread_ = std::thread([this] { run(); });
  }
  ~Listener() { finish(); }

  void finish() {
    done_ = true;
    if (thread_.joinable()) thread_.join();
  }
  /// After finish().
  [[nodiscard]] const Histogram& delays() const noexcept { return delays_; }
  [[nodiscard]] bool lost() const noexcept { return lost_; }

 private:
  void run() {
    while (!done_) {
      const auto message = socket_.receive(std::chrono::milliseconds(100));
      if (!message.ok()) {
        if (message.code() == ErrorCode::timeout) continue;
        lost_ = true;
        return;
      }
      boost::system::error_code ec;
      const auto notice = json::parse(message->bytes, ec);
      if (ec || !notice.is_object() || !notice.as_object().contains("post")) continue;  // the hello
      const auto ms = times_.ms_since(std::string(notice.at("post").at("text").as_string()));
      if (ms) delays_.record(*ms);
    }
  }

  WsClient socket_;
  const PostTimes& times_;
  Histogram delays_;
  std::atomic<bool> done_{false};
  bool lost_ = false;
  std::thread thread_;
};

struct Acknowledged {
  std::string id;
  int author = 0;
};

class Load {
 public:
  Load(const Endpoint& endpoint, const FeedSimOptions& options, const People& people,
       PostTimes& times)
      : options_(options),
        people_(people),
        times_(times),
        load_(io_, endpoint.host, endpoint.http_port,
              static_cast<std::size_t>(std::max(1, options.connections))),
        timer_(io_),
        random_(options.seed + 1) {
    for (const auto& id : people.ids) tokens_.push_back(endpoint.token(id, ""));
    // Texts must not collide with those of an earlier run on the same users.
    run_ = static_cast<std::uint64_t>(std::chrono::system_clock::now().time_since_epoch().count());
  }

  void run(const std::atomic<bool>& stop) {
    began_ = Clock::now();
    next_post_ = next_read_ = began_;
    tick(stop);
    io_.run();
    seconds_ =
        std::chrono::duration<double>(std::min(Clock::now(), began_ + options_.duration) - began_)
            .count();
  }

  [[nodiscard]] double done_share() const {
    return std::min(1.0, std::chrono::duration<double>(Clock::now() - began_) / options_.duration);
  }
  [[nodiscard]] std::uint64_t posts() const noexcept { return posts_; }
  [[nodiscard]] std::uint64_t reads() const noexcept { return reads_; }
  [[nodiscard]] const std::vector<Acknowledged>& acknowledged() const noexcept {
    return acknowledged_;
  }

  void report(Section& section) const {
    section.rows.push_back({"posts", static_cast<double>(posts_), ""});
    section.rows.push_back({"reads", static_cast<double>(reads_), ""});
    section.rows.push_back({"errors", static_cast<double>(errors_), ""});
    const double seconds = std::max(seconds_, 1e-3);
    section.rows.push_back({"posts/s", static_cast<double>(posts_) / seconds, "1/s"});
    section.rows.push_back({"reads/s", static_cast<double>(reads_) / seconds, "1/s"});
    section.latencies.emplace("post", post_ms_);
    section.latencies.emplace("read", read_ms_);
    section.failures.insert(section.failures.end(), failures_.begin(), failures_.end());
  }

 private:
  void tick(const std::atomic<bool>& stop) {
    const auto now = Clock::now();
    const auto until = began_ + options_.duration;
    if (now >= until || stop) {
      if ((load_.queued() == 0 && load_.in_flight() == 0) || now >= until + kDrain)
        return io_.stop();
    } else {
      due(options_.posts_per_s, next_post_, now, [this](Clock::time_point at) { post(at); });
      due(options_.reads_per_s, next_read_, now, [this](Clock::time_point at) { read(at); });
    }
    timer_.expires_after(std::chrono::milliseconds(1));
    timer_.async_wait([this, &stop](boost::system::error_code ec) {
      if (!ec) tick(stop);
    });
  }

  template <class F>
  static void due(double rate, Clock::time_point& next, Clock::time_point now, const F& act) {
    if (rate <= 0) return;
    const auto interval =
        std::chrono::duration_cast<Clock::duration>(std::chrono::duration<double>(1 / rate));
    for (; next <= now; next += interval) act(next);
  }

  int anyone() { return static_cast<int>(random_() % people_.ids.size()); }

  void post(Clock::time_point due_at) {
    const int author = anyone();
    const auto text = fmt::format("{}-{}", run_, ++sent_);
    times_.sent(text, Clock::now());
    submit({"POST", "/api/v1/posts", json::serialize(json::object{{"text", text}}),
            tokens_[static_cast<std::size_t>(author)], due_at,
            [this, author](int status, const std::string& body, double ms) {
              if (status != 201) return fail(fmt::format("a post was answered with {}", status));
              boost::system::error_code ec;
              const auto made = json::parse(body, ec);
              if (ec || !made.is_object() || !made.as_object().contains("id"))
                return fail("a post has no id");
              post_ms_.record(ms);
              ++posts_;
              acknowledged_.push_back({std::string(made.at("id").as_string()), author});
            }});
  }

  void read(Clock::time_point due_at) {
    submit({"GET", "/api/v1/feed?limit=20", "", tokens_[static_cast<std::size_t>(anyone())], due_at,
            [this](int status, const std::string&, double ms) {
              if (status != 200) return fail(fmt::format("a read was answered with {}", status));
              read_ms_.record(ms);
              ++reads_;
            }});
  }

  void submit(HttpJob job) {
    if (!load_.submit(std::move(job))) fail("the server fell behind by 20,000 requests");
  }

  void fail(std::string what) {
    ++errors_;
    if (failures_.size() < kMaxFailures) failures_.push_back("feed: " + std::move(what));
  }

  const FeedSimOptions& options_;
  const People& people_;
  PostTimes& times_;
  asio::io_context io_{1};
  HttpLoad load_;
  asio::steady_timer timer_;
  std::mt19937_64 random_;
  std::vector<std::string> tokens_;
  std::uint64_t run_ = 0, sent_ = 0, errors_ = 0;
  std::atomic<std::uint64_t> posts_{0}, reads_{0};
  Clock::time_point began_ = Clock::now(), next_post_, next_read_;
  double seconds_ = 1;
  std::vector<Acknowledged> acknowledged_;
  Histogram post_ms_, read_ms_;
  std::vector<std::string> failures_;
};

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

void check_timelines(const Endpoint& endpoint, const FeedSimOptions& options, const People& people,
                     const std::vector<Acknowledged>& posts, const std::atomic<bool>& stop,
                     Section& section) {
  std::vector<std::vector<std::string>> due(people.ids.size());
  for (const auto& post : posts) {
    for (const int follower : people.followers[static_cast<std::size_t>(post.author)]) {
      due[static_cast<std::size_t>(follower)].push_back(post.id);
    }
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

std::vector<std::unique_ptr<Listener>> start_listeners(const Endpoint& endpoint, int count,
                                                       const People& people, const PostTimes& times,
                                                       Section& section) {
  std::vector<std::unique_ptr<Listener>> listeners;
  for (std::size_t i = 0;
       i < std::min(static_cast<std::size_t>(std::max(0, count)), people.ids.size()); ++i) {
    auto socket = WsClient::connect(endpoint.host, endpoint.http_port, "/feed/ws",
                                    endpoint.token(people.ids[i], ""));
    if (!socket.ok()) {
      section.failures.push_back("feed: a listener could not connect: " + socket.error().detail);
      break;
    }
    listeners.push_back(std::make_unique<Listener>(std::move(*socket), times));
  }
  return listeners;
}

}  // namespace

Result<Section> run_feed(const Endpoint& endpoint, const FeedSimOptions& options,
                         Progress& progress, const std::atomic<bool>& stop) {
  const auto people = make_people(options);
  if (auto made = settle_people(endpoint, people, stop); !made.ok()) return made.error();
  Section section;
  section.title = "feed";
  PostTimes times;
  auto listeners = start_listeners(endpoint, options.listeners, people, times, section);
  Load load(endpoint, options, people, times);
  const int part = progress.add(
      "feed", [&] { return load.done_share(); },
      [&] {
        return fmt::format("{} posts and {} reads of {} users", load.posts(), load.reads(),
                           people.ids.size());
      });
  load.run(stop);
  progress.remove(part);
  section.rows.push_back({"users", static_cast<double>(people.ids.size()), ""});
  section.rows.push_back({"follows", static_cast<double>(people.follows), ""});
  load.report(section);
  check_timelines(endpoint, options, people, load.acknowledged(), stop, section);
  Histogram delays;
  for (const auto& listener : listeners) {
    listener->finish();
    delays.merge(listener->delays());
    if (listener->lost()) section.failures.push_back("feed: a listener was disconnected");
  }
  section.rows.push_back({"notices", static_cast<double>(delays.count()), ""});
  section.latencies.emplace("post to notice", delays);
  return section;
}

}  // namespace troupe::sim
