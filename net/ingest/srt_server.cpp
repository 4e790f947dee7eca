#include "net/ingest/srt_server.hpp"

#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <list>
#include <mutex>
#include <thread>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <srt/access_control.h>
#include <srt/srt.h>

#include "base/metrics.hpp"
#include "net/ingest/stream_id.hpp"

namespace troupe::ingest {
namespace {

using Clock = std::chrono::steady_clock;

constexpr int kReceiveTimeoutMs =
    500;  // how soon a publisher's thread notices that the server stops
constexpr int kAcceptTimeoutMs = 200;
constexpr int kBacklog = 16;
constexpr std::size_t kMaxMessage = 1500;

int reject_code(const Error& e) {
  switch (e.code) {
    case ErrorCode::invalid_argument:
      return SRT_REJX_BAD_REQUEST;
    case ErrorCode::unauthenticated:
      return SRT_REJX_UNAUTHORIZED;
    case ErrorCode::forbidden:
      return SRT_REJX_FORBIDDEN;
    case ErrorCode::not_found:
      return SRT_REJX_NOTFOUND;
    case ErrorCode::conflict:
      return SRT_REJX_CONFLICT;
    case ErrorCode::overloaded:
    case ErrorCode::rate_limited:
      return SRT_REJX_OVERLOAD;
    case ErrorCode::unsupported:
      return SRT_REJX_BAD_MODE;
    default:
      return SRT_REJX_GW;
  }
}

std::string stream_id_of(SRTSOCKET socket) {
  char text[513] = {};
  int size = sizeof text - 1;
  if (srt_getsockflag(socket, SRTO_STREAMID, text, &size) != 0) return {};
  return {text, static_cast<std::size_t>(size)};
}

Result<StreamId> publish_request(std::string_view text) {
  auto id = parse_stream_id(text);
  if (!id.ok()) return id;
  if (id->mode != "publish") return error(ErrorCode::unsupported, "only m=publish is served here");
  if (live_session(*id).empty())
    return error(ErrorCode::not_found, "the resource must be live/<id>");
  return id;
}

PublishRequest publish_request_of(const StreamId& id) {
  return {live_session(id), id.secret, id.role == "backup"};
}

std::string address_of(const sockaddr* peer) {
  char text[INET6_ADDRSTRLEN] = {};
  if (peer != nullptr && peer->sa_family == AF_INET) {
    inet_ntop(AF_INET, &reinterpret_cast<const sockaddr_in*>(peer)->sin_addr, text, sizeof text);
  } else if (peer != nullptr && peer->sa_family == AF_INET6) {
    inet_ntop(AF_INET6, &reinterpret_cast<const sockaddr_in6*>(peer)->sin6_addr, text, sizeof text);
  }
  return text;
}

struct Publisher {
  SRTSOCKET socket;
  PublisherPlaces::Place place;
  std::thread thread;
  std::atomic<bool> done{false};
  // SRT hands over whole messages only; the demuxer may ask for less.
  std::array<std::uint8_t, kMaxMessage> message;
  std::size_t message_at = 0, message_size = 0;
  Clock::time_point announce_by;  ///< until then it has to be known what the stream holds
  const char* gave_up = nullptr;  ///< why no more bytes were waited for
};

}  // namespace

struct SrtServer::Impl {
  Impl(Metrics& metrics_in, SrtOptions options_in)
      : metrics(metrics_in),
        options(std::move(options_in)),
        publishers_gauge(
            metrics.gauge("troupe_ingest_publishers", "Publishers that are connected")),
        bytes_total(
            metrics.counter("troupe_ingest_bytes_total", "Bytes received from publishers")) {}

  ~Impl() {
    stopping = true;
    if (listener != SRT_INVALID_SOCK) srt_close(listener);
    if (acceptor.joinable()) acceptor.join();
    for (auto& publisher : publishers) {
      srt_close(publisher.socket);
      publisher.thread.join();
    }
    if (started) srt_cleanup();
  }

  Result<void> listen();
  void accept_loop();
  void reap();
  void serve(Publisher& publisher);
  std::size_t receive(Publisher& publisher, std::span<std::uint8_t> buffer);
  void accept();
  int decide(SRTSOCKET socket, const std::string& address, const char* stream_id);

  static int on_handshake(void* self, SRTSOCKET socket, int, const sockaddr* peer,
                          const char* stream_id) {
    return static_cast<Impl*>(self)->decide(socket, address_of(peer), stream_id);
  }

  Metrics& metrics;
  const SrtOptions options;
  prometheus::Gauge& publishers_gauge;
  prometheus::Counter& bytes_total;
  bool started = false;
  SRTSOCKET listener = SRT_INVALID_SOCK;
  std::uint16_t port = 0;
  std::thread acceptor;
  std::atomic<bool> stopping{false};
  std::list<Publisher> publishers;  // acceptor's thread only, until it has ended
};

int SrtServer::Impl::decide(SRTSOCKET socket, const std::string& address, const char* stream_id) {
  auto request = publish_request(stream_id == nullptr ? "" : stream_id);
  Result<void> verdict = request.ok() ? Result<void>() : Result<void>(request.error());
  if (verdict.ok()) verdict = options.places->check(address);
  if (verdict.ok()) verdict = options.door.may_publish(publish_request_of(*request));
  if (verdict.ok()) return 0;
  count_refused(metrics, verdict.error());
  srt_setrejectreason(socket, reject_code(verdict.error()));
  return -1;
}

Result<void> SrtServer::Impl::listen() {
  if (srt_startup() < 0) return error(ErrorCode::internal, "SRT does not start");
  started = true;
  srt_setloglevel(0);  // its log lines carry peers' input; what matters is counted
  listener = srt_create_socket();
  const bool live = true, blocking = true;
  const int timeout = kAcceptTimeoutMs;
  srt_setsockflag(listener, SRTO_SENDER, &live, sizeof live);
  srt_setsockflag(listener, SRTO_RCVSYN, &blocking, sizeof blocking);
  srt_setsockflag(listener, SRTO_RCVLATENCY, &options.latency_ms, sizeof options.latency_ms);
  srt_setsockflag(listener, SRTO_RCVTIMEO, &timeout, sizeof timeout);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(options.port);
  if (inet_pton(AF_INET, options.address.c_str(), &address.sin_addr) != 1) {
    return error(ErrorCode::invalid_argument, "not an IPv4 address: " + options.address);
  }
  srt_listen_callback(listener, &Impl::on_handshake, this);
  if (srt_bind(listener, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0 ||
      srt_listen(listener, kBacklog) != 0) {
    return error(ErrorCode::io,
                 "SRT on port " + std::to_string(options.port) + ": " + srt_getlasterror_str());
  }
  sockaddr_in bound{};
  int size = sizeof bound;
  srt_getsockname(listener, reinterpret_cast<sockaddr*>(&bound), &size);
  port = ntohs(bound.sin_port);
  acceptor = std::thread([this] { accept_loop(); });
  return {};
}

void SrtServer::Impl::accept_loop() {
  const int poll = srt_epoll_create();
  const int events = SRT_EPOLL_IN | SRT_EPOLL_ERR;
  srt_epoll_add_usock(poll, listener, &events);
  while (!stopping) {
    SRT_EPOLL_EVENT ready[4];
    if (srt_epoll_uwait(poll, ready, 4, kAcceptTimeoutMs) > 0) accept();
    reap();
  }
  srt_epoll_release(poll);
}

void SrtServer::Impl::accept() {
  sockaddr_storage peer{};
  int size = sizeof peer;
  const auto socket = srt_accept(listener, reinterpret_cast<sockaddr*>(&peer), &size);
  if (socket == SRT_INVALID_SOCK) return;
  // Again: several handshakes may have passed the check before any of them was accepted.
  auto place = options.places->take(address_of(reinterpret_cast<const sockaddr*>(&peer)));
  if (!place.ok()) {
    count_refused(metrics, place.error());
    srt_close(socket);
    return;
  }
  publishers_gauge.Increment();
  auto& publisher = publishers.emplace_back();
  publisher.socket = socket;
  publisher.place = std::move(*place);
  publisher.thread = std::thread([this, &publisher] { serve(publisher); });
}

void SrtServer::Impl::reap() {
  publishers.remove_if([](Publisher& publisher) {
    if (!publisher.done) return false;
    publisher.thread.join();
    return true;
  });
}

std::size_t SrtServer::Impl::receive(Publisher& publisher, std::span<std::uint8_t> buffer) {
  const auto give_up = Clock::now() + std::chrono::milliseconds(options.idle_timeout_ms);
  while (publisher.message_at == publisher.message_size) {
    const auto now = Clock::now();
    if (now >= give_up) publisher.gave_up = "nothing came for too long";
    if (now >= publisher.announce_by) publisher.gave_up = "the streams cannot be told in time";
    if (stopping || publisher.gave_up != nullptr) return 0;
    const int bytes =
        srt_recvmsg(publisher.socket, reinterpret_cast<char*>(publisher.message.data()),
                    static_cast<int>(publisher.message.size()));
    if (bytes <= 0) {
      const int why = srt_getlasterror(nullptr);
      if (bytes < 0 && (why == SRT_ETIMEOUT || why == SRT_EASYNCRCV)) continue;
      return 0;
    }
    bytes_total.Increment(bytes);
    publisher.message_at = 0;
    publisher.message_size = static_cast<std::size_t>(bytes);
  }
  const auto size = std::min(buffer.size(), publisher.message_size - publisher.message_at);
  std::copy_n(publisher.message.data() + publisher.message_at, size, buffer.data());
  publisher.message_at += size;
  return size;
}

void SrtServer::Impl::serve(Publisher& publisher) {
  const int timeout = kReceiveTimeoutMs;
  srt_setsockflag(publisher.socket, SRTO_RCVTIMEO, &timeout, sizeof timeout);
  publisher.announce_by = Clock::now() + std::chrono::milliseconds(options.probe_timeout_ms);
  const auto request = publish_request(stream_id_of(publisher.socket));
  if (request.ok()) {
    const auto session = live_session(*request);
    auto sink = options.door.publish(publish_request_of(*request));
    if (!sink.ok()) {
      count_refused(metrics, sink.error());
    } else {
      static_cast<void>(run_publication(
          metrics, {.session = session,
                    .sink = **sink,
                    .package =
                        [&](const media::PackageSink& chunks) {
                          return media::package_stream(
                              [&](std::span<std::uint8_t> buffer) {
                                return receive(publisher, buffer);
                              },
                              chunks, options.packager);
                        },
                    .announced = [&] { publisher.announce_by = Clock::time_point::max(); },
                    .source_ended = [&]() -> Result<void> {
                      if (publisher.gave_up == nullptr) return {};
                      return error(ErrorCode::timeout, publisher.gave_up);
                    }}));
    }
  }
  srt_close(publisher.socket);
  publishers_gauge.Decrement();
  publisher.place = {};
  publisher.done = true;
}

SrtServer::SrtServer(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
SrtServer::~SrtServer() = default;

Result<std::unique_ptr<SrtServer>> SrtServer::start(Metrics& metrics, SrtOptions options) {
  auto impl = std::make_unique<Impl>(metrics, std::move(options));
  if (auto done = impl->listen(); !done.ok()) return done.error();
  return std::unique_ptr<SrtServer>(new SrtServer(std::move(impl)));
}

std::uint16_t SrtServer::port() const noexcept {
  return impl_->port;
}

}  // namespace troupe::ingest
