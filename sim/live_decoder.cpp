#include "sim/live_decoder.hpp"

#include <atomic>
#include <cerrno>
#include <condition_variable>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <mutex>
#include <thread>
#include <utility>

#include <fmt/format.h>
#include <unistd.h>

#include "sim/child_process.hpp"
#include "sim/fragment.hpp"

namespace troupe::sim {
namespace {

constexpr std::size_t kMaxWaiting = 64U << 20;

}  // namespace

struct Decoder::Impl {
  void write_out() {
    std::string chunk;
    while (true) {
      {
        std::unique_lock lock(mutex);
        wake.wait(lock, [&] { return done || !waiting.empty(); });
        chunk = std::exchange(waiting, {});
        if (chunk.empty()) break;
      }
      for (std::size_t at = 0; at < chunk.size();) {
        const auto n = ::write(child->stdin_fd(), chunk.data() + at, chunk.size() - at);
        if (n < 0 && errno != EINTR) return;
        if (n > 0) at += static_cast<std::size_t>(n);
      }
    }
    child->close_stdin();
  }

  std::string progress;
  std::unique_ptr<ChildProcess> child;
  std::thread writer;
  std::mutex mutex;
  std::condition_variable wake;
  std::string waiting;
  bool have_init = false;
  bool done = false;
  std::atomic<bool> overflowed{false};
};

Decoder::Decoder(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}

Result<std::unique_ptr<Decoder>> Decoder::start() {
  auto impl = std::make_unique<Impl>();
  impl->progress =
      (std::filesystem::temp_directory_path() /
       fmt::format("troupe-decode-{}-{}", ::getpid(), static_cast<const void*>(impl.get())))
          .string();
  auto child = ChildProcess::start(
      {"ffmpeg", "-hide_banner", "-nostats", "-loglevel", "error", "-threads", "1", "-f", "mp4",
       "-i", "pipe:0", "-progress", impl->progress, "-f", "null", "-"},
      {.stdout_path = {}, .stderr_path = impl->progress + ".err", .pipe_stdin = true});
  if (!child.ok()) return child.error();
  impl->child = std::make_unique<ChildProcess>(std::move(*child));
  impl->writer = std::thread([raw = impl.get()] { raw->write_out(); });
  return std::unique_ptr<Decoder>(new Decoder(std::move(impl)));
}

Decoder::~Decoder() {
  finish();
  std::error_code ignored;
  std::filesystem::remove(impl_->progress, ignored);
  std::filesystem::remove(impl_->progress + ".err", ignored);
}

void Decoder::feed(std::string_view message) {
  const auto fragment = parse_fragment(message);
  if (!fragment.ok()) return;
  if (fragment->init ? !fragment->video : fragment->track != 1) return;
  if (fragment->init && std::exchange(impl_->have_init, true)) return;
  const std::lock_guard lock(impl_->mutex);
  if (impl_->waiting.size() > kMaxWaiting) {
    impl_->overflowed = true;
    return;
  }
  impl_->waiting.append(message);
  impl_->wake.notify_one();
}

void Decoder::finish() {
  {
    const std::lock_guard lock(impl_->mutex);
    impl_->done = true;
    impl_->wake.notify_one();
  }
  if (!impl_->writer.joinable()) return;
  if (!impl_->child->wait(std::chrono::seconds(5))) impl_->child->signal(SIGKILL);
  impl_->writer.join();
}

std::uint64_t Decoder::frames() const {
  std::ifstream file(impl_->progress);
  std::string line;
  std::uint64_t frames = 0;
  while (std::getline(file, line)) {
    if (line.rfind("frame=", 0) == 0) frames = std::stoull(line.substr(6));
  }
  return frames;
}

std::string Decoder::complaints() const {
  std::ifstream file(impl_->progress + ".err");
  std::string line;
  std::getline(file, line);
  return impl_->overflowed ? "the decoder could not keep up" : line;
}

}  // namespace troupe::sim
