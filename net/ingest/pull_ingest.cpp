#include "net/ingest/pull_ingest.hpp"

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <system_error>
#include <thread>
#include <utility>

#include <boost/url/parse.hpp>
#include <boost/url/url.hpp>
#include <spdlog/spdlog.h>

#include "base/metrics.hpp"
#include "net/ingest/connect_guard.hpp"

namespace troupe::ingest {
namespace {

using Clock = std::chrono::steady_clock;

/// Threads of pulls that were replaced or stopped: a look-up of a name cannot be broken off. Those
/// of one owner are few, so that nobody uses up what is for all.
constexpr std::size_t kMaxEnding = 256, kMaxEndingOfAnOwner = 4;
/// Pulls that ended by themselves, about 300 bytes each: how they did.
constexpr std::size_t kMaxEnded = 1'000;

std::uint64_t unix_ms() {
  return static_cast<std::uint64_t>(std::chrono::duration_cast<std::chrono::milliseconds>(
                                        std::chrono::system_clock::now().time_since_epoch())
                                        .count());
}

/// Trying again will not help: the session is over, its key was replaced, or the address is
/// private. A codec that cannot be carried may be another one next time.
bool is_final(ErrorCode code) {
  return code == ErrorCode::forbidden || code == ErrorCode::not_found ||
         code == ErrorCode::invalid_argument;
}

/// As which an owner's pulls are counted among publishers of an address.
std::string place_of(const std::string& owner) {
  return "pull of " + owner;
}

/// SRT connects no socket, so its host is looked up and judged here.
Result<std::string> with_judged_host(const std::string& url, bool private_addresses) {
  if (!url.starts_with("srt:")) return url;
  auto parsed = boost::urls::parse_uri(url);
  if (!parsed) return error(ErrorCode::invalid_argument, "pull: not a URL");
  auto address = reachable_address(std::string(parsed->host_address()), private_addresses);
  if (!address.ok()) return address;
  boost::urls::url out(*parsed);
  out.set_host_address(*address);
  return std::string(out.buffer());
}

}  // namespace

std::string_view to_string(PullState state) noexcept {
  switch (state) {
    case PullState::connecting:
      return "connecting";
    case PullState::live:
      return "live";
    case PullState::waiting:
      return "waiting";
    case PullState::ended:
      return "ended";
  }
  return "ended";
}

/// One pull. `run` is its thread's; everything else any thread's.
class PullIngest::Job {
 public:
  Job(Metrics& metrics, const PullIngestOptions& options, std::string session, std::string url,
      std::string owner)
      : metrics_(metrics),
        options_(options),
        session_(std::move(session)),
        owner_(std::move(owner)) {
    status_.url = std::move(url);
    status_.since_ms = unix_ms();
  }
  ~Job() {
    ask_to_stop();
    if (thread_.joinable()) thread_.join();
  }
  Job(const Job&) = delete;
  Job& operator=(const Job&) = delete;

  /// Errors: overloaded (no thread is to be had).
  Result<void> begin() {
    try {
      thread_ = std::thread([this] { run(); });
    } catch (const std::system_error& failed) {
      return error(ErrorCode::overloaded, std::string("no thread to pull on: ") + failed.what());
    }
    return {};
  }
  void ask_to_stop() {
    stop_ = true;
    const std::lock_guard lock(mutex_);
    changed_.notify_all();
  }
  [[nodiscard]] bool done() const noexcept { return done_; }
  [[nodiscard]] const std::string& owner() const noexcept { return owner_; }
  void take_place(PublisherPlaces::Place place) {
    const std::lock_guard lock(mutex_);
    place_ = std::move(place);
  }
  /// For its successor, which need not wait until this one has ended.
  [[nodiscard]] PublisherPlaces::Place give_place() {
    const std::lock_guard lock(mutex_);
    return std::exchange(place_, {});
  }
  [[nodiscard]] PullStatus status() const {
    const std::lock_guard lock(mutex_);
    return status_;
  }

 private:
  void set(PullState state, std::optional<Error> why) {
    const std::lock_guard lock(mutex_);
    status_.state = state;
    status_.since_ms = unix_ms();
    if (state == PullState::connecting) {
      ++status_.attempts;
    } else if (state != PullState::live) {
      status_.error = std::move(why);
    }
  }

  struct Ended {
    Result<void> how;
    bool for_good = false;
  };

  /// From the door to the end of the source.
  Ended attempt() {
    auto sink = options_.door.publish({.session = session_, .key = {}, .trusted = true});
    if (!sink.ok()) {
      count_refused(metrics_, sink.error());
      return {sink.error(), is_final(sink.code())};
    }
    Clock::time_point live_since = Clock::time_point::max();
    bool finite = false;
    auto& publishers = metrics_.gauge("troupe_ingest_publishers", "Publishers that are connected");
    publishers.Increment();
    const auto outcome = run_publication(
        metrics_, {.session = session_,
                   .sink = **sink,
                   .package = [&](const media::PackageSink& chunks) -> Result<media::PackageStats> {
                     auto url = with_judged_host(status().url, options_.private_addresses);
                     if (!url.ok()) return url.error();
                     const ConnectGuard guard(options_.private_addresses);
                     auto pulled = media::package_url(*url, chunks, options_.pull,
                                                      [this] { return stop_.load(); });
                     if (!pulled.ok()) return pulled.error();
                     finite = pulled->finite;
                     return pulled->stats;
                   },
                   .announced =
                       [&] {
                         live_since = Clock::now();
                         set(PullState::live, {});
                       },
                   .source_ended = [] { return Result<void>(); }});
    publishers.Decrement();
    if (live_since != Clock::time_point::max() &&
        Clock::now() - live_since >= options_.settled_after)
      wait_ = options_.first_wait;
    if (outcome.ok()) return {{}, finite};
    return {outcome.error(), is_final(outcome.code())};
  }

  void run() {
    while (!stop_) {
      set(PullState::connecting, {});
      const auto ended = attempt();
      auto why = ended.how.ok() ? std::optional<Error>() : std::optional(ended.how.error());
      if (why) spdlog::info("live {}: pull: {}", session_, why->detail);
      if (ended.for_good || stop_) {
        set(PullState::ended, std::move(why));
        if (!stop_ && options_.finished) options_.finished(session_, status().url);
        break;
      }
      set(PullState::waiting, std::move(why));
      std::unique_lock lock(mutex_);
      changed_.wait_for(lock, wait_, [this] { return stop_.load(); });
      wait_ = std::min(wait_ * 2, options_.longest_wait);
    }
    static_cast<void>(give_place());
    done_ = true;
  }

  Metrics& metrics_;
  const PullIngestOptions& options_;
  const std::string session_, owner_;
  PublisherPlaces::Place place_;
  std::chrono::milliseconds wait_{options_.first_wait};
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  PullStatus status_;
  std::atomic<bool> stop_{false}, done_{false};
  std::thread thread_;
};

PullIngest::PullIngest(Metrics& metrics, PullIngestOptions options)
    : metrics_(metrics), options_(std::move(options)) {}

PullIngest::~PullIngest() {
  stop_all();
}

Result<void> PullIngest::check(const std::string& url) {
  constexpr std::size_t kMaxBytes = 2'048;
  const auto parsed = boost::urls::parse_uri(url);
  if (url.size() > kMaxBytes || !parsed || parsed->host().empty())
    return error(ErrorCode::invalid_argument, "pull: an absolute URL of at most 2,048 bytes");
  if (!media::pullable_scheme(parsed->scheme()))
    return error(ErrorCode::unsupported, "pull: http, https, rtmp, rtmps, rtsp, rtsps or srt");
  // Parameters by which libavformat's protocols would listen, or use other transports.
  for (const auto& param : parsed->params()) {
    const std::string name(param.key), value(param.value);
    const bool listens = name == "listen" || (name == "mode" && value != "caller");
    const bool srt = parsed->scheme() == "srt", rtsp = parsed->scheme().starts_with("rtsp");
    if ((srt && listens) || (rtsp && (listens || name == "udp" || name == "multicast")))
      return error(ErrorCode::unsupported, "pull: only as a caller, over TCP where it is RTSP");
  }
  return {};
}

Result<void> PullIngest::may_start(const std::string& url, const std::string& owner) {
  if (auto fine = check(url); !fine.ok()) return fine;
  const std::lock_guard lock(mutex_);
  reap();
  if (auto room = check_room(owner); !room.ok()) return room;
  return options_.places->check(place_of(owner));
}

Result<void> PullIngest::start(const std::string& session, const std::string& url,
                               const std::string& owner) {
  if (auto fine = check(url); !fine.ok()) return fine;
  auto job = std::make_unique<Job>(metrics_, options_, session, url, owner);
  const std::lock_guard lock(mutex_);
  reap();
  if (auto room = check_room(owner); !room.ok()) return room;
  const auto before = jobs_.find(session);
  auto place = before == jobs_.end() ? PublisherPlaces::Place() : before->second->give_place();
  if (!place) {
    auto taken = options_.places->take(place_of(owner));
    if (!taken.ok()) return taken.error();
    place = std::move(*taken);
  }
  job->take_place(std::move(place));
  if (auto begun = job->begin(); !begun.ok()) {
    if (before != jobs_.end()) before->second->take_place(job->give_place());
    return begun;
  }
  if (before != jobs_.end()) {
    before->second->ask_to_stop();
    ending_.push_back(std::exchange(before->second, std::move(job)));
  } else {
    jobs_.emplace(session, std::move(job));
  }
  ended_.erase(session);
  return {};
}

Result<void> PullIngest::stop(const std::string& session) {
  const std::lock_guard lock(mutex_);
  reap();
  if (ended_.erase(session) > 0) return {};
  const auto it = jobs_.find(session);
  if (it == jobs_.end()) return error(ErrorCode::not_found, "nothing is pulled into this session");
  it->second->ask_to_stop();
  ending_.push_back(std::move(it->second));
  jobs_.erase(it);
  return {};
}

std::optional<PullStatus> PullIngest::status(const std::string& session) const {
  const std::lock_guard lock(mutex_);
  if (const auto it = jobs_.find(session); it != jobs_.end()) return it->second->status();
  const auto ended = ended_.find(session);
  return ended == ended_.end() ? std::nullopt : std::optional(ended->second);
}

/// Joins threads that are through, which takes no time.
void PullIngest::reap() {
  std::erase_if(ending_, [](const std::unique_ptr<Job>& job) { return job->done(); });
  std::erase_if(jobs_, [this](const auto& one) {
    if (!one.second->done()) return false;
    remember(one.first, one.second->status());
    return true;
  });
}

void PullIngest::remember(const std::string& session, PullStatus status) {
  ended_.insert_or_assign(session, std::move(status));
  if (ended_.size() <= kMaxEnded) return;
  ended_.erase(
      std::ranges::min_element(ended_, {}, [](const auto& one) { return one.second.since_ms; }));
}

Result<void> PullIngest::check_room(const std::string& owner) const {
  if (stopping_) return error(ErrorCode::overloaded, "the server is going away");
  const auto of_owner = std::ranges::count_if(
      ending_, [&](const std::unique_ptr<Job>& job) { return job->owner() == owner; });
  if (static_cast<std::size_t>(of_owner) >= kMaxEndingOfAnOwner)
    return error(ErrorCode::rate_limited,
                 "too many pulls of yours are still ending: wait a moment");
  if (ending_.size() >= kMaxEnding)
    return error(ErrorCode::overloaded, "too many pulls are still ending");
  return {};
}

void PullIngest::stop_all() {
  std::map<std::string, std::unique_ptr<Job>> jobs;
  std::vector<std::unique_ptr<Job>> ending;
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
    jobs.swap(jobs_);
    ending.swap(ending_);
    ended_.clear();
  }
  for (const auto& [session, job] : jobs) job->ask_to_stop();
}

}  // namespace troupe::ingest
