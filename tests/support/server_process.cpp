#include "tests/support/server_process.hpp"

#include <csignal>
#include <fstream>
#include <iterator>
#include <stdexcept>
#include <thread>

#include <boost/json.hpp>

namespace troupe::test {
namespace {

constexpr auto kPoll = std::chrono::milliseconds(5);

std::string read_file(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

}  // namespace

std::string program(const std::string& name) {
  return (std::filesystem::read_symlink("/proc/self/exe").parent_path() / name).string();
}

bool eventually(const std::function<bool()>& condition, double seconds) {
  const auto until = std::chrono::steady_clock::now() + std::chrono::duration<double>(seconds);
  while (!condition()) {
    if (std::chrono::steady_clock::now() >= until) return false;
    std::this_thread::sleep_for(kPoll);
  }
  return true;
}

ServerProcess::ServerProcess(std::vector<std::string> settings) : settings_(std::move(settings)) {
  start();
}
ServerProcess::~ServerProcess() = default;

void ServerProcess::start() {
  const auto out = dir_ / ("out." + std::to_string(++starts_));
  std::vector<std::string> argv{program("troupe"), "serve", "--data-dir", data_dir()};
  for (const auto& setting :
       {"http.port=0", "match.port=0", "live.srt_port=0", "rtmp.port=0", "http.web_dir="}) {
    argv.insert(argv.end(), {"--set", setting});
  }
  for (const auto& setting : settings_) argv.insert(argv.end(), {"--set", setting});
  auto started = sim::ChildProcess::start(argv, {.stdout_path = out, .stderr_path = dir_ / "log"});
  if (!started.ok()) throw std::runtime_error(started.error().detail);
  process_ = std::make_unique<sim::ChildProcess>(std::move(*started));
  const bool up = eventually(
      [&] { return read_file(out).find('\n') != std::string::npos || !process_->running(); }, 30);
  if (!up || !process_->running()) throw std::runtime_error("the server did not start:\n" + log());
  const auto ports = boost::json::parse(read_file(out));
  endpoint_.http_port = ports.at("http").to_number<std::uint16_t>();
  endpoint_.game_port = ports.at("game").to_number<std::uint16_t>();
  endpoint_.srt_port = ports.at("srt").to_number<std::uint16_t>();
  endpoint_.rtmp_port = ports.at("rtmp").to_number<std::uint16_t>();
  endpoint_.token = sim::tokens_from_secret_file(data_dir() + "/token.key");
}

void ServerProcess::kill() {
  process_->signal(SIGKILL);
  process_->wait(std::chrono::seconds(10));
}

int ServerProcess::terminate() {
  signal(SIGTERM);
  return wait();
}

void ServerProcess::signal(int number) {
  process_->signal(number);
}

int ServerProcess::wait() {
  return process_->wait(std::chrono::seconds(40)).value_or(-1);
}

int ServerProcess::pid() const {
  return process_->pid();
}
std::string ServerProcess::log() const {
  return read_file(dir_ / "log");
}

sim::HttpClient ServerProcess::client(const std::string& subject, const std::string& scopes) const {
  return {endpoint_.host, endpoint_.http_port, endpoint_.token(subject, scopes)};
}

double ServerProcess::metric(const std::string& series) const {
  sim::HttpClient http(endpoint_.host, endpoint_.http_port);
  const auto reply = http.get("/metrics");
  if (!reply.ok()) return 0;
  const auto at = reply->body.find("\n" + series);
  if (at == std::string::npos) return 0;
  const auto line = reply->body.substr(at + 1, reply->body.find('\n', at + 1) - at - 1);
  return std::stod(line.substr(line.rfind(' ') + 1));
}

}  // namespace troupe::test
