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

std::size_t RtmpPublisher::read(std::span<std::uint8_t> buffer) {
  const auto read = pipe_.read(buffer, announce_by_);
  if (read.outcome == BytePipe::Outcome::timeout)
    end(error(ErrorCode::timeout, "the streams cannot be told in time"));
  return read.bytes;
}

void RtmpPublisher::run() {
  auto& publishers =
      metrics_.gauge("troupe_ingest_publishers", "Publishers that are connected");
  publishers.Increment();
  const auto outcome = run_publication(
      metrics_, [this](std::span<std::uint8_t> buffer) { return read(buffer); },
      {.session = options_.session,
       .sink = *sink_,
       .packager = options_.packager,
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
