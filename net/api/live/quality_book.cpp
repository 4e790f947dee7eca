#include "net/api/live/quality_book.hpp"

#include <algorithm>
#include <cmath>

#include <prometheus/counter.h>
#include <prometheus/histogram.h>

#include "base/metrics.hpp"

namespace troupe::api {
namespace {

constexpr double kStep = 1.1;
constexpr std::chrono::seconds kSweepEvery{5};

std::string_view protocol_of(char streaming_format) {
  return streaming_format == 'h' ? "hls" : streaming_format == 'd' ? "dash" : "other";
}

/// What is new of a sum that only grows; a page that starts to count anew is taken as it is.
std::uint64_t grown(std::uint64_t& known, std::optional<std::uint64_t> told) {
  if (!told) return 0;
  const auto more = *told >= known ? *told - known : *told;
  known = *told;
  return more;
}

}  // namespace

void Spread::add(double value) {
  const auto place = value <= 1 ? 0.0 : std::ceil(std::log(value) / std::log(kStep));
  const auto last = static_cast<double>(buckets_.size() - 1);
  ++buckets_[static_cast<std::size_t>(std::min(place, last))];
  ++count_;
  sum_ += value;
}

double Spread::quantile(double q) const {
  const auto wanted = q * static_cast<double>(count_);
  double seen = 0;
  for (std::size_t i = 0; i < buckets_.size(); ++i) {
    seen += buckets_[i];
    if (count_ > 0 && seen >= wanted && buckets_[i] > 0)
      return std::pow(kStep, static_cast<double>(i));
  }
  return 0;
}

struct QualityBook::Impl {
  struct Playback {
    std::string protocol;
    TimePoint first, last;
    bool started = false;  ///< its start time is known
    bool failed = false;
    std::uint64_t watched_ms = 0, rebuffers = 0, rebuffer_ms = 0;
  };
  struct Book {
    std::unordered_map<std::string, Playback> playing;
    QualityReport totals;
    TimePoint last;
  };

  Impl(Metrics& metrics, QualityLimits given)
      : limits(given),
        start(metrics.histogram("troupe_live_playback_start_seconds",
                                "From the wish to play to the first picture, told by players",
                                latency_buckets())),
        latency(metrics.histogram("troupe_live_playback_latency_seconds",
                                  "Behind live, told by players", latency_buckets())),
        rebuffers(metrics.counter("troupe_live_playback_rebuffers_total",
                                  "Times that a player's buffer ran dry")),
        rebuffer_seconds(metrics.counter("troupe_live_playback_rebuffer_seconds_total",
                                         "How long players stood still for that")),
        failures(metrics.counter("troupe_live_playback_failures_total",
                                 "Playbacks that a page gave up")),
        refused(metrics.counter("troupe_live_playback_untold_total",
                                "Playbacks not taken down: as many as may be")) {}

  Book* book_of(const std::string& session, TimePoint now);
  Playback* playback_of(Book& book, const std::string& id, std::string_view protocol,
                        TimePoint now);
  void sweep(TimePoint now);
  void tell_start(Playback& playback, Quality& sum, double ms);
  void tell_latency(Quality& sum, std::uint64_t ms);
  void tell_rebuffers(Quality& sum, std::uint64_t count, std::uint64_t ms);

  const QualityLimits limits;
  prometheus::Histogram &start, &latency;
  prometheus::Counter &rebuffers, &rebuffer_seconds, &failures, &refused;
  mutable std::mutex mutex;
  std::unordered_map<std::string, Book> books;
  std::size_t playing = 0;  ///< in all of them
  TimePoint swept;
};

void QualityBook::Impl::sweep(TimePoint now) {
  if (now - swept < kSweepEvery) return;
  swept = now;
  for (auto& [id, book] : books) {
    playing -= std::erase_if(book.playing, [&](const auto& entry) {
      return now - entry.second.last > limits.playing_for;
    });
  }
  std::erase_if(
      books, [&](const auto& entry) { return now - entry.second.last > limits.forgotten_after; });
}

QualityBook::Impl::Book* QualityBook::Impl::book_of(const std::string& session, TimePoint now) {
  sweep(now);
  auto it = books.find(session);
  if (it == books.end()) {
    if (books.size() >= limits.max_sessions) return nullptr;
    it = books.try_emplace(session).first;
  }
  it->second.last = now;
  return &it->second;
}

QualityBook::Impl::Playback* QualityBook::Impl::playback_of(Book& book, const std::string& id,
                                                            std::string_view protocol,
                                                            TimePoint now) {
  auto it = book.playing.find(id);
  if (it == book.playing.end()) {
    if (book.playing.size() >= limits.max_playbacks || playing >= limits.max_all_playbacks) {
      refused.Increment();
      return nullptr;
    }
    it = book.playing.try_emplace(id).first;
    ++playing;
    it->second.protocol = protocol;
    it->second.first = now;
    ++book.totals[it->second.protocol].playbacks;
  }
  it->second.last = now;
  return &it->second;
}

void QualityBook::Impl::tell_start(Playback& playback, Quality& sum, double ms) {
  if (std::exchange(playback.started, true)) return;
  sum.start_ms.add(ms);
  start.Observe(ms / 1000);
}

void QualityBook::Impl::tell_latency(Quality& sum, std::uint64_t ms) {
  sum.latency_ms.add(static_cast<double>(ms));
  latency.Observe(static_cast<double>(ms) / 1000);
}

void QualityBook::Impl::tell_rebuffers(Quality& sum, std::uint64_t count, std::uint64_t ms) {
  sum.rebuffers += count;
  sum.rebuffer_ms += static_cast<double>(ms);
  if (count > 0) rebuffers.Increment(static_cast<double>(count));
  if (ms > 0) rebuffer_seconds.Increment(static_cast<double>(ms) / 1000);
}

QualityBook::QualityBook(Metrics& metrics, QualityLimits limits)
    : impl_(std::make_unique<Impl>(metrics, limits)) {}
QualityBook::~QualityBook() = default;

void QualityBook::note(const std::string& session, const Cmcd& cmcd, TimePoint now) {
  if (cmcd.session_id.empty()) return;
  const std::lock_guard lock(impl_->mutex);
  auto* book = impl_->book_of(session, now);
  auto* playback = book == nullptr ? nullptr
                                   : impl_->playback_of(*book, cmcd.session_id,
                                                        protocol_of(cmcd.streaming_format), now);
  if (playback == nullptr) return;
  auto& sum = book->totals[playback->protocol];
  if (cmcd.start_ms) impl_->tell_start(*playback, sum, static_cast<double>(*cmcd.start_ms));
  // Version 1 says only which requests are urgent: the first that is not comes when it plays.
  const bool media = cmcd.buffer_ms && cmcd.bitrate_kbps;
  if (media && !cmcd.starting) {
    const auto took = std::chrono::duration<double, std::milli>(now - playback->first).count();
    impl_->tell_start(*playback, sum, took);
  }
  if (cmcd.starved || cmcd.starved_ms)
    impl_->tell_rebuffers(sum, cmcd.starved ? 1 : 0, cmcd.starved_ms.value_or(0));
  if (cmcd.latency_ms) impl_->tell_latency(sum, *cmcd.latency_ms);
  if (cmcd.throughput_kbps) sum.throughput_kbps.add(static_cast<double>(*cmcd.throughput_kbps));
  if (cmcd.bitrate_kbps) sum.bitrate_kbps.add(static_cast<double>(*cmcd.bitrate_kbps));
}

Result<void> QualityBook::note(const std::string& session, const Beacon& beacon, TimePoint now) {
  const std::lock_guard lock(impl_->mutex);
  auto* book = impl_->book_of(session, now);
  auto* playback = book == nullptr
                       ? nullptr
                       : impl_->playback_of(*book, beacon.session_id, beacon.protocol, now);
  if (playback == nullptr) return error(ErrorCode::overloaded, "too many playbacks");
  auto& sum = book->totals[playback->protocol];
  if (beacon.start_ms) impl_->tell_start(*playback, sum, static_cast<double>(*beacon.start_ms));
  sum.watched_ms += static_cast<double>(grown(playback->watched_ms, beacon.watched_ms));
  const auto count = grown(playback->rebuffers, beacon.rebuffers);
  impl_->tell_rebuffers(sum, count, grown(playback->rebuffer_ms, beacon.rebuffer_ms));
  if (beacon.latency_ms) impl_->tell_latency(sum, *beacon.latency_ms);
  if (beacon.bitrate_kbps) sum.bitrate_kbps.add(static_cast<double>(*beacon.bitrate_kbps));
  if (beacon.failed && !std::exchange(playback->failed, true)) {
    ++sum.failures;
    impl_->failures.Increment();
  }
  return {};
}

QualityReport QualityBook::report(const std::string& session, TimePoint now) const {
  const std::lock_guard lock(impl_->mutex);
  const auto it = impl_->books.find(session);
  if (it == impl_->books.end()) return {};
  auto out = it->second.totals;
  for (const auto& [id, playback] : it->second.playing) {
    if (now - playback.last <= impl_->limits.playing_for) ++out[playback.protocol].playing;
  }
  return out;
}

}  // namespace troupe::api
