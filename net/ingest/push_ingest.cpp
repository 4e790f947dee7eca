#include "net/ingest/push_ingest.hpp"

#include <atomic>
#include <thread>

#include "base/metrics.hpp"
#include "net/ingest/byte_pipe.hpp"

namespace troupe::ingest {

using Clock = std::chrono::steady_clock;

class PushIngest::Publisher final : public PushPublisher {
 public:
  Publisher(Metrics& metrics, const PushOptions& options, Opening opening,
            std::unique_ptr<PublishSink> sink, PublisherPlaces::Place place)
      : metrics_(metrics),
        options_(options),
        opening_(std::move(opening)),
        sink_(std::move(sink)),
        place_(std::move(place)),
        bytes_total_(
            metrics.counter("troupe_ingest_bytes_total", "Bytes received from publishers")),
        pipe_(options.max_unpackaged_bytes,
              [this] {
                if (opening_.on_room) opening_.on_room();
              }),
        announce_by_(Clock::now() + options.probe_timeout) {}

  void start() {
    thread_ = std::thread([this] { run(); });
  }
  void join() { thread_.join(); }
  [[nodiscard]] bool done() const noexcept { return done_; }

  [[nodiscard]] bool write(std::string_view bytes) override {
    bytes_total_.Increment(static_cast<double>(bytes.size()));
    return pipe_.write(bytes);
  }
  void end(const Result<void>& how) override {
    set_reason(how);
    pipe_.close();
  }
  [[nodiscard]] std::uint64_t taken() const override { return pipe_.taken(); }
  void abandon() {
    set_reason(error(ErrorCode::overloaded, "the server is going away"));
    pipe_.abandon();
  }

 private:
  void set_reason(const Result<void>& why) {
    const std::lock_guard lock(mutex_);
    if (why_.ok()) why_ = why;
  }

  std::size_t read(std::span<std::uint8_t> buffer) {
    const auto silent_at = Clock::now() + options_.idle_timeout;
    const auto deadline = std::min(silent_at, announce_by_);
    const auto size = pipe_.read(buffer, deadline);
    const auto now = Clock::now();
    if (size > 0 && now < announce_by_) return size;
    if (now >= announce_by_) {
      set_reason(error(ErrorCode::timeout, "the streams cannot be told in time"));
    } else if (now >= silent_at) {
      set_reason(error(ErrorCode::timeout, "nothing came for too long"));
    }
    return 0;
  }

  void run() {
    auto& publishers = metrics_.gauge("troupe_ingest_publishers", "Publishers that are connected");
    publishers.Increment();
    auto packager = options_.packager;
    packager.container = opening_.container;
    const auto outcome = run_publication(
        metrics_, {.session = opening_.request.session,
                   .sink = *sink_,
                   .package =
                       [&](const media::PackageSink& chunks) {
                         return media::package_stream(
                             [this](std::span<std::uint8_t> buffer) { return read(buffer); },
                             watched(chunks), packager);
                       },
                   .announced = [this] { announce_by_ = Clock::time_point::max(); },
                   .source_ended =
                       [this] {
                         const std::lock_guard lock(mutex_);
                         return why_;
                       }});
    pipe_.abandon();
    // The next publisher may come as soon as this one is told.
    sink_.reset();
    place_ = {};
    publishers.Decrement();
    opening_.on_end(outcome);
    opening_ = {};
    done_ = true;
  }

  media::PackageSink watched(const media::PackageSink& chunks) {
    return {.tracks =
                [this, &chunks](std::vector<media::Track> tracks) {
                  if (opening_.on_tracks) opening_.on_tracks(tracks);
                  chunks.tracks(std::move(tracks));
                },
            .chunk = chunks.chunk};
  }

  Metrics& metrics_;
  const PushOptions& options_;
  Opening opening_;
  std::unique_ptr<PublishSink> sink_;
  PublisherPlaces::Place place_;
  prometheus::Counter& bytes_total_;
  BytePipe pipe_;
  Clock::time_point announce_by_;
  std::mutex mutex_;
  Result<void> why_;
  std::atomic<bool> done_{false};
  std::thread thread_;
};

PushIngest::PushIngest(Metrics& metrics, PushOptions options)
    : metrics_(metrics), options_(std::move(options)) {}

PushIngest::~PushIngest() {
  stop();
}

void PushIngest::stop() {
  std::list<std::shared_ptr<Publisher>> ending;
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
    ending.swap(publishers_);
  }
  for (const auto& publisher : ending) publisher->abandon();
  for (const auto& publisher : ending) publisher->join();
}

void PushIngest::reap() {
  publishers_.remove_if([](const std::shared_ptr<Publisher>& publisher) {
    if (!publisher->done()) return false;
    publisher->join();
    return true;
  });
}

Result<std::shared_ptr<PushPublisher>> PushIngest::open(Opening opening) {
  const std::lock_guard lock(mutex_);
  const auto refuse = [this](const Error& why) -> Result<std::shared_ptr<PushPublisher>> {
    count_refused(metrics_, why);
    return why;
  };
  if (stopping_) return refuse(error(ErrorCode::overloaded, "the server is going away"));
  reap();
  auto place = options_.places->take(opening.address);
  if (!place.ok()) return refuse(place.error());
  auto sink = options_.door.publish(opening.request);
  if (!sink.ok()) return refuse(sink.error());
  auto publisher = std::make_shared<Publisher>(metrics_, options_, std::move(opening),
                                               std::move(*sink), std::move(*place));
  publishers_.push_back(publisher);
  publisher->start();
  return std::shared_ptr<PushPublisher>(std::move(publisher));
}

}  // namespace troupe::ingest
