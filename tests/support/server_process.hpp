// A real `troupe serve` on free ports and a data directory of its own.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "sim/child_process.hpp"
#include "sim/endpoint.hpp"
#include "sim/http_client.hpp"
#include "tests/support/temp_dir.hpp"

namespace troupe::test {

class ServerProcess {
 public:
  /// Starts the server and waits until it is ready. `settings`: "key=value" as for --set. Throws
  /// when it does not come up within 30 s; the message holds the end of its log.
  explicit ServerProcess(std::vector<std::string> settings = {});
  ~ServerProcess();

  void kill();      ///< SIGKILL, as a crash
  int terminate();  ///< SIGTERM, waits; the exit code
  void signal(int number);
  int wait();  ///< until it ends by itself, at most 40 s; the exit code
  /// Of the next start.
  void settings(std::vector<std::string> settings) { settings_ = std::move(settings); }
  void start();  ///< Again on the same data directory, after kill or terminate; ports may differ

  [[nodiscard]] const sim::Endpoint& endpoint() const noexcept { return endpoint_; }
  [[nodiscard]] int pid() const;
  [[nodiscard]] std::string data_dir() const { return dir_ / "data"; }
  [[nodiscard]] std::string log() const;
  /// A client with a token for `subject`.
  [[nodiscard]] sim::HttpClient client(const std::string& subject,
                                       const std::string& scopes = "") const;
  /// The value of a metric line that begins with `series`; 0 when there is none.
  [[nodiscard]] double metric(const std::string& series) const;

 private:
  TempDir dir_;
  std::vector<std::string> settings_;
  std::unique_ptr<sim::ChildProcess> process_;
  sim::Endpoint endpoint_;
  int starts_ = 0;
};

/// Path of a program of this build ("troupe", "troupe-sim"), beside the running one.
[[nodiscard]] std::string program(const std::string& name);

/// Waits up to `seconds` for `condition`, looking every few milliseconds.
[[nodiscard]] bool eventually(const std::function<bool()>& condition, double seconds = 20);

}  // namespace troupe::test
