#include "sim/feed_sim.hpp"

#include <algorithm>
#include <memory>
#include <mutex>
#include <optional>
#include <random>
#include <thread>
#include <unordered_map>
#include <vector>

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/json.hpp>
#include <fmt/format.h>

#include "sim/feed_check.hpp"
#include "sim/feed_people.hpp"
#include "sim/http_load.hpp"
#include "sim/ws_client.hpp"

namespace troupe::sim {
namespace {

namespace asio = boost::asio;
namespace json = boost::json;
using Clock = std::chrono::steady_clock;

constexpr std::size_t kMaxFailures = 10;
constexpr auto kDrain = std::chrono::seconds(5);

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
