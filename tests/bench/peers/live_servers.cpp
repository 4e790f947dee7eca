#include "tests/bench/peers/live_servers.hpp"

#include <filesystem>
#include <fstream>
#include <stdexcept>

#include <boost/json.hpp>
#include <fmt/format.h>

#include "tests/bench/peers/bare_writer.hpp"
#include "tests/bench/peers/peer_process.hpp"
#include "tests/support/server_process.hpp"
#include "tests/support/temp_dir.hpp"

namespace troupe::bench {
namespace {

constexpr const char* kRtmpModule = "/usr/lib/nginx/modules/ngx_rtmp_module.so";

class Troupe final : public LiveServerUnderTest {
 public:
  /// The others neither record nor serve games.
  Troupe(WriteClass write_class, Protocol protocol)
      : protocol_(protocol),
        server_({fmt::format("live.chunk_ms={}", write_class == WriteClass::frame ? 0 : 100),
                 "live.record_minutes=0", "match.enabled=false", "http.access_log=false",
                 "log.level=warn"}) {
    const auto made = server_.client("peers").post("/api/v1/live", {{"title", "peers"}});
    if (!made.ok() || made->status != 201) throw std::runtime_error("no live session");
    id_ = made->json().at("id").as_string();
    key_ = made->json().at("publish_key").as_string();
  }
  [[nodiscard]] int pid() const override { return server_.pid(); }
  [[nodiscard]] Target target() const override {
    const auto* end = protocol_ == Protocol::http ? ".flv" : "/ws";
    return {protocol_, server_.endpoint().http_port, {}, "/live/" + id_ + end};
  }
  [[nodiscard]] std::uint16_t publish_port() const override { return server_.endpoint().rtmp_port; }
  [[nodiscard]] std::string publish_url(std::uint16_t relay_port) const override {
    return fmt::format("rtmp://127.0.0.1:{}/live/{}?key={}", relay_port, id_, key_);
  }

 private:
  const Protocol protocol_;
  test::ServerProcess server_;
  std::string id_, key_;
};

/// A server that takes RTMP at live/peer.
class RtmpPeer : public LiveServerUnderTest {
 public:
  [[nodiscard]] int pid() const override { return process_->pid(); }
  [[nodiscard]] std::uint16_t publish_port() const override { return rtmp_port_; }
  [[nodiscard]] std::string publish_url(std::uint16_t relay_port) const override {
    return fmt::format("rtmp://127.0.0.1:{}/live/peer", relay_port);
  }

 protected:
  test::TempDir dir_;
  std::uint16_t rtmp_port_ = free_port();
  std::unique_ptr<sim::ChildProcess> process_;
};

class NodeMediaServer final : public RtmpPeer {
 public:
  explicit NodeMediaServer(const std::string& peers_dir) {
    auto argv = node_command(peers_dir, "node_media_server.mjs");
    argv.insert(argv.end(),
                {std::to_string(rtmp_port_), std::to_string(http_port_), dir_ / "data"});
    process_ = std::make_unique<sim::ChildProcess>(
        start_process(argv, {.stdout_path = {}, .stderr_path = dir_ / "log"}));
    await_port(rtmp_port_, "node-media-server");
    await_port(http_port_, "node-media-server");
  }
  [[nodiscard]] Target target() const override {
    return {Protocol::websocket, http_port_, {}, "/live/peer.flv"};
  }

 private:
  std::uint16_t http_port_ = free_port();
};

class NginxRtmp final : public RtmpPeer {
 public:
  NginxRtmp() {
    if (!std::filesystem::exists(kRtmpModule))
      throw std::runtime_error("nginx-rtmp is not installed: ./dev bench live-peers installs it");
    std::ofstream conf(dir_ / "nginx.conf");
    conf << "load_module " << kRtmpModule << ";\n"
         << "daemon off;\nmaster_process off;\n"
         << "pid " << dir_ / "pid"
         << ";\nerror_log " << dir_ / "error.log"
         << " error;\n"
         << "events { worker_connections 16384; use epoll; }\n"
         // Its default of 4,096 makes a system call for each 4 KiB of a picture.
         << "rtmp { access_log off; server { listen 127.0.0.1:" << rtmp_port_
         << "; chunk_size 65000; application live { live on; } } }\n";
    conf.close();
    process_ = std::make_unique<sim::ChildProcess>(
        start_process({"/usr/sbin/nginx", "-p", dir_.path().string(), "-e", dir_ / "error.log",
                       "-c", dir_ / "nginx.conf"},
                      {.stdout_path = {}, .stderr_path = "-"}));
    await_port(rtmp_port_, "nginx-rtmp");
  }
  [[nodiscard]] Target target() const override {
    return {Protocol::rtmp, rtmp_port_, "live", "peer"};
  }
};

class Bare final : public LiveServerUnderTest {
 public:
  explicit Bare(Portion portion)
      : process_(start_process({std::filesystem::read_symlink("/proc/self/exe").string(), "--bare",
                                std::to_string(static_cast<int>(portion))},
                               {.stdout_path = dir_ / "ports", .stderr_path = "-"})) {
    const bool up = test::eventually([&] {
      std::ifstream file(dir_ / "ports");
      return static_cast<bool>(file >> ingest_port_ >> viewer_port_);
    });
    if (!up) throw std::runtime_error("the bare writer did not come up");
  }
  [[nodiscard]] int pid() const override { return process_.pid(); }
  [[nodiscard]] Target target() const override { return {Protocol::raw, viewer_port_, {}, {}}; }
  [[nodiscard]] std::uint16_t publish_port() const override { return ingest_port_; }
  [[nodiscard]] std::string publish_url(std::uint16_t relay_port) const override {
    return fmt::format("tcp://127.0.0.1:{}", relay_port);
  }

 private:
  test::TempDir dir_;
  sim::ChildProcess process_;
  std::uint16_t ingest_port_ = 0, viewer_port_ = 0;
};

}  // namespace

std::unique_ptr<LiveServerUnderTest> start_live_server(const std::string& name,
                                                       WriteClass write_class,
                                                       const std::string& peers_dir) {
  if (name == "troupe") return std::make_unique<Troupe>(write_class, Protocol::websocket);
  if (name == "troupe-flv") return std::make_unique<Troupe>(write_class, Protocol::http);
  if (name == "bare")
    return std::make_unique<Bare>(write_class == WriteClass::frame ? Portion::tag
                                                                   : Portion::merged);
  if (write_class == WriteClass::merged) return nullptr;
  if (name == "node-media-server") return std::make_unique<NodeMediaServer>(peers_dir);
  if (name == "nginx-rtmp") return std::make_unique<NginxRtmp>();
  if (name == "bare-picture") return std::make_unique<Bare>(Portion::picture);
  throw std::runtime_error("no server " + name);
}

}  // namespace troupe::bench
