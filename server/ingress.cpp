#include "server/ingress.hpp"

#include <boost/json.hpp>
#include <spdlog/spdlog.h>

#include "actors/live/live_store.hpp"
#include "actors/live/messages.hpp"
#include "actors/system/context.hpp"
#include "actors/system/entity.hpp"
#include "net/api/live/gateway.hpp"
#include "net/api/live/pull.hpp"
#include "net/api/live/push.hpp"
#include "net/ingest/backup_door.hpp"
#include "net/ingest/pull_ingest.hpp"
#include "net/ingest/push_ingest.hpp"
#include "net/ingest/rtmp_server.hpp"
#include "net/ingest/srt_server.hpp"

namespace troupe::server {

struct Ingress::Impl {
  std::shared_ptr<ingest::BackupDoor> backup;
  std::unique_ptr<ingest::SrtServer> srt;
  std::unique_ptr<ingest::RtmpServer> rtmp;  // null: off
  std::shared_ptr<ingest::PushIngest> push;  // routes have it too
  std::shared_ptr<ingest::PullIngest> pulls;
};

namespace {

/// A publisher of any protocol on its way into its session.
class SessionSink final : public ingest::PublishSink {
 public:
  explicit SessionSink(std::unique_ptr<api::LivePublisher> publisher)
      : publisher_(std::move(publisher)) {}
  void tracks(std::vector<media::Track> tracks) override { publisher_->tracks(std::move(tracks)); }
  Result<void> chunk(media::ChunkPtr chunk) override { return publisher_->chunk(std::move(chunk)); }

 private:
  std::unique_ptr<api::LivePublisher> publisher_;
};

live::KeyUse use_of(const ingest::PublishRequest& request) {
  return request.backup ? live::KeyUse::backup : live::KeyUse::publisher;
}

ingest::PublishDoor publish_door(api::LiveGateway& live) {
  return {
      .may_publish =
          [&live](const ingest::PublishRequest& r) {
            return live.may_publish(r.session, r.key, use_of(r));
          },
      .publish =
          [&live](const ingest::PublishRequest& r) -> Result<std::unique_ptr<ingest::PublishSink>> {
        auto publisher = r.trusted ? live.publish_own(r.session) : live.publish(r.session, r.key);
        if (!publisher.ok()) return publisher.error();
        return std::unique_ptr<ingest::PublishSink>(new SessionSink(std::move(*publisher)));
      },
      .key = [&live](const ingest::PublishRequest& r) -> Result<ingest::KeyCheck> {
        auto hold = r.trusted ? live.own_hold(r.session) : live.hold(r.session, r.key, use_of(r));
        if (!hold.ok()) return hold.error();
        // Who needs no key minds no expiry.
        if (r.trusted) return ingest::KeyCheck([key = std::move(*hold)] { return key->kept(); });
        return ingest::KeyCheck([key = std::move(*hold)] { return key->held(); });
      }};
}

/// What the protocols share.
struct Common {
  ingest::PublishDoor door;
  std::shared_ptr<ingest::PublisherPlaces> places;
  media::PackagerOptions packager;
};

Result<std::unique_ptr<ingest::SrtServer>> start_srt(const Wiring& w, const Common& common) {
  ingest::SrtOptions options;
  options.address = w.config.live_address;
  options.port = static_cast<std::uint16_t>(w.config.live_srt_port);
  options.latency_ms = static_cast<int>(w.config.live_srt_latency_ms);
  options.places = common.places;
  options.packager = common.packager;
  options.door = common.door;
  return ingest::SrtServer::start(w.context.metrics, std::move(options));
}

/// Null when it is off.
Result<std::unique_ptr<ingest::RtmpServer>> start_rtmp(const Wiring& w, const Common& common) {
  if (!w.config.rtmp_enabled) return std::unique_ptr<ingest::RtmpServer>();
  ingest::RtmpOptions options;
  options.address = w.config.live_address;
  options.port = static_cast<std::uint16_t>(w.config.rtmp_port);
  options.tls_certificate = w.config.http_tls_certificate;
  options.tls_key = w.config.http_tls_key;
  options.max_connections = static_cast<std::size_t>(w.config.rtmp_max_connections);
  options.max_connections_per_address =
      static_cast<std::size_t>(w.config.rtmp_max_connections_per_address);
  options.places = common.places;
  options.packager = common.packager;
  options.door = common.door;
  return ingest::RtmpServer::start(w.context.metrics, std::move(options));
}

/// What was pulled when the server ended, whichever way, is pulled again. Blocks.
Result<void> resume_pulls(const storage::Store& store, ingest::PullIngest& pulls) {
  constexpr std::size_t kPage = 1'000;
  std::string before;
  while (true) {
    const auto page = live::list(store, before, kPage);
    if (!page.ok()) return page.error();
    for (const auto& session : *page) {
      if (session.pull_url.empty() || session.state == live::State::ended) continue;
      if (auto begun = pulls.start(session.id, session.pull_url, session.owner); !begun.ok())
        spdlog::error("live {}: not pulled again: {}", session.id, begun.error().detail);
    }
    if (page->size() < kPage) return {};
    before = page->back().id;
  }
}

}  // namespace

Ingress::Ingress(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Ingress::~Ingress() {
  stop();
}

Result<std::unique_ptr<Ingress>> Ingress::start(const Wiring& wiring, api::LiveGateway& live) {
  const auto& config = wiring.config;
  Common common;
  auto impl = std::make_unique<Impl>();
  impl->backup = std::make_shared<ingest::BackupDoor>(
      wiring.context.metrics, publish_door(live),
      ingest::AirOptions{.silent_after = std::chrono::milliseconds(config.live_backup_after_ms),
                         .return_after = std::chrono::seconds(config.live_backup_return_s)});
  common.door = impl->backup->door();
  common.places = std::make_shared<ingest::PublisherPlaces>(
      static_cast<std::size_t>(config.live_max_publishers),
      static_cast<std::size_t>(config.live_max_publishers_per_address));
  common.packager.chunk_ms = static_cast<int>(config.live_chunk_ms);
  auto srt = start_srt(wiring, common);
  if (!srt.ok()) return srt.error();
  impl->srt = std::move(*srt);
  auto rtmp = start_rtmp(wiring, common);
  if (!rtmp.ok()) return rtmp.error();
  impl->rtmp = std::move(*rtmp);
  ingest::PushOptions push;
  push.packager = common.packager;
  push.door = common.door;
  push.places = common.places;
  impl->push = std::make_shared<ingest::PushIngest>(wiring.context.metrics, std::move(push));
  api::mount_live_push(wiring.router, impl->push);
  ingest::PullIngestOptions pull;
  pull.pull.packager = common.packager;
  pull.door = common.door;
  pull.places = common.places;
  pull.private_addresses = config.live_pull_private;
  // It is not begun again by the next start.
  pull.finished = [&entities = wiring.context.entities](const std::string& session,
                                                        const std::string& url) {
    entities.tell(live::kKind, session,
                  caf::make_message(live::change_atom::value, live::Caller{{}, true},
                                    live::SessionChange{.pull_url = "", .if_pull_url = url}));
  };
  impl->pulls = std::make_shared<ingest::PullIngest>(wiring.context.metrics, std::move(pull));
  api::mount_live_pull(wiring.router, wiring.asker, impl->pulls);
  if (auto done = resume_pulls(wiring.context.store, *impl->pulls); !done.ok()) return done.error();
  return std::unique_ptr<Ingress>(new Ingress(std::move(impl)));
}

api::LiveIngestHooks Ingress::hooks(const std::unique_ptr<Ingress>& ingress) {
  auto out =
      api::pull_hooks([&ingress]() { return ingress ? ingress->impl_->pulls.get() : nullptr; });
  out.describe = [&ingress, pulls = std::move(out.describe)](const std::string& id,
                                                             boost::json::object& session) {
    pulls(id, session);
    const auto status = ingress ? ingress->impl_->backup->status(id) : std::nullopt;
    if (!status || (!status->standing_by && status->switches == 0)) return;
    session["backup"] = {{"on_air", status->on_air == ingest::Role::backup    ? "backup"
                                    : status->on_air == ingest::Role::primary ? "primary"
                                                                              : "nobody"},
                         {"standing_by", status->standing_by},
                         {"switches", status->switches},
                         {"last_gap_ms", status->gap_ms}};
  };
  return out;
}
std::uint16_t Ingress::srt_port() const noexcept {
  return impl_->srt ? impl_->srt->port() : std::uint16_t{0};
}
std::uint16_t Ingress::rtmp_port() const noexcept {
  return impl_->rtmp ? impl_->rtmp->port() : std::uint16_t{0};
}

void Ingress::stop() {
  impl_->srt.reset();
  impl_->rtmp.reset();
  impl_->push->stop();
  impl_->pulls->stop_all();
}

}  // namespace troupe::server
