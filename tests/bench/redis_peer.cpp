#include "tests/bench/redis_peer.hpp"

#include <charconv>
#include <chrono>
#include <cstring>
#include <thread>

#include <fmt/format.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "sim/child_process.hpp"
#include "tests/support/temp_dir.hpp"

namespace troupe::bench {

struct RedisPeer::Impl {
  test::TempDir directory;
  std::unique_ptr<sim::ChildProcess> process;
  int fd = -1;
  std::string out, in;
  std::size_t at = 0;  ///< of `in`, what was read

  ~Impl() {
    if (fd >= 0) ::close(fd);
  }

  bool connect_to(const std::string& path) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::strncpy(address.sun_path, path.c_str(), sizeof(address.sun_path) - 1);
    fd = ::socket(AF_UNIX, SOCK_STREAM, 0);
    if (::connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof(address)) == 0)
      return true;
    ::close(fd);
    fd = -1;
    return false;
  }

  Result<void> more() {
    if (at == in.size()) in.clear(), at = 0;
    char buffer[65'536];
    const auto got = ::read(fd, buffer, sizeof(buffer));
    if (got <= 0) return error(ErrorCode::io, "redis closed the connection");
    in.append(buffer, static_cast<std::size_t>(got));
    return {};
  }

  Result<std::string> line() {
    for (;;) {
      const auto end = in.find("\r\n", at);
      if (end != std::string::npos) {
        auto text = in.substr(at, end - at);
        at = end + 2;
        return text;
      }
      if (auto done = more(); !done.ok()) return done.error();
    }
  }

  /// The first line of a reply, or the text of a bulk string; arrays are read to their end.
  Result<std::string> reply() {
    auto head = line();
    if (!head.ok()) return head;
    if (head->starts_with('-')) return error(ErrorCode::internal, "redis: " + *head);
    if (!head->starts_with('$') && !head->starts_with('*')) return head;
    long size = 0;
    std::from_chars(head->data() + 1, head->data() + head->size(), size);
    if (head->starts_with('*')) {
      for (long i = 0; i < size; ++i) {
        if (auto part = reply(); !part.ok()) return part;
      }
      return head;
    }
    if (size < 0) return head;
    const auto wanted = static_cast<std::size_t>(size) + 2;
    while (in.size() - at < wanted) {
      const auto rest = in.substr(at);
      in = rest;
      at = 0;
      if (auto done = more(); !done.ok()) return done.error();
    }
    auto text = in.substr(at, wanted - 2);
    at += wanted;
    return text;
  }
};

RedisPeer::RedisPeer(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
RedisPeer::~RedisPeer() = default;

Result<std::unique_ptr<RedisPeer>> RedisPeer::start() {
  auto impl = std::make_unique<Impl>();
  const auto path = impl->directory / "redis.sock";
  auto process =
      sim::ChildProcess::start({"redis-server", "--port", "0", "--unixsocket", path, "--save", "",
                                "--appendonly", "no", "--dir", impl->directory.path().string()},
                               {});
  if (!process.ok()) return error(ErrorCode::not_found, process.error().detail);
  impl->process = std::make_unique<sim::ChildProcess>(std::move(*process));
  for (int i = 0; i < 200; ++i) {
    if (impl->connect_to(path)) return std::unique_ptr<RedisPeer>(new RedisPeer(std::move(impl)));
    if (!impl->process->running()) break;
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
  }
  return error(ErrorCode::not_found, "redis-server does not start");
}

void RedisPeer::queue(const std::vector<std::string_view>& command) {
  auto& out = impl_->out;
  fmt::format_to(std::back_inserter(out), "*{}\r\n", command.size());
  for (const auto part : command)
    fmt::format_to(std::back_inserter(out), "${}\r\n{}\r\n", part.size(), part);
}

Result<std::string> RedisPeer::flush(std::size_t replies) {
  auto& out = impl_->out;
  for (std::size_t sent = 0; sent < out.size();) {
    const auto wrote = ::write(impl_->fd, out.data() + sent, out.size() - sent);
    if (wrote <= 0) return error(ErrorCode::io, "redis does not take commands");
    sent += static_cast<std::size_t>(wrote);
  }
  out.clear();
  std::string last;
  for (std::size_t i = 0; i < replies; ++i) {
    auto reply = impl_->reply();
    if (!reply.ok()) return reply;
    last = std::move(*reply);
  }
  return last;
}

Result<std::string> RedisPeer::info(std::string_view section, std::string_view key) {
  auto text = call({"INFO", section});
  if (!text.ok()) return text;
  const auto from = text->find(fmt::format("\n{}:", key));
  if (from == std::string::npos) return error(ErrorCode::not_found);
  const auto begin = from + key.size() + 2;
  return text->substr(begin, text->find('\r', begin) - begin);
}

}  // namespace troupe::bench
