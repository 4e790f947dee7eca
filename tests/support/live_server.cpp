#include "tests/support/live_server.hpp"

#include <stdexcept>
#include <thread>

#include <boost/json.hpp>
#include <caf/actor_system.hpp>
#include <sodium.h>

#include "actors/system/ask.hpp"
#include "actors/system/context.hpp"
#include "actors/system/scheduler.hpp"
#include "base/metrics.hpp"
#include "net/http/io_pool.hpp"
#include "net/http/request_head.hpp"
#include "net/http/server.hpp"
#include "net/http/static_files.hpp"
#include "sim/http_client.hpp"
#include "storage/journal.hpp"
#include "storage/read_pool.hpp"
#include "storage/store.hpp"
#include "storage/writer.hpp"
#include "tests/support/temp_dir.hpp"

namespace troupe::test {

namespace {

const JwtKey kKey{JwtAlgorithm::hs256, std::string(32, 'k')};
constexpr std::size_t kMaxConnections = 19'000;

}  // namespace

struct LiveServer::Impl {
  Impl(std::size_t threads, std::string data_dir)
      : path(data_dir.empty() ? dir / "db" : std::move(data_dir)), io(threads) {}

  TempDir dir;
  std::string path;
  Metrics metrics;
  std::unique_ptr<storage::Store> store = std::move(*storage::Store::open({.path = path}));
  storage::Writer writer{*store, metrics};
  storage::ReadPool reads{*store};
  actors::SchedulerConfig config;
  caf::actor_system system{config};
  actors::EntityRegistry entities{system, metrics};
  actors::Context context{
      system, *store, writer, reads, entities, metrics, [] {
        return static_cast<std::uint64_t>(std::chrono::duration_cast<std::chrono::milliseconds>(
                                              std::chrono::system_clock::now().time_since_epoch())
                                              .count());
      }};
  std::unique_ptr<actors::Asker> asker = std::make_unique<actors::Asker>(system, entities);
  http::IoPool io;
  http::Router router;
  std::unique_ptr<api::LiveGateway> gateway;
  std::unique_ptr<http::Server> server;
};

LiveServer::LiveServer(std::size_t io_threads, const std::string& web_dir,
                       const media::LadderOptions& ladder)
    : LiveServer(Setup{.io_threads = io_threads,
                       .web_dir = web_dir,
                       .data_dir = {},
                       .port = 0,
                       .tls_certificate = {},
                       .tls_key = {},
                       .change = [&](auto& options) { options.ladder = ladder; }}) {}

LiveServer::LiveServer(const Setup& setup) {
  if (sodium_init() < 0) throw std::runtime_error("no randomness");
  impl_ = std::make_unique<Impl>(setup.io_threads, setup.data_dir);
  std::vector<boost::asio::io_context*> loops;
  for (std::size_t i = 0; i < impl_->io.size(); ++i) loops.push_back(&impl_->io.at(i));
  api::LiveGatewayOptions options;
  options.srt_origin = [] { return std::string("srt://127.0.0.1:9000"); };
  options.verify = [](const std::string& token) {
    return http::principal_of(token, kKey, http::ServerOptions{}.audience);
  };
  if (setup.change) setup.change(options);
  auto gateway = api::LiveGateway::start(impl_->context, *impl_->asker, loops, impl_->router,
                                         std::move(options));
  if (!gateway.ok()) throw std::runtime_error(gateway.error().detail);
  impl_->gateway = std::move(*gateway);
  if (!setup.web_dir.empty()) {
    if (auto files = http::mount_static_files(impl_->router, setup.web_dir); !files.ok()) {
      throw std::runtime_error(files.error().detail);
    }
  }
  impl_->router.add("GET", "/metrics",
                    [this](const http::Request&, const http::Responder& out) {
                      http::Response response;
                      response.content_type = "text/plain; version=0.0.4";
                      response.body = metrics();
                      out.send(std::move(response));
                    },
                    {.access = http::Access::open});
  http::ServerOptions http_options;
  http_options.port = setup.port;
  http_options.tls_certificate = setup.tls_certificate;
  http_options.tls_key = setup.tls_key;
  http_options.token_key = kKey;
  http_options.max_connections = http_options.max_connections_per_address = kMaxConnections;
  impl_->server =
      std::make_unique<http::Server>(impl_->io, impl_->router, impl_->metrics, http_options);
  if (auto started = impl_->server->start(); !started.ok())
    throw std::runtime_error(started.error().detail);
}

LiveServer::~LiveServer() {
  impl_->server->drain(std::chrono::seconds(2));
  impl_->entities.shutdown(std::chrono::seconds(10));
  impl_->writer.flush();
  impl_->io.stop();
  impl_->server.reset();
  impl_->gateway.reset();
  impl_->asker.reset();
}

std::string live_token(const std::string& subject, const std::string& scopes) {
  const auto now = std::chrono::duration_cast<std::chrono::seconds>(
      std::chrono::system_clock::now().time_since_epoch());
  JwtClaims claims;
  claims.subject = subject;
  claims.audience = "troupe";
  claims.scope = scopes;
  claims.expires_s = now.count() + 3'600;
  return *sign_jwt(kKey, claims);
}

sim::Endpoint LiveServer::endpoint() const {
  sim::Endpoint endpoint;
  endpoint.http_port = impl_->server->port();
  endpoint.token = live_token;
  return endpoint;
}

api::LiveGateway& LiveServer::gateway() {
  return *impl_->gateway;
}
void LiveServer::crash(const std::string& id) {
  impl_->entities.crash(live::kKind, id);
}
std::string LiveServer::journal() const {
  constexpr std::size_t kMost = 1'000;
  impl_->writer.flush();
  std::string out;
  const auto entries = storage::read_journal(*impl_->store, 1, kMost);
  for (const auto& entry : *entries) out += entry.type + " " + entry.payload + "\n";
  return out;
}

std::string LiveServer::metrics() const {
  return impl_->metrics.expose();
}

MadeSession make_session(const sim::Endpoint& endpoint, const std::string& owner) {
  sim::HttpClient http(endpoint.host, endpoint.http_port, endpoint.token(owner, ""));
  const auto reply = http.post("/api/v1/live", boost::json::object{{"title", "Kitchen"}});
  if (!reply.ok() || reply->status != 201) throw std::runtime_error("POST /api/v1/live failed");
  const auto body = reply->json();
  return {std::string(body.at("id").as_string()), std::string(body.at("publish_key").as_string())};
}

void replay(const Clip& clip, api::LivePublisher& publisher, const std::atomic<bool>& stop) {
  publisher.tracks(clip.tracks);
  const auto began = std::chrono::steady_clock::now();
  for (std::uint64_t index = 0; !stop; ++index) {
    std::this_thread::sleep_until(began + std::chrono::microseconds(clip_due_us(clip, index)));
    if (!publisher.chunk(clip_chunk(clip, index)).ok()) return;
  }
}

}  // namespace troupe::test
