#include "sim/progress.hpp"

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <cstdio>
#include <map>
#include <mutex>
#include <thread>

namespace troupe::sim {
namespace {

using namespace std::chrono_literals;

constexpr int kBarWidth = 24;
constexpr auto kRedrawEvery = 200ms;
constexpr auto kPlainEvery = 5s;

std::string bar(double fraction) {
  const int full = static_cast<int>(std::clamp(fraction, 0.0, 1.0) * kBarWidth + 0.5);
  std::string out;
  for (int i = 0; i < kBarWidth; ++i) out += i < full ? "█" : "·";
  return out;
}

}  // namespace

struct Progress::Impl {
  struct Part {
    std::string name;
    std::function<double()> fraction;
    std::function<std::string()> text;
  };

  explicit Impl(bool interactive_in) : interactive(interactive_in), thread([this] { run(); }) {}

  void run() {
    std::unique_lock lock(mutex);
    while (!stopping) {
      wake.wait_for(lock,
                    interactive ? std::chrono::milliseconds(kRedrawEvery)
                                : std::chrono::milliseconds(kPlainEvery),
                    [this] { return stopping; });
      if (!stopping) draw();
    }
    erase();
  }

  void erase() {
    if (interactive && drawn > 0) std::fprintf(stderr, "\x1b[%dA\x1b[J", drawn);
    drawn = 0;
  }

  void draw() {
    erase();
    for (const auto& [number, part] : parts) {
      const double fraction = part.fraction();
      const auto text = part.text();
      if (interactive) {
        std::fprintf(stderr, "\x1b[K%-8s %s %3.0f%%  %s\n", part.name.c_str(),
                     bar(fraction).c_str(), fraction * 100, text.c_str());
        ++drawn;
      } else {
        std::fprintf(stderr, "%s: %.0f%% %s\n", part.name.c_str(), fraction * 100, text.c_str());
      }
    }
    std::fflush(stderr);
  }

  const bool interactive;
  std::mutex mutex;
  std::condition_variable wake;
  bool stopping = false;
  std::map<int, Part> parts;
  int next = 1;
  int drawn = 0;
  std::thread thread;  // last: it uses all of the above
};

Progress::Progress(bool interactive) : impl_(std::make_unique<Impl>(interactive)) {}

Progress::~Progress() {
  {
    const std::lock_guard lock(impl_->mutex);
    impl_->stopping = true;
  }
  impl_->wake.notify_all();
  impl_->thread.join();
}

int Progress::add(std::string name, std::function<double()> fraction,
                  std::function<std::string()> text) {
  const std::lock_guard lock(impl_->mutex);
  impl_->parts[impl_->next] = {std::move(name), std::move(fraction), std::move(text)};
  return impl_->next++;
}

void Progress::remove(int part) {
  const std::lock_guard lock(impl_->mutex);
  impl_->erase();
  impl_->parts.erase(part);
}

void Progress::say(const std::string& line) {
  const std::lock_guard lock(impl_->mutex);
  impl_->erase();
  std::fprintf(stderr, "%s\n", line.c_str());
  if (impl_->interactive) impl_->draw();
}

}  // namespace troupe::sim
