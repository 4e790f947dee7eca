#include "net/ingest/rtmp_publisher.hpp"

#include "base/metrics.hpp"

namespace troupe::ingest {

RtmpPublisher::RtmpPublisher(Metrics& metrics, Options options, std::unique_ptr<PublishSink> sink,
                             PublisherPlaces::Place place)
    : metrics_(metrics),
      options_(std::move(options)),
      sink_(std::move(sink)),
      place_(std::move(place)),
      pipe_(options_.max_unpackaged_bytes, options_.on_room),
      announce_by_(std::chrono::steady_clock::now() + options_.probe_timeout) {
  thread_ = std::thread([this] { run(); });
}

RtmpPublisher::~RtmpPublisher() {
  pipe_.close();
  thread_.join();
}

void RtmpPublisher::end(const Result<void>& why) {
  {
    const std::lock_guard lock(mutex_);
    if (why_.ok()) why_ = why;
  }
  pipe_.close();
}

std::optional<MediaUnit> RtmpPublisher::read() {
  auto read = pipe_.read(announce_by_);
  if (read.outcome == MediaPipe::Outcome::timeout)
    end(error(ErrorCode::timeout, "the streams cannot be told in time"));
  return std::move(read.unit);
}

Result<media::PackageStats> RtmpPublisher::package(const media::PackageSink& sink) {
  const auto format = read();
  if (!format) return media::PackageStats{};
  return media::package_frames(
      std::get<media::EncodedFormat>(*format),
      [this]() -> std::optional<media::EncodedFrame> {
        auto unit = read();
        if (!unit) return std::nullopt;
        return std::get<media::EncodedFrame>(std::move(*unit));
      },
      sink, options_.packager);
}

void RtmpPublisher::run() {
  auto& publishers = metrics_.gauge("troupe_ingest_publishers", "Publishers that are connected");
  publishers.Increment();
  const auto outcome = run_publication(
      metrics_,
      {.session = options_.session,
       .sink = *sink_,
       .package = [this](const media::PackageSink& sink) { return package(sink); },
       .announced = [this] { announce_by_ = std::chrono::steady_clock::time_point::max(); },
       .source_ended =
           [this] {
             const std::lock_guard lock(mutex_);
             return why_;
           }});
  // The next publisher may come as soon as this one is told.
  sink_.reset();
  place_ = {};
  publishers.Decrement();
  options_.on_end(outcome);
}

}  // namespace troupe::ingest
