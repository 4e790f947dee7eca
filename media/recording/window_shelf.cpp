#include "media/recording/window_shelf.hpp"

#include <algorithm>
#include <charconv>
#include <condition_variable>
#include <deque>
#include <fstream>
#include <functional>
#include <iterator>
#include <mutex>
#include <set>
#include <thread>

#include <prometheus/counter.h>

#include "base/ids.hpp"
#include "base/metrics.hpp"
#include "media/recording/shelf_records.hpp"

namespace troupe::media {
namespace {

namespace fs = std::filesystem;

/// What a queued job costs beside the bytes that it holds.
constexpr std::size_t kJobBytes = 256;

/// "s17" of a segment, "i99" of an init by epoch.
std::string file_of(char kind, std::uint64_t number) {
  return kind + std::to_string(number);
}
std::optional<std::uint64_t> number_of(const std::string& name, char kind) {
  std::uint64_t number = 0;
  if (name.empty() || name[0] != kind) return std::nullopt;
  const auto [end, ec] = std::from_chars(name.data() + 1, name.data() + name.size(), number);
  return ec == std::errc() && end == name.data() + name.size() ? std::optional(number)
                                                               : std::nullopt;
}

std::string read_file(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

/// The segments of one rendition that follow each other up to the last, and their inits. Nothing:
/// there is none that could be played.
std::optional<Rendition> load_rendition(const fs::path& directory,
                                        std::optional<std::int64_t>& origin) {
  std::set<std::uint64_t> numbers;
  Rendition out;
  std::error_code ec;
  for (const auto& entry : fs::directory_iterator(directory, ec)) {
    const auto name = entry.path().filename().string();
    if (const auto number = number_of(name, 's')) numbers.insert(*number);
    const auto epoch = number_of(name, 'i');
    if (!epoch) continue;
    auto track = read_track(read_file(entry.path()));
    if (!track) continue;
    const bool newest = out.inits.empty() || *epoch > out.inits.rbegin()->first;
    out.inits[*epoch] = track->init;
    if (newest) out.track = std::move(*track);
  }
  for (auto number = numbers.rbegin(); number != numbers.rend(); ++number) {
    const bool follows = out.segments.empty() || out.segments.front().number == *number + 1;
    auto head =
        follows ? read_segment_file(read_file(directory / file_of('s', *number))) : std::nullopt;
    if (!head || head->segment.number != *number || !out.inits.contains(head->segment.epoch)) {
      if (out.segments.empty()) continue;  // the last one may have nothing whole
      break;
    }
    if (out.segments.empty()) {
      out.part_target_us = head->part_target_us;
      out.chunk_us = head->chunk_us;
      out.next_number = *number + 1;
    }
    out.discontinuities_gone = head->discontinuities;
    if (head->origin_us) origin = head->origin_us;
    out.segments.push_front(std::move(head->segment));
  }
  if (out.segments.empty()) return std::nullopt;
  out.kind = out.track.kind;
  out.name = directory.filename().string();
  return out;
}

/// Renditions that end together; those of the ladder that were given up are not.
SavedWindow load_window(const fs::path& directory) {
  SavedWindow out;
  std::error_code ec;
  for (const auto& entry : fs::directory_iterator(directory, ec))
    if (auto rendition = load_rendition(entry.path(), out.origin_us))
      out.renditions.push_back(std::move(*rendition));
  // As it was: the published ones first, video before sound.
  std::ranges::sort(out.renditions, [](const Rendition& a, const Rendition& b) {
    return std::tuple(a.made(), a.kind, a.name) < std::tuple(b.made(), b.kind, b.name);
  });
  if (out.renditions.empty() || out.renditions.front().made()) return {};
  const auto last = out.renditions.front().next_number;
  std::erase_if(out.renditions,
                [&](const Rendition& r) { return r.made() && r.next_number + 1 < last; });
  return out;
}

fs::file_time_type newest_file(const fs::path& directory) {
  auto newest = fs::file_time_type::min();
  std::error_code ec;
  for (const auto& entry : fs::recursive_directory_iterator(directory, ec))
    if (entry.is_regular_file(ec)) newest = std::max(newest, entry.last_write_time(ec));
  return newest;
}

}  // namespace

ShelfMark::ShelfMark(const SegmentWindow& window) {
  for (const auto& rendition : window.renditions()) {
    if (rendition.segments.empty()) continue;
    const auto& last = rendition.segments.back();
    rows[rendition.name] = {last.epoch, last.number, rendition.segments.front().number,
                            last.parts.size()};
  }
}

struct WindowShelf::Impl {
  struct Job {
    std::size_t bytes = 0;
    std::function<void()> run;
  };

  Impl(WindowShelfOptions given, Metrics& metrics)
      : options(std::move(given)),
        dropped(metrics.counter("troupe_live_window_dropped_total",
                                "Writes of windows that were put off: the queue was full")) {}

  void load() {
    std::error_code ec;
    const auto oldest = fs::file_time_type::clock::now() - options.keep;
    std::vector<fs::path> gone;
    for (const auto& entry : fs::directory_iterator(options.directory, ec)) {
      const auto id = entry.path().filename().string();
      SavedWindow window;
      if (parse_id(id) && newest_file(entry.path()) >= oldest) window = load_window(entry.path());
      if (window.renditions.empty()) {
        gone.push_back(entry.path());
      } else {
        loaded.emplace(id, std::move(window));
      }
    }
    for (const auto& path : gone) fs::remove_all(path, ec);
  }

  /// False: the queue is full.
  bool push(Job job) {
    {
      const std::lock_guard lock(mutex);
      if (queued_bytes + kJobBytes + job.bytes > options.max_queued_bytes) {
        dropped.Increment();
        return false;
      }
      queued_bytes += kJobBytes + job.bytes;
      queue.push_back(std::move(job));
    }
    wake.notify_one();
    return true;
  }

  void run() {
    std::unique_lock lock(mutex);
    while (true) {
      wake.wait(lock, [this] { return stopping || !queue.empty(); });
      if (queue.empty()) return;
      std::deque<Job> batch;
      batch.swap(queue);
      queued_bytes = 0;
      busy = true;
      lock.unlock();
      for (const auto& job : batch) job.run();
      lock.lock();
      busy = false;
      idle.notify_all();
    }
  }

  /// On the writer's thread. A disk that refuses costs the window of the next restart, no more.
  static void append(const fs::path& path, std::string_view bytes, bool fresh) {
    std::error_code ec;
    if (fresh) fs::create_directories(path.parent_path(), ec);
    std::ofstream file(path, std::ios::binary | (fresh ? std::ios::trunc : std::ios::app));
    file.write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
  }

  /// Segments before `number`, and inits that only they need.
  static void trim(const fs::path& directory, std::uint64_t number, std::uint64_t epoch) {
    std::error_code ec;
    std::vector<fs::path> gone;
    for (const auto& entry : fs::directory_iterator(directory, ec)) {
      const auto name = entry.path().filename().string();
      if (number_of(name, 's').value_or(number) < number ||
          number_of(name, 'i').value_or(epoch) < epoch)
        gone.push_back(entry.path());
    }
    for (const auto& path : gone) fs::remove(path, ec);
  }

  void put(const std::string& session, const SegmentWindow& window, const Rendition& rendition,
           ShelfMark::Row& row);

  const WindowShelfOptions options;
  prometheus::Counter& dropped;
  std::map<std::string, SavedWindow> loaded;

  std::mutex mutex;  ///< the queue
  std::condition_variable wake, idle;
  std::deque<Job> queue;
  std::size_t queued_bytes = 0;
  bool busy = false, stopping = false;
  std::thread thread;
};

void WindowShelf::Impl::put(const std::string& session, const SegmentWindow& window,
                            const Rendition& rendition, ShelfMark::Row& row) {
  const auto directory = options.directory / session / rendition.name;
  if (row.epoch != window.epoch() && rendition.inits.contains(window.epoch())) {
    const auto path = directory / file_of('i', window.epoch());
    const bool queued = push({rendition.track.init->size(), [path, track = rendition.track] {
                                append(path, write_track(track), true);
                              }});
    if (!queued) return;  // with the next part: without it none can be read
    row.epoch = window.epoch();
  }
  // Before parts: of a segment that has left, not all of its parts may be there.
  if (!rendition.segments.empty() && rendition.segments.front().number > row.oldest) {
    const auto& first = rendition.segments.front();
    const bool queued = push({0, [directory, number = first.number, epoch = first.epoch] {
                                trim(directory, number, epoch);
                              }});
    if (!queued) return;
    row.oldest = first.number;
  }
  auto discontinuities = rendition.discontinuities_gone;
  for (const auto& segment : rendition.segments) {
    const auto before = discontinuities;
    if (segment.discontinuity) ++discontinuities;
    if (segment.number < row.number) continue;
    if (segment.number > row.number) row.parts = 0;
    row.number = segment.number;
    const auto path = directory / file_of('s', segment.number);
    for (; row.parts < segment.parts.size(); ++row.parts) {
      std::string head;
      if (row.parts == 0) {
        ShelfHead first{segment, before, rendition.part_target_us, rendition.chunk_us,
                        window.origin_us()};
        head = write_head(first);
      }
      auto part = segment.parts[row.parts];
      part.bytes = bytes_of(segment, row.parts);
      const bool queued =
          push({part.bytes->size(), [path, head = std::move(head), index = row.parts, part] {
                  append(path, head + write_part(index, part), index == 0);
                }});
      if (!queued) return;  // goes on with this one: nothing may be missing in between
    }
  }
}

WindowShelf::WindowShelf(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {
  impl_->thread = std::thread([this] { impl_->run(); });
}

Result<std::unique_ptr<WindowShelf>> WindowShelf::open(WindowShelfOptions options,
                                                       Metrics& metrics) {
  std::error_code ec;
  fs::create_directories(options.directory, ec);
  if (ec) return error(ErrorCode::io, options.directory.string() + ": " + ec.message());
  auto impl = std::make_unique<Impl>(std::move(options), metrics);
  impl->load();
  return std::unique_ptr<WindowShelf>(new WindowShelf(std::move(impl)));
}

WindowShelf::~WindowShelf() {
  {
    const std::lock_guard lock(impl_->mutex);
    impl_->stopping = true;
  }
  impl_->wake.notify_all();
  impl_->thread.join();
}

std::map<std::string, SavedWindow> WindowShelf::take_loaded() {
  return std::exchange(impl_->loaded, {});
}

void WindowShelf::put(const std::string& session, const SegmentWindow& window, ShelfMark& mark) {
  for (const auto& rendition : window.renditions())
    impl_->put(session, window, rendition, mark.rows[rendition.name]);
}

void WindowShelf::forget(const std::string& session) {
  impl_->push({0, [directory = impl_->options.directory / session] {
                 std::error_code ec;
                 fs::remove_all(directory, ec);
               }});
}

void WindowShelf::flush() {
  std::unique_lock lock(impl_->mutex);
  impl_->idle.wait(lock, [this] { return impl_->queue.empty() && !impl_->busy; });
}

}  // namespace troupe::media
