#include "media/ffmpeg_log.hpp"

#include <algorithm>
#include <cctype>
#include <cstdarg>
#include <mutex>
#include <string>

#include <spdlog/spdlog.h>

extern "C" {
#include <libavutil/log.h>
#include <libavutil/mem.h>
}

namespace troupe::media {
namespace {

constexpr int kLineBytes = 512;
constexpr std::size_t kMaxAllocation = 96U << 20;

void write(void* source, int level, const char* format, va_list arguments) {
  if (level > AV_LOG_ERROR || !spdlog::should_log(spdlog::level::debug)) return;
  thread_local int prefix = 1;
  char line[kLineBytes];
  av_log_format_line(source, level, format, arguments, line, sizeof line, &prefix);
  std::string text(line);
  while (!text.empty() && text.back() == '\n') text.pop_back();
  std::replace_if(
      text.begin(), text.end(), [](unsigned char c) { return std::iscntrl(c) != 0; }, '?');
  if (!text.empty()) spdlog::debug("ffmpeg: {}", text);
}

}  // namespace

void route_ffmpeg_log() {
  static std::once_flag once;
  std::call_once(once, [] {
    av_log_set_callback(&write);
    av_max_alloc(kMaxAllocation);
  });
}

}  // namespace troupe::media
