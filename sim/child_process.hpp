// A child process that never outlives its parent: ffmpeg, a server under test.
#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <sys/types.h>

#include "base/result.hpp"

namespace troupe::sim {

/// Not thread-safe. The destructor kills and reaps the child; the kernel kills it when the parent
/// dies (PR_SET_PDEATHSIG), so keep it on a thread that lives as long.
class ChildProcess {
 public:
  struct Options {
    std::string stdout_path;  ///< File for standard output; empty: /dev/null.
    std::string stderr_path;  ///< File for standard error; empty: /dev/null; "-": the parent's.
    bool pipe_stdin = false;  ///< Then `stdin_fd()` is the writing end.
  };

  /// Starts argv[0] (looked up in PATH). Errors: io.
  static Result<ChildProcess> start(const std::vector<std::string>& argv, const Options& options);
  ~ChildProcess();
  ChildProcess(ChildProcess&& other) noexcept;
  ChildProcess& operator=(ChildProcess&& other) noexcept;

  [[nodiscard]] pid_t pid() const noexcept { return pid_; }
  [[nodiscard]] int stdin_fd() const noexcept { return stdin_fd_; }
  void close_stdin() noexcept;
  void signal(int number) const noexcept;
  /// Exit status (128 + signal when killed) once the child has ended; nothing if it has not within
  /// `timeout`.
  std::optional<int> wait(std::chrono::milliseconds timeout);
  [[nodiscard]] bool running();

 private:
  ChildProcess() = default;
  pid_t pid_ = -1;
  int stdin_fd_ = -1;
  std::optional<int> status_;
};

}  // namespace troupe::sim
