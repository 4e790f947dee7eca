#include "net/api/relay/edge.hpp"

#include <algorithm>
#include <atomic>
#include <deque>
#include <mutex>
#include <random>
#include <shared_mutex>
#include <thread>
#include <unordered_map>

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/ssl/context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <spdlog/spdlog.h>

#include "base/metrics.hpp"
#include "net/api/relay/edge_upstream.hpp"

namespace troupe::api {
namespace {

namespace asio = boost::asio;
using Clock = std::chrono::steady_clock;

constexpr std::chrono::milliseconds kTick{500};
constexpr std::chrono::seconds kRefusedFor{2};
constexpr std::chrono::seconds kEndedStays{150};  ///< longer than a window of HLS does
constexpr std::size_t kMaxRefused = 10'000;
constexpr std::size_t kMaxFetchBytes = 2U << 20, kMaxKeptBytes = 64U << 20;

std::vector<double> delay_buckets() {
  return {0.0001, 0.0002, 0.0003, 0.0005, 0.00075, 0.001, 0.0015, 0.002, 0.003, 0.005,
          0.0075, 0.01,   0.015,  0.025,  0.05,    0.1,   0.25,   0.5,   1,     2.5};
}

/// What any thread may ask of a relayed session.
struct Known {
  std::atomic<Clock::rep> interest{0};
  std::atomic<bool> ready{false};
  std::atomic<std::int64_t> sockets{0}, players{0};

  void touch() noexcept { interest = Clock::now().time_since_epoch().count(); }
};

class Edge final : public LiveEdge {
 public:
  Edge(Metrics& metrics, EdgeOptions options, EdgeSinks sinks, relay::OriginAddress origin)
      : options_(std::move(options)),
        sinks_(std::move(sinks)),
        origin_(std::move(origin)),
        sessions_gauge_(
            metrics.gauge("troupe_live_upstream_sessions", "Sessions that come from the origin")),
        bytes_(metrics.counter("troupe_live_upstream_bytes_total",
                               "Bytes of messages from the origin")),
        reconnects_(metrics.counter("troupe_live_upstream_reconnects_total",
                                    "Upstreams that broke and were opened anew")),
        delay_(metrics.histogram("troupe_live_upstream_delay_seconds",
                                 "From a chunk complete at the origin to it here, checked",
                                 delay_buckets())) {}

  Result<void> open() {
    boost::system::error_code ec;
    if (options_.ca_file.empty()) {
      tls_.set_default_verify_paths(ec);
    } else {
      tls_.load_verify_file(options_.ca_file, ec);
    }
    if (ec) return error(ErrorCode::io, "live.origin_ca_file: " + ec.message());
    tick_later();
    thread_ = std::thread([this] { loop_.run(); });
    return {};
  }

  ~Edge() override {
    loop_.stop();
    if (thread_.joinable()) thread_.join();
    upstreams_.clear();
    for (auto& [target, entry] : fetches_)
      for (auto& then : entry.waiting)
        then(error(ErrorCode::unavailable, "the server is going away"));
  }

  void enter(const std::string& id, const std::vector<std::string>& via,
             std::function<void(Result<void>)> then) override {
    asio::post(loop_, [this, id, via, then = std::move(then)]() mutable {
      enter_here(id, via, std::move(then));
    });
  }

  bool relays(const std::string& id) override {
    const auto known = find(id);
    if (!known) return false;
    known->touch();
    return known->ready;
  }

  [[nodiscard]] relay::Viewers total(const std::string& id) const override {
    const auto known = find(id);
    return known ? relay::Viewers{known->sockets, known->players} : relay::Viewers();
  }

  void greet(const std::string& id,
             std::function<void(Result<std::vector<std::string>>)> then) override {
    asio::post(loop_, [this, id, then = std::move(then)]() mutable {
      if (auto* upstream = upstream_of(id)) return upstream->greet(std::move(then));
      then(error(ErrorCode::unavailable, "the session is not relayed"));
    });
  }

  void say(const std::string& id, std::string token, std::string message,
           std::function<void(Result<std::string>)> then) override {
    asio::post(loop_, [this, id, token = std::move(token), message = std::move(message),
                       then = std::move(then)]() mutable {
      if (auto* upstream = upstream_of(id))
        return upstream->say(std::move(token), std::move(message), std::move(then), Clock::now());
      then(error(ErrorCode::unavailable, "the session is not relayed"));
    });
  }

  void react(const std::string& id, std::size_t reaction, std::uint64_t times) override {
    asio::post(loop_, [this, id, reaction, times] {
      if (auto* upstream = upstream_of(id)) upstream->react(reaction, times);
    });
  }

  void fetch(const std::string& target, const std::vector<std::string>& via,
             std::chrono::milliseconds fresh,
             std::function<void(Result<relay::Fetched>)> then) override {
    asio::post(loop_, [this, target, via, fresh, then = std::move(then)]() mutable {
      fetch_here(target, via, fresh, std::move(then));
    });
  }

  [[nodiscard]] const std::string& origin() const noexcept override { return options_.origin; }

 private:
  struct Entry {
    std::unique_ptr<relay::Upstream> upstream;
    std::shared_ptr<Known> known;
  };
  struct Refused {
    Error why;
    Clock::time_point until;
  };
  struct Fetch {
    std::optional<relay::Fetched> reply;
    Clock::time_point good_until{};
    std::vector<std::function<void(Result<relay::Fetched>)>> waiting;
  };

  [[nodiscard]] std::shared_ptr<Known> find(const std::string& id) const {
    const std::shared_lock lock(known_mutex_);
    const auto found = known_.find(id);
    return found == known_.end() ? nullptr : found->second;
  }

  relay::Upstream* upstream_of(const std::string& id) {
    const auto found = upstreams_.find(id);
    return found == upstreams_.end() ? nullptr : found->second.upstream.get();
  }

  std::shared_ptr<relay::Link> open_upstream(std::string target, relay::LinkEvents events) {
    return relay::open_link(loop_, tls_,
                            {.origin = origin_,
                             .target = std::move(target),
                             .token = options_.token(),
                             .via = {},
                             .max_bytes = relay::kMaxMessageBytes},
                            std::move(events));
  }

  void enter_here(const std::string& id, const std::vector<std::string>& via,
                  std::function<void(Result<void>)> then) {
    const auto now = Clock::now();
    if (const auto refused = refused_.find(id); refused != refused_.end()) {
      if (refused->second.until > now) return then(refused->second.why);
      refused_.erase(refused);
    }
    auto found = upstreams_.find(id);
    if (found == upstreams_.end()) {
      if (upstreams_.size() >= options_.max_sessions)
        return then(error(ErrorCode::overloaded, "too many sessions come from the origin"));
      Entry entry;
      entry.known = std::make_shared<Known>();
      entry.upstream = std::make_unique<relay::Upstream>(
          relay::Upstream::Env{options_, sinks_,
                               [this](std::string target, relay::LinkEvents events) {
                                 return open_upstream(std::move(target), std::move(events));
                               },
                               [this] { return chance_(random_); },
                               [this, id] { asio::post(loop_, [this, id] { drop_over(id); }); },
                               bytes_, reconnects_, delay_},
          id, via, now);
      {
        const std::unique_lock lock(known_mutex_);
        known_[id] = entry.known;
      }
      found = upstreams_.emplace(id, std::move(entry)).first;
      sessions_gauge_.Set(static_cast<double>(upstreams_.size()));
    }
    found->second.known->touch();
    // Ready is told at once, so that who is let in finds it so.
    found->second.upstream->enter(
        [known = found->second.known, then = std::move(then)](Result<void> verdict) {
          if (verdict.ok()) {
            known->ready = true;
            known->touch();
          }
          then(std::move(verdict));
        },
        now);
  }

  void tick_later() {
    timer_.expires_after(kTick);
    timer_.async_wait([this](const auto& ec) {
      if (ec) return;
      tick();
      tick_later();
    });
  }

  void tick() {
    const auto now = Clock::now();
    for (auto it = upstreams_.begin(); it != upstreams_.end();) {
      auto& [id, entry] = *it;
      const Clock::time_point interest{Clock::duration(entry.known->interest.load())};
      const auto over = entry.upstream->tick(now, interest);
      const auto total = entry.upstream->total();
      entry.known->sockets = total.sockets;
      entry.known->players = total.players;
      it = over ? drop(it, *over, now) : std::next(it);
    }
    std::erase_if(refused_, [&](const auto& refused) { return refused.second.until <= now; });
    for (; !ended_.empty() && now - ended_.front().first > kEndedStays; ended_.pop_front()) {
      const auto& id = ended_.front().second;
      if (upstreams_.contains(id)) {
        ended_.emplace_back(now, id);
      } else {
        sinks_.forget(id);
      }
    }
    trim_fetches(now);
  }

  using Upstreams = std::unordered_map<std::string, Entry>;
  /// What the origin has refused takes no place until the next tick: anybody can make up ids.
  void drop_over(const std::string& id) {
    const auto found = upstreams_.find(id);
    if (found == upstreams_.end()) return;
    if (const auto over = found->second.upstream->over()) drop(found, *over, Clock::now());
  }
  Upstreams::iterator drop(Upstreams::iterator it, const relay::Upstream::Over& over,
                           Clock::time_point now) {
    const auto id = it->first;
    {
      const std::unique_lock lock(known_mutex_);
      known_.erase(id);
    }
    const bool shown = it->second.upstream->shown();
    const auto next = upstreams_.erase(it);
    sessions_gauge_.Set(static_cast<double>(upstreams_.size()));
    // Players read to the end of what is there; a window that is let go would be out of date.
    if (over.ended) {
      sinks_.end(id);
      if (shown) ended_.emplace_back(now, id);
    } else {
      sinks_.forget(id);
    }
    if (over.why.code == ErrorCode::unavailable) return next;
    if (refused_.size() >= kMaxRefused) refused_.clear();
    refused_[id] = {over.why, now + kRefusedFor};
    return next;
  }

  void fetch_here(const std::string& target, const std::vector<std::string>& via,
                  std::chrono::milliseconds fresh,
                  std::function<void(Result<relay::Fetched>)> then) {
    const auto found = fetches_.find(target);
    if (found != fetches_.end() && found->second.reply && Clock::now() < found->second.good_until)
      return then(*found->second.reply);
    if (found == fetches_.end() && fetches_.size() >= options_.max_fetches) {
      trim_fetches(Clock::time_point::max());
      if (fetches_.size() >= options_.max_fetches)
        return then(error(ErrorCode::overloaded, "too much is asked of the origin"));
    }
    auto& entry = fetches_[target];
    entry.waiting.push_back(std::move(then));
    if (entry.waiting.size() > 1) return;
    std::string through;
    for (const auto& one : via) through += one + ",";
    relay::fetch(
        loop_, tls_,
        {.origin = origin_,
         .target = target,
         .token = options_.token(),
         .via = through + options_.instance,
         .max_bytes = kMaxFetchBytes},
        [this, target, fresh](Result<relay::Fetched> reply) { fetched(target, fresh, reply); });
  }

  void fetched(const std::string& target, std::chrono::milliseconds fresh,
               const Result<relay::Fetched>& reply) {
    auto& entry = fetches_[target];
    kept_bytes_ -= entry.reply ? entry.reply->body->size() : 0;
    entry.reply.reset();
    entry.good_until = Clock::now() + fresh;
    auto waiting = std::exchange(entry.waiting, {});
    if (reply.ok()) {
      entry.reply = *reply;
      kept_bytes_ += reply->body->size();
    } else {
      fetches_.erase(target);
    }
    if (kept_bytes_ > kMaxKeptBytes) trim_fetches(Clock::time_point::max());
    for (auto& then : waiting) then(reply);
  }

  /// Lets go of answers that are not good at `now` any more.
  void trim_fetches(Clock::time_point now) {
    std::erase_if(fetches_, [&](const auto& fetch) {
      const bool goes = fetch.second.waiting.empty() && now >= fetch.second.good_until;
      if (goes && fetch.second.reply) kept_bytes_ -= fetch.second.reply->body->size();
      return goes;
    });
  }

  const EdgeOptions options_;
  const EdgeSinks sinks_;
  const relay::OriginAddress origin_;
  prometheus::Gauge& sessions_gauge_;
  prometheus::Counter &bytes_, &reconnects_;
  prometheus::Histogram& delay_;
  asio::io_context loop_{1};
  asio::ssl::context tls_{asio::ssl::context::tls_client};
  asio::steady_timer timer_{loop_};
  std::mt19937_64 random_{std::random_device{}()};
  std::uniform_real_distribution<double> chance_{0, 1};
  Upstreams upstreams_;  // on the loop
  std::unordered_map<std::string, Refused> refused_;
  std::deque<std::pair<Clock::time_point, std::string>> ended_;  ///< of which a window may be left
  std::unordered_map<std::string, Fetch> fetches_;
  std::size_t kept_bytes_ = 0;
  mutable std::shared_mutex known_mutex_;
  std::unordered_map<std::string, std::shared_ptr<Known>> known_;
  std::thread thread_;
};

}  // namespace

Result<std::unique_ptr<LiveEdge>> LiveEdge::start(Metrics& metrics, EdgeOptions options,
                                                  EdgeSinks sinks) {
  auto origin = relay::parse_origin(options.origin);
  if (!origin.ok()) return origin.error();
  auto edge =
      std::make_unique<Edge>(metrics, std::move(options), std::move(sinks), std::move(*origin));
  if (auto opened = edge->open(); !opened.ok()) return opened.error();
  return std::unique_ptr<LiveEdge>(std::move(edge));
}

}  // namespace troupe::api
