#include "net/api/live/country_book.hpp"

#include <condition_variable>
#include <fstream>
#include <iterator>
#include <mutex>
#include <shared_mutex>
#include <thread>
#include <utility>

#include <maxminddb.h>
#include <spdlog/spdlog.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/metrics.hpp"

namespace troupe::api {
namespace {

namespace fs = std::filesystem;

constexpr std::chrono::seconds kLookEvery{1};
constexpr std::uintmax_t kMaxBytes = 512U << 20;  // MaxMind's largest has 120 MB

/// One file's worth.
class Database {
 public:
  Database() = default;
  ~Database() {
    if (open_) MMDB_close(&mmdb_);
  }
  Database(const Database&) = delete;
  Database& operator=(const Database&) = delete;

  Result<void> read(const fs::path& file) {
    std::error_code ec;
    if (const auto size = fs::file_size(file, ec); ec || size > kMaxBytes)
      return error(ErrorCode::io, file.string() + ": cannot be read, or over 512 MiB");
    std::ifstream in(file, std::ios::binary);
    const std::string bytes(std::istreambuf_iterator<char>(in), {});
    if (!in) return error(ErrorCode::io, "cannot read " + file.string());
    // The library maps files alone. One that is written over while it is mapped would end the
    // process.
    const int fd = ::memfd_create("countries", MFD_CLOEXEC);
    if (fd < 0) return error(ErrorCode::io, "no memory file");
    const bool written = write_all(fd, bytes);
    const auto verdict =
        written ? MMDB_open(("/proc/self/fd/" + std::to_string(fd)).c_str(), MMDB_MODE_MMAP, &mmdb_)
                : MMDB_IO_ERROR;
    ::close(fd);
    if (verdict != MMDB_SUCCESS)
      return error(ErrorCode::corrupt, file.string() + ": " + MMDB_strerror(verdict));
    open_ = true;
    return {};
  }

  [[nodiscard]] std::string country(const std::string& address) const {
    int not_an_address = 0, problem = 0;
    auto found = MMDB_lookup_string(&mmdb_, address.c_str(), &not_an_address, &problem);
    if (not_an_address != 0 || problem != MMDB_SUCCESS || !found.found_entry) return {};
    MMDB_entry_data_s data;
    constexpr const char* kEnd = nullptr;
    if (MMDB_get_value(&found.entry, &data, "country", "iso_code", kEnd) != MMDB_SUCCESS ||
        !data.has_data || data.type != MMDB_DATA_TYPE_UTF8_STRING)
      return {};
    return {data.utf8_string, data.data_size};
  }
  [[nodiscard]] std::uint64_t built_s() const { return mmdb_.metadata.build_epoch; }

 private:
  static bool write_all(int fd, std::string_view bytes) {
    while (!bytes.empty()) {
      const auto sent = ::write(fd, bytes.data(), bytes.size());
      if (sent <= 0) return false;
      bytes.remove_prefix(static_cast<std::size_t>(sent));
    }
    return true;
  }

  MMDB_s mmdb_{};
  bool open_ = false;
};

/// What tells a file from the one that was there before.
struct Stamp {
  fs::file_time_type written{};
  std::uintmax_t bytes = 0;
  friend bool operator==(const Stamp&, const Stamp&) = default;
};
Stamp stamp_of(const fs::path& file) {
  std::error_code ec;
  Stamp out{fs::last_write_time(file, ec), 0};
  if (!ec) out.bytes = fs::file_size(file, ec);
  return ec ? Stamp{} : out;
}

}  // namespace

struct CountryBook::Impl {
  Impl(fs::path path, Metrics& metrics)
      : file(std::move(path)),
        built(metrics.gauge("troupe_live_countries_built_timestamp_seconds",
                            "When the database of countries was made, Unix time")),
        failures(metrics.counter("troupe_live_countries_reload_failures_total",
                                 "New databases of countries that could not be read")),
        known(metrics.counter("troupe_live_countries_lookups_total",
                              "Viewers whose country was looked up", {{"known", "yes"}})),
        unknown(metrics.counter("troupe_live_countries_lookups_total",
                                "Viewers whose country was looked up", {{"known", "no"}})) {}

  Result<void> load() {
    const auto now = stamp_of(file);
    auto next = std::make_shared<Database>();
    if (auto read = next->read(file); !read.ok()) return read;
    built.Set(static_cast<double>(next->built_s()));
    const std::unique_lock lock(mutex);
    stamp = now;
    database = std::move(next);
    return {};
  }

  void watch() {
    std::unique_lock lock(watching);
    auto tried = stamp;
    while (!wake.wait_for(lock, kLookEvery, [this] { return stop; })) {
      const auto now = stamp_of(file);
      if (now == tried) continue;
      tried = now;
      if (auto read = load(); !read.ok()) {
        failures.Increment();
        spdlog::error("countries: {}; the old ones stay", read.error().detail);
      } else {
        spdlog::info("countries: read {} anew", file.string());
      }
    }
  }

  const fs::path file;
  prometheus::Gauge& built;
  prometheus::Counter &failures, &known, &unknown;
  mutable std::shared_mutex mutex;
  std::shared_ptr<const Database> database;
  Stamp stamp;
  std::mutex watching;
  std::condition_variable wake;
  bool stop = false;
  std::thread thread;
};

Result<std::shared_ptr<CountryBook>> CountryBook::open(fs::path file, Metrics& metrics) {
  auto impl = std::make_unique<Impl>(std::move(file), metrics);
  if (auto read = impl->load(); !read.ok()) return read.error();
  impl->thread = std::thread([raw = impl.get()] { raw->watch(); });
  return std::shared_ptr<CountryBook>(new CountryBook(std::move(impl)));
}

CountryBook::CountryBook(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}

CountryBook::~CountryBook() {
  {
    const std::lock_guard lock(impl_->watching);
    impl_->stop = true;
  }
  impl_->wake.notify_all();
  impl_->thread.join();
}

std::string CountryBook::country(const std::string& address) const {
  std::shared_ptr<const Database> database;
  {
    const std::shared_lock lock(impl_->mutex);
    database = impl_->database;
  }
  auto out = database->country(address);
  (out.empty() ? impl_->unknown : impl_->known).Increment();
  return out;
}

}  // namespace troupe::api
