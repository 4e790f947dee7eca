#include "media/recording/asset_library.hpp"

#include <algorithm>
#include <condition_variable>
#include <deque>
#include <list>
#include <mutex>
#include <set>
#include <thread>

#include <prometheus/counter.h>
#include <prometheus/gauge.h>
#include <spdlog/spdlog.h>

#include "base/metrics.hpp"
#include "media/recording/trim.hpp"

namespace troupe::media {
namespace {

namespace fs = std::filesystem;

/// Indexes in memory: an hour has some 150 kB.
constexpr std::size_t kMaxOpen = 32;
/// A window that is being written loses segments while it is handed over: then once more.
constexpr int kAttempts = 4;

using MediaPtr = std::shared_ptr<const AssetMedia>;

}  // namespace

struct AssetLibrary::Impl {
  Impl(AssetOptions given, Recorder& source, Metrics& metrics)
      : options(std::move(given)),
        recorder(source),
        recordings(options.recordings),
        files(options.directory, options.step),
        made_total(metrics.counter("troupe_live_assets_made_total", "Assets made")),
        failed_total(metrics.counter("troupe_live_assets_failed_total", "Assets that failed")),
        disk_bytes(metrics.gauge("troupe_live_assets_bytes", "Assets on disk")) {}

  void run();
  Result<MediaPtr> make(const Order& order);
  void show_bytes_locked() const { disk_bytes.Set(static_cast<double>(kept_locked())); }
  [[nodiscard]] std::uint64_t kept_locked() const;
  void remember(const std::string& asset, MediaPtr media);

  const AssetOptions options;
  Recorder& recorder;
  const RecordingFiles recordings;
  const AssetFiles files;
  prometheus::Counter &made_total, &failed_total;
  prometheus::Gauge& disk_bytes;
  Done done;

  mutable std::mutex mutex;
  std::condition_variable wake;
  std::deque<Order> queue;
  std::set<std::string> waiting;               ///< of the queue and the one that is being made
  std::map<std::string, std::uint64_t> bytes;  ///< of those that are whole
  std::list<std::pair<std::string, MediaPtr>> open;  ///< used last first
  std::atomic<bool> stopping{false};
  std::thread thread;
};

std::uint64_t AssetLibrary::Impl::kept_locked() const {
  std::uint64_t all = 0;
  for (const auto& [asset, size] : bytes) all += size;
  return all;
}

void AssetLibrary::Impl::remember(const std::string& asset, MediaPtr media) {
  const std::lock_guard lock(mutex);
  std::erase_if(open, [&](const auto& entry) { return entry.first == asset; });
  open.emplace_front(asset, std::move(media));
  if (open.size() > kMaxOpen) open.pop_back();
}

void AssetLibrary::Impl::run() {
  std::unique_lock lock(mutex);
  while (true) {
    wake.wait(lock, [this] { return stopping || !queue.empty(); });
    if (stopping) return;
    const auto order = queue.front();
    queue.pop_front();
    lock.unlock();
    const auto made = make(order);
    recorder.release(order.session);
    if (made.ok()) {
      made_total.Increment();
    } else if (!stopping) {
      failed_total.Increment();
      spdlog::warn("asset {} of {}: {}", order.asset, order.session, made.error().detail);
    }
    if ((made.ok() || !stopping) && done) done(order.asset, made);
    lock.lock();
    waiting.erase(order.asset);
  }
}

Result<MediaPtr> AssetLibrary::Impl::make(const Order& order) {
  Result<AssetMedia> media = error(ErrorCode::internal);
  for (int attempt = 0; attempt < kAttempts; ++attempt) {
    const auto recorded = recorder.snapshot(order.session);
    const auto size = bytes_of(recorded.recording);
    {
      const std::lock_guard lock(mutex);
      if (!bytes.contains(order.asset) && kept_locked() + size > options.max_disk_bytes)
        return error(ErrorCode::overloaded, "the disk's share of assets is used up");
    }
    media = files.take(order.asset, recordings, order.session, recorded, stopping);
    if (media.ok() || media.code() != ErrorCode::not_found || recorded.recording.empty()) break;
  }
  if (!media.ok()) return media.error();
  auto shared = std::make_shared<const AssetMedia>(std::move(*media));
  remember(order.asset, shared);
  const std::lock_guard lock(mutex);
  bytes[order.asset] = shared->bytes;
  show_bytes_locked();
  return shared;
}

AssetLibrary::AssetLibrary(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {
  impl_->thread = std::thread([this] { impl_->run(); });
}

Result<std::unique_ptr<AssetLibrary>> AssetLibrary::open(AssetOptions options, Recorder& recorder,
                                                         Metrics& metrics) {
  std::error_code ec;
  fs::create_directories(options.directory, ec);
  if (ec) return error(ErrorCode::io, options.directory.string() + ": " + ec.message());
  auto impl = std::make_unique<Impl>(std::move(options), recorder, metrics);
  for (const auto& asset : impl->files.clean()) {
    const auto media = impl->files.load(asset);
    impl->bytes[asset] = media.ok() ? media->bytes : 0;
  }
  impl->show_bytes_locked();
  return std::unique_ptr<AssetLibrary>(new AssetLibrary(std::move(impl)));
}

AssetLibrary::~AssetLibrary() {
  {
    const std::lock_guard lock(impl_->mutex);
    impl_->stopping = true;
  }
  impl_->wake.notify_all();
  impl_->thread.join();
}

void AssetLibrary::resume(const std::vector<std::string>& known, const std::vector<Order>& pending,
                          Done done) {
  const std::set<std::string> all(known.begin(), known.end());
  std::vector<std::string> orphans;
  {
    const std::lock_guard lock(impl_->mutex);
    impl_->done = std::move(done);
    for (const auto& [asset, size] : impl_->bytes)
      if (!all.contains(asset)) orphans.push_back(asset);
  }
  for (const auto& asset : orphans) erase(asset);
  for (const auto& one : pending) order(one);
}

Result<void> AssetLibrary::may_take(const std::string& session) const {
  const auto recording = impl_->recorder.find(session);
  if (recording.empty()) return error(ErrorCode::not_found, "nothing is recorded of the session");
  const std::lock_guard lock(impl_->mutex);
  if (impl_->queue.size() >= impl_->options.max_queued)
    return error(ErrorCode::overloaded, "too many assets wait");
  if (impl_->kept_locked() + bytes_of(recording) > impl_->options.max_disk_bytes)
    return error(ErrorCode::overloaded, "the disk's share of assets is used up");
  return {};
}

void AssetLibrary::order(const Order& order) {
  {
    const std::lock_guard lock(impl_->mutex);
    if (!impl_->waiting.insert(order.asset).second) return;
    impl_->recorder.hold(order.session);  // before it can be released
    impl_->queue.push_back(order);
  }
  impl_->wake.notify_one();
}

void AssetLibrary::erase(const std::string& asset) {
  {
    const std::lock_guard lock(impl_->mutex);
    impl_->bytes.erase(asset);
    std::erase_if(impl_->open, [&](const auto& entry) { return entry.first == asset; });
    impl_->show_bytes_locked();
  }
  impl_->files.erase(asset);
}

Result<std::shared_ptr<const AssetMedia>> AssetLibrary::open(const std::string& asset) const {
  if (!RecordingFiles::is_name(asset)) return error(ErrorCode::not_found, "no such asset");
  {
    const std::lock_guard lock(impl_->mutex);
    auto& all = impl_->open;
    const auto it = std::ranges::find(all, asset, &std::pair<std::string, MediaPtr>::first);
    if (it != all.end()) {
      all.splice(all.begin(), all, it);
      return it->second;
    }
  }
  auto media = impl_->files.load(asset);
  if (!media.ok()) return media.error();
  auto shared = std::make_shared<const AssetMedia>(std::move(*media));
  impl_->remember(asset, shared);
  return shared;
}

const RecordingFiles& AssetLibrary::files() const noexcept {
  return impl_->files.media();
}

}  // namespace troupe::media
