#include "media/recording/clip_maker.hpp"

#include <algorithm>
#include <cerrno>
#include <condition_variable>
#include <deque>
#include <fstream>
#include <map>
#include <mutex>
#include <set>
#include <thread>

#include <boost/json.hpp>
#include <prometheus/counter.h>
#include <prometheus/gauge.h>
#include <spdlog/spdlog.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/ids.hpp"
#include "base/metrics.hpp"

namespace troupe::media {
namespace {

namespace fs = std::filesystem;
namespace json = boost::json;

constexpr std::size_t kMaxTitleBytes = 200;
constexpr int kNice = 10;

std::string describe(const Clip& clip) {
  return json::serialize(json::object{{"by", clip.by},
                                      {"title", clip.title},
                                      {"exact", clip.cut == ClipCut::picture},
                                      {"from_us", clip.from_us},
                                      {"to_us", clip.to_us},
                                      {"bytes", clip.bytes},
                                      {"pictures", clip.pictures}});
}

/// Nothing when the file is not what `describe` wrote.
std::optional<Clip> described(const fs::path& file) {
  const auto text = RecordingFiles::read(file);
  if (!text.ok()) return std::nullopt;
  try {
    const auto document = json::parse(*text);
    Clip clip;
    clip.id = file.stem().string();
    clip.session = file.parent_path().filename().string();
    clip.by = json::value_to<std::string>(document.at("by"));
    clip.title = json::value_to<std::string>(document.at("title"));
    const auto* exact = document.as_object().if_contains("exact");  // older clips have none
    if (exact != nullptr && exact->as_bool()) clip.cut = ClipCut::picture;
    clip.from_us = document.at("from_us").to_number<std::int64_t>();
    clip.to_us = document.at("to_us").to_number<std::int64_t>();
    clip.bytes = document.at("bytes").to_number<std::uint64_t>();
    clip.pictures = document.at("pictures").to_number<std::uint64_t>();
    clip.state = ClipState::ready;
    return clip;
  } catch (const std::exception&) {
    return std::nullopt;
  }
}

}  // namespace

std::string_view to_string(ClipState state) noexcept {
  switch (state) {
    case ClipState::queued:
      return "queued";
    case ClipState::making:
      return "making";
    case ClipState::ready:
      return "ready";
    default:
      return "failed";
  }
}

struct ClipMaker::Impl {
  Impl(ClipOptions given, Planner given_planner, Metrics& metrics)
      : options(std::move(given)),
        planner(std::move(given_planner)),
        made_total(metrics.counter("troupe_live_clips_made_total", "Clips made")),
        failed_total(metrics.counter("troupe_live_clips_failed_total", "Clips that failed")),
        disk_bytes(metrics.gauge("troupe_live_clips_bytes", "Clips on disk")) {}

  [[nodiscard]] fs::path file(const Clip& clip, const char* extension) const {
    return options.directory / clip.session / (clip.id + extension);
  }
  void load();
  void run();
  void unlink(const std::vector<Clip>& gone) const;
  Result<ClipOutcome> make(const Clip& clip);
  void settle(const std::string& id, const Result<ClipOutcome>& outcome);
  [[nodiscard]] std::uint64_t kept_locked() const;

  const ClipOptions options;
  const Planner planner;
  prometheus::Counter &made_total, &failed_total;
  prometheus::Gauge& disk_bytes;

  mutable std::mutex mutex;
  std::condition_variable wake;
  std::map<std::string, Clip> clips;  ///< by id, so by age
  std::deque<std::string> queue;
  std::set<std::string> unwanted;  ///< is being made, and goes then
  std::atomic<bool> stopping{false};
  std::thread thread;
};

void ClipMaker::Impl::load() {
  std::error_code ec;
  for (fs::recursive_directory_iterator it(options.directory, ec), end; !ec && it != end;
       it.increment(ec)) {
    if (it->path().extension() != ".mp4") continue;
    auto description = it->path();
    auto clip = described(description.replace_extension(".json"));
    if (clip) {
      clips.emplace(clip->id, *clip);
      continue;
    }
    std::error_code ignored;
    fs::remove(it->path(), ignored);
    fs::remove(description, ignored);
  }
  disk_bytes.Set(static_cast<double>(kept_locked()));
}

std::uint64_t ClipMaker::Impl::kept_locked() const {
  std::uint64_t bytes = 0;
  for (const auto& [id, clip] : clips) bytes += clip.bytes;
  return bytes;
}

void ClipMaker::Impl::run() {
  const auto thread_id = static_cast<id_t>(::syscall(SYS_gettid));
  if (::setpriority(PRIO_PROCESS, thread_id, kNice) != 0) errno = 0;  // not granted: as all others
  std::unique_lock lock(mutex);
  while (true) {
    wake.wait(lock, [this] { return stopping || !queue.empty(); });
    if (stopping) return;
    const auto id = queue.front();
    queue.pop_front();
    auto& clip = clips.at(id);
    clip.state = ClipState::making;
    const auto job = clip;
    lock.unlock();
    const auto outcome = make(job);
    lock.lock();
    settle(id, outcome);
    if (unwanted.erase(id) == 0) continue;
    const std::vector gone{clips.at(id)};
    clips.erase(id);
    disk_bytes.Set(static_cast<double>(kept_locked()));
    lock.unlock();
    unlink(gone);
    lock.lock();
  }
}

void ClipMaker::Impl::unlink(const std::vector<Clip>& gone) const {
  std::error_code ignored;
  for (const auto& clip : gone) {
    fs::remove(file(clip, ".json"), ignored);
    fs::remove(file(clip, ".mp4"), ignored);
  }
}

Result<ClipOutcome> ClipMaker::Impl::make(const Clip& clip) {
  std::error_code ec;
  fs::create_directories(options.directory / clip.session, ec);
  if (ec) return error(ErrorCode::io, "the clip's folder: " + ec.message());
  auto plan = planner(clip.session, clip.from_us, clip.to_us);
  if (!plan.ok()) return plan.error();
  plan->cut = clip.cut;
  auto outcome = write_clip(*plan, file(clip, ".mp4"), options.max_bytes, stopping);
  if (!outcome.ok()) {
    fs::remove(file(clip, ".mp4"), ec);
    return outcome;
  }
  auto done = clip;
  done.from_us = outcome->from_us;
  done.to_us = outcome->to_us;
  done.bytes = outcome->bytes;
  done.pictures = outcome->pictures;
  std::ofstream description(file(clip, ".json"), std::ios::binary | std::ios::trunc);
  description << describe(done);
  description.close();
  if (description) return outcome;
  unlink({clip});
  return error(ErrorCode::io, "the clip's description cannot be written");
}

void ClipMaker::Impl::settle(const std::string& id, const Result<ClipOutcome>& outcome) {
  auto& clip = clips.at(id);
  if (!outcome.ok()) {
    clip.state = ClipState::failed;
    clip.why = outcome.error();
    clip.bytes = 0;
    failed_total.Increment();
    spdlog::warn("clip {} of {}: {}", id, clip.session, outcome.error().detail);
  } else {
    clip.state = ClipState::ready;
    clip.from_us = outcome->from_us;
    clip.to_us = outcome->to_us;
    clip.bytes = outcome->bytes;
    clip.pictures = outcome->pictures;
    made_total.Increment();
  }
  disk_bytes.Set(static_cast<double>(kept_locked()));
}

ClipMaker::ClipMaker(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {
  impl_->thread = std::thread([this] { impl_->run(); });
}

Result<std::unique_ptr<ClipMaker>> ClipMaker::open(ClipOptions options, Planner planner,
                                                   Metrics& metrics) {
  std::error_code ec;
  fs::create_directories(options.directory, ec);
  if (ec) return error(ErrorCode::io, options.directory.string() + ": " + ec.message());
  auto impl = std::make_unique<Impl>(std::move(options), std::move(planner), metrics);
  impl->load();
  return std::unique_ptr<ClipMaker>(new ClipMaker(std::move(impl)));
}

ClipMaker::~ClipMaker() {
  {
    const std::lock_guard lock(impl_->mutex);
    impl_->stopping = true;
  }
  impl_->wake.notify_all();
  impl_->thread.join();
}

Result<Clip> ClipMaker::order(const Order& order) {
  const auto& options = impl_->options;
  if (!RecordingFiles::is_name(order.session))
    return error(ErrorCode::not_found, "no such session");
  if (order.title.size() > kMaxTitleBytes) return error(ErrorCode::too_large, "title: 200 bytes");
  const auto most_us = order.cut == ClipCut::picture ? options.max_encoded_us : options.max_us;
  if (order.to_us - order.from_us > most_us)
    return error(ErrorCode::too_large, "at most " + std::to_string(most_us / 1'000'000) + " s");
  const auto plan = impl_->planner(order.session, order.from_us, order.to_us);
  if (!plan.ok()) return plan.error();
  const std::lock_guard lock(impl_->mutex);
  if (impl_->queue.size() >= options.max_queued)
    return error(ErrorCode::overloaded, "too many clips wait");
  if (impl_->kept_locked() + plan->bytes > options.max_disk_bytes)
    return error(ErrorCode::overloaded, "the disk's share of clips is used up");
  const auto of_session = std::ranges::count_if(
      impl_->clips, [&](const auto& entry) { return entry.second.session == order.session; });
  if (static_cast<std::size_t>(of_session) >= options.max_of_session)
    return error(ErrorCode::conflict, "the session has as many clips as it may");
  Clip clip;
  clip.id = make_id_string();
  clip.session = order.session;
  clip.by = order.by;
  clip.title = order.title;
  clip.from_us = order.from_us;
  clip.to_us = order.to_us;
  clip.cut = order.cut;
  clip.bytes = plan->bytes;  // an estimate, so that many orders at once do not overrun the disk
  impl_->clips.emplace(clip.id, clip);
  impl_->queue.push_back(clip.id);
  impl_->wake.notify_one();
  return clip;
}

std::optional<Clip> ClipMaker::find(const std::string& session, const std::string& id) const {
  const std::lock_guard lock(impl_->mutex);
  const auto it = impl_->clips.find(id);
  if (it == impl_->clips.end() || it->second.session != session) return std::nullopt;
  return it->second;
}

std::vector<Clip> ClipMaker::list(const std::string& session) const {
  const std::lock_guard lock(impl_->mutex);
  std::vector<Clip> out;
  for (auto it = impl_->clips.rbegin(); it != impl_->clips.rend(); ++it) {
    if (it->second.session == session) out.push_back(it->second);
  }
  return out;
}

Result<void> ClipMaker::erase(const std::string& session, const std::string& id) {
  std::vector<Clip> gone;
  {
    const std::lock_guard lock(impl_->mutex);
    const auto it = impl_->clips.find(id);
    if (it == impl_->clips.end() || it->second.session != session)
      return error(ErrorCode::not_found, "no such clip");
    const auto state = it->second.state;
    if (state == ClipState::queued || state == ClipState::making)
      return error(ErrorCode::conflict, "it is being made");
    gone.push_back(std::move(it->second));
    impl_->clips.erase(it);
    impl_->disk_bytes.Set(static_cast<double>(impl_->kept_locked()));
  }
  impl_->unlink(gone);
  return {};
}

void ClipMaker::erase_of(const std::string& source) {
  std::vector<Clip> gone;
  {
    const std::lock_guard lock(impl_->mutex);
    std::erase_if(impl_->clips, [&](const auto& entry) {
      const auto& clip = entry.second;
      if (clip.session != source) return false;
      if (clip.state == ClipState::making) {
        impl_->unwanted.insert(clip.id);  // goes once it is settled
        return false;
      }
      std::erase(impl_->queue, clip.id);
      gone.push_back(clip);
      return true;
    });
    impl_->disk_bytes.Set(static_cast<double>(impl_->kept_locked()));
  }
  impl_->unlink(gone);
}

std::set<std::string> ClipMaker::sources() const {
  const std::lock_guard lock(impl_->mutex);
  std::set<std::string> out;
  for (const auto& [id, clip] : impl_->clips) out.insert(clip.session);
  return out;
}

Result<std::string> ClipMaker::read(const Clip& clip, std::uint64_t offset,
                                    std::uint64_t size) const {
  return RecordingFiles::read_range(impl_->file(clip, ".mp4"), offset, size);
}

}  // namespace troupe::media
