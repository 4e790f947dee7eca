#include "server/app.hpp"

#include <atomic>
#include <thread>

#include <caf/actor_system.hpp>
#include <sodium.h>
#include <spdlog/spdlog.h>

#include "actors/system/admission.hpp"
#include "actors/system/ask.hpp"
#include "actors/system/context.hpp"
#include "actors/system/entity.hpp"
#include "actors/system/scheduler.hpp"
#include "actors/system/supervisor.hpp"
#include "base/metrics.hpp"
#include "net/api/system_api.hpp"
#include "net/http/io_pool.hpp"
#include "net/http/server.hpp"
#include "net/http/static_files.hpp"
#include "server/domains.hpp"
#include "server/token_key.hpp"
#include "storage/read_pool.hpp"
#include "storage/store.hpp"
#include "storage/writer.hpp"

namespace troupe::server {
namespace {

constexpr auto kDrainTimeout = std::chrono::seconds(10);
constexpr auto kPassivateTimeout = std::chrono::seconds(10);

std::size_t or_cores(std::int64_t configured) {
  return configured > 0 ? static_cast<std::size_t>(configured)
                        : std::max(1U, std::thread::hardware_concurrency());
}

std::uint64_t unix_ms() {
  return static_cast<std::uint64_t>(std::chrono::duration_cast<std::chrono::milliseconds>(
                                        std::chrono::system_clock::now().time_since_epoch())
                                        .count());
}

http::ServerOptions server_options(const Config& config, const JwtKey& key) {
  http::ServerOptions options;
  options.address = config.http_address;
  options.port = static_cast<std::uint16_t>(config.http_port);
  options.tls_certificate = config.http_tls_certificate;
  options.tls_key = config.http_tls_key;
  options.max_connections = static_cast<std::size_t>(config.http_max_connections);
  options.max_connections_per_address =
      static_cast<std::size_t>(config.http_max_connections_per_address);
  options.max_requests_per_connection =
      static_cast<std::size_t>(config.http_max_requests_per_connection);
  options.header_timeout = std::chrono::milliseconds(config.http_header_timeout_ms);
  options.body_timeout = std::chrono::milliseconds(config.http_body_timeout_ms);
  options.idle_timeout = std::chrono::milliseconds(config.http_idle_timeout_ms);
  options.write_timeout = std::chrono::milliseconds(config.http_write_timeout_ms);
  if (auto trusted = http::parse_address_ranges(config.http_trusted_proxies); trusted.ok())
    options.trusted_proxies = std::move(*trusted);
  options.rate_limit = {config.http_rate_per_second, config.http_rate_burst};
  options.token_key = key;
  options.access_log = config.http_access_log;
  return options;
}

}  // namespace

/// Members are built top to bottom and destroyed bottom to top: what comes later may use what
/// stands above it.
struct App::Impl {
  Config config;
  std::function<void()> on_failure;
  JwtKey token_key;
  Metrics metrics;
  std::unique_ptr<storage::Store> store;
  std::unique_ptr<storage::Writer> writer;
  std::unique_ptr<storage::ReadPool> reads;
  std::unique_ptr<actors::SchedulerConfig> actor_config;
  std::unique_ptr<caf::actor_system> system;
  std::unique_ptr<actors::SupervisionTree> supervision;
  std::unique_ptr<actors::EntityRegistry> entities;
  std::unique_ptr<actors::Context> context;
  std::unique_ptr<actors::Asker> asker;
  std::unique_ptr<actors::Admission> admission;
  std::unique_ptr<http::IoPool> io;
  http::Router router;
  std::unique_ptr<Domains> domains;
  std::unique_ptr<http::Server> http_server;
  std::atomic<bool> ready{false};
  Addresses addresses;
  bool stopped = false;

  Result<void> open_state();
  Result<void> listen();
  void stop();
};

Result<void> App::Impl::open_state() {
  if (auto trusted = http::parse_address_ranges(config.http_trusted_proxies); !trusted.ok())
    return error(trusted.code(), "http.trusted_proxies: " + trusted.error().detail);
  auto key = load_token_key(config);
  if (!key.ok()) return key.error();
  token_key = *key;
  storage::StoreOptions options;
  options.path = std::filesystem::path(config.data_dir) / "db";
  options.block_cache_bytes = static_cast<std::size_t>(config.storage_cache_mib) << 20;
  options.write_buffer_bytes = static_cast<std::size_t>(config.storage_write_buffer_mib) << 20;
  auto opened = storage::Store::open(options);
  if (!opened.ok()) return opened.error();
  store = std::move(*opened);
  auto writing = storage::Writer::open(*store, metrics);
  if (!writing.ok()) return writing.error();
  writer = std::move(*writing);
  reads = std::make_unique<storage::ReadPool>(
      *store, static_cast<std::size_t>(config.storage_read_threads));
  actor_config = std::make_unique<actors::SchedulerConfig>(or_cores(config.actors_threads));
  system = std::make_unique<caf::actor_system>(*actor_config);
  supervision = std::make_unique<actors::SupervisionTree>(*system, metrics, on_failure);
  entities = std::make_unique<actors::EntityRegistry>(*system, metrics, supervision.get());
  context.reset(new actors::Context{*system, *store, *writer, *reads, *entities, metrics, unix_ms,
                                    supervision.get()});
  asker = std::make_unique<actors::Asker>(*system, *entities);
  actors::AdmissionLimits limits;
  limits.bulk_delay = std::chrono::milliseconds(config.actors_bulk_delay_ms);
  limits.normal_delay = std::chrono::milliseconds(config.actors_normal_delay_ms);
  admission = std::make_unique<actors::Admission>(*system, metrics, limits);
  return {};
}

Result<void> App::Impl::listen() {
  io = std::make_unique<http::IoPool>(or_cores(config.http_threads));
  api::mount_system(router, {.metrics = metrics,
                             .entities = *entities,
                             .supervision = *supervision,
                             .reads = *reads,
                             .backup_dir = std::filesystem::path(config.data_dir) / "backups",
                             .ready = [this] { return ready.load(); },
                             .progress = [this] { return domains ? domains->draining() : ""; },
                             .drills = config.admin_drills});
  auto started = Domains::start({config, *context, *asker, *io, router, token_key});
  if (!started.ok()) return started.error();
  domains = std::move(*started);
  if (!config.http_web_dir.empty()) {
    auto files = http::mount_static_files(router, config.http_web_dir);
    if (!files.ok()) spdlog::warn("no pages: {}", files.error().detail);
  }
  auto options = server_options(config, token_key);
  options.admit = [this](Priority priority) { return admission->admit(priority); };
  http_server = std::make_unique<http::Server>(*io, router, metrics, std::move(options));
  if (auto done = http_server->start(); !done.ok()) return done.error();
  addresses.http_port = http_server->port();
  addresses.http = (config.http_tls_certificate.empty() ? "http://" : "https://") +
                   config.http_address + ":" + std::to_string(addresses.http_port);
  addresses.game_port = domains->game_port();
  addresses.srt_port = domains->srt_port();
  addresses.rtmp_port = domains->rtmp_port();
  ready = true;
  return {};
}

void App::Impl::stop() {
  if (std::exchange(stopped, true)) return;
  ready = false;
  if (domains) domains->stop_ingress();
  if (http_server) {
    const auto cut = http_server->drain(kDrainTimeout);
    if (cut > 0) spdlog::warn("{} connections did not end in time", cut);
  }
  if (entities) {
    const auto left = entities->shutdown(kPassivateTimeout);
    if (left > 0) spdlog::warn("{} entities did not passivate in time", left);
  }
  if (writer) writer->flush();
  if (io) io->stop();
  http_server.reset();
  if (supervision) supervision->stop();
  if (reads) reads->wait_until_idle();  // the last requests' jobs use the domains and the asker
  domains.reset();
  admission.reset();
  asker.reset();
  entities.reset();
  supervision.reset();
  system.reset();
  reads.reset();
  writer.reset();
}

App::App(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
App::~App() {
  impl_->stop();
}

Result<std::unique_ptr<App>> App::start(const Config& config, std::function<void()> on_failure) {
  if (sodium_init() < 0) return error(ErrorCode::internal, "no randomness");
  auto impl = std::make_unique<Impl>();
  impl->config = config;
  impl->on_failure = std::move(on_failure);
  std::unique_ptr<App> app(new App(std::move(impl)));
  if (auto done = app->impl_->open_state(); !done.ok()) return done.error();
  if (auto done = app->impl_->listen(); !done.ok()) return done.error();
  return app;
}

const Addresses& App::addresses() const noexcept {
  return impl_->addresses;
}
void App::drain() {
  impl_->ready = false;
  impl_->domains->drain();
}
void App::stop() {
  impl_->stop();
}

}  // namespace troupe::server
