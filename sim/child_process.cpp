#include "sim/child_process.hpp"

#include <cerrno>
#include <csignal>
#include <cstring>
#include <thread>

#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

namespace troupe::sim {
namespace {

constexpr auto kPollEvery = std::chrono::milliseconds(5);

/// Between fork and exec: only async-signal-safe calls.
void redirect(int to, const char* path, int flags) {
  const int fd = ::open(path, flags, 0644);
  if (fd >= 0) {
    ::dup2(fd, to);
    if (fd != to) ::close(fd);
  }
}

[[noreturn]] void become(const std::vector<char*>& argv, const ChildProcess::Options& options,
                         int stdin_read) {
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (stdin_read >= 0) {
    ::dup2(stdin_read, 0);
  } else {
    redirect(0, "/dev/null", O_RDONLY);
  }
  constexpr int kWrite = O_WRONLY | O_CREAT | O_APPEND;
  redirect(1, options.stdout_path.empty() ? "/dev/null" : options.stdout_path.c_str(), kWrite);
  if (options.stderr_path != "-") {
    redirect(2, options.stderr_path.empty() ? "/dev/null" : options.stderr_path.c_str(), kWrite);
  }
  ::execvp(argv[0], argv.data());
  ::_exit(127);
}

}  // namespace

Result<ChildProcess> ChildProcess::start(const std::vector<std::string>& argv,
                                         const Options& options) {
  std::vector<char*> raw;
  for (const auto& part : argv) raw.push_back(const_cast<char*>(part.c_str()));
  raw.push_back(nullptr);
  int pipe_fds[2] = {-1, -1};
  if (options.pipe_stdin && ::pipe2(pipe_fds, O_CLOEXEC) != 0)
    return error(ErrorCode::io, std::strerror(errno));
  const pid_t pid = ::fork();
  if (pid < 0) return error(ErrorCode::io, std::strerror(errno));
  if (pid == 0) become(raw, options, pipe_fds[0]);
  if (pipe_fds[0] >= 0) ::close(pipe_fds[0]);
  ChildProcess child;
  child.pid_ = pid;
  child.stdin_fd_ = pipe_fds[1];
  return child;
}

ChildProcess::~ChildProcess() {
  close_stdin();
  if (pid_ > 0 && !status_) {
    signal(SIGKILL);
    ::waitpid(pid_, nullptr, 0);
  }
}

ChildProcess::ChildProcess(ChildProcess&& other) noexcept
    : pid_(std::exchange(other.pid_, -1)),
      stdin_fd_(std::exchange(other.stdin_fd_, -1)),
      status_(std::exchange(other.status_, std::nullopt)) {}

ChildProcess& ChildProcess::operator=(ChildProcess&& other) noexcept {
  ChildProcess old(std::move(*this));
  pid_ = std::exchange(other.pid_, -1);
  stdin_fd_ = std::exchange(other.stdin_fd_, -1);
  status_ = std::exchange(other.status_, std::nullopt);
  return *this;
}

void ChildProcess::close_stdin() noexcept {
  if (stdin_fd_ >= 0) ::close(std::exchange(stdin_fd_, -1));
}

void ChildProcess::signal(int number) const noexcept {
  if (pid_ > 0 && !status_) ::kill(pid_, number);
}

std::optional<int> ChildProcess::wait(std::chrono::milliseconds timeout) {
  const auto until = std::chrono::steady_clock::now() + timeout;
  while (!status_ && pid_ > 0) {
    int raw = 0;
    if (::waitpid(pid_, &raw, WNOHANG) == pid_) {
      status_ = WIFEXITED(raw) ? WEXITSTATUS(raw) : 128 + WTERMSIG(raw);
      break;
    }
    if (std::chrono::steady_clock::now() >= until) return std::nullopt;
    std::this_thread::sleep_for(kPollEvery);
  }
  return status_;
}

bool ChildProcess::running() {
  return pid_ > 0 && !wait(std::chrono::milliseconds(0));
}

}  // namespace troupe::sim
