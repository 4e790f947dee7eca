#include "net/ingest/publication.hpp"

#include <spdlog/spdlog.h>

#include "base/metrics.hpp"

namespace troupe::ingest {
namespace {

void count_ended(Metrics& metrics, const std::string& session,
                 const Result<media::PackageStats>& outcome) {
  const std::string reason = outcome.ok() ? "end" : std::string(to_string(outcome.code()));
  metrics.counter("troupe_ingest_ended_total", "Publications that ended", {{"reason", reason}})
      .Increment();
  if (outcome.ok()) {
    spdlog::info(
        "live {}: publisher gone after {} video and {} audio frames, {} timestamps repaired",
        session, outcome->video_frames, outcome->audio_frames, outcome->repaired_timestamps);
  } else {
    spdlog::warn("live {}: publisher dropped: {}", session, outcome.error().detail);
  }
}

}  // namespace

PublisherPlaces::Place& PublisherPlaces::Place::operator=(Place&& other) noexcept {
  std::swap(places_, other.places_);
  std::swap(address_, other.address_);
  return *this;
}

PublisherPlaces::Place::~Place() {
  if (places_) places_->give_back(address_);
}

Result<void> PublisherPlaces::check_locked(const std::string& address) const {
  if (taken_ >= most_) return error(ErrorCode::overloaded, "too many publishers");
  const auto it = of_address_.find(address);
  if (it != of_address_.end() && it->second >= most_of_an_address_)
    return error(ErrorCode::rate_limited, "too many publishers of this address");
  return {};
}

Result<void> PublisherPlaces::check(const std::string& address) const {
  const std::lock_guard lock(mutex_);
  return check_locked(address);
}

Result<PublisherPlaces::Place> PublisherPlaces::take(const std::string& address) {
  const std::lock_guard lock(mutex_);
  if (auto free = check_locked(address); !free.ok()) return free.error();
  ++taken_;
  ++of_address_[address];
  return Place(shared_from_this(), address);
}

void PublisherPlaces::give_back(const std::string& address) {
  const std::lock_guard lock(mutex_);
  --taken_;
  const auto it = of_address_.find(address);
  if (--it->second == 0) of_address_.erase(it);
}

void count_refused(Metrics& metrics, const Error& why) {
  metrics
      .counter("troupe_ingest_refused_total", "Publishers refused before their stream began",
               {{"reason", std::string(to_string(why.code))}})
      .Increment();
}

Result<media::PackageStats> run_publication(Metrics& metrics, const Publication& publication) {
  auto& delay = metrics.histogram("troupe_ingest_packaging_seconds",
                                  "From the last byte of a chunk's last frame to the chunk",
                                  latency_buckets());
  Result<void> verdict;
  media::PackageSink sink;
  sink.tracks = [&](std::vector<media::Track> tracks) {
    publication.announced();
    publication.sink.tracks(std::move(tracks));
  };
  sink.chunk = [&](media::ChunkPtr chunk) {
    const auto took = std::chrono::steady_clock::now() - chunk->completed;
    delay.Observe(std::chrono::duration<double>(took).count());
    verdict = publication.sink.chunk(std::move(chunk));
    return verdict.ok();
  };
  auto outcome = publication.package(sink);
  if (!verdict.ok()) {
    outcome = verdict.error();
  } else if (auto why = publication.source_ended(); !why.ok()) {
    outcome = why.error();
  }
  count_ended(metrics, publication.session, outcome);
  return outcome;
}

}  // namespace troupe::ingest
