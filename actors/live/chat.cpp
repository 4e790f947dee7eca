#include "actors/live/chat.hpp"

#include <algorithm>

namespace troupe::live {
namespace {

bool has_control(std::string_view text) {
  return std::any_of(text.begin(), text.end(),
                     [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7F; });
}

}  // namespace

void ChatRoom::restore(std::deque<ChatLine> lines) {
  while (lines.size() > limits_.history) lines.pop_front();
  lines_ = std::move(lines);
  if (!lines_.empty()) next_number_ = lines_.back().number + 1;
}

Result<ChatLine> ChatRoom::accept(std::string user, std::string name, std::string text,
                                  std::uint64_t now_ms, TimePoint now) {
  if (text.empty() || name.empty())
    return error(ErrorCode::invalid_argument, "name and text must not be empty");
  if (text.size() > limits_.max_text_bytes || name.size() > limits_.max_name_bytes) {
    return error(ErrorCode::too_large,
                 "text: at most " + std::to_string(limits_.max_text_bytes) +
                     " bytes, name: " + std::to_string(limits_.max_name_bytes));
  }
  if (has_control(text) || has_control(name))
    return error(ErrorCode::invalid_argument, "control characters");
  const auto verdict = rate_.take(user, now);
  if (!verdict.allowed) {
    return error(ErrorCode::rate_limited,
                 "wait " + std::to_string(verdict.retry_after.count()) + " ms");
  }
  return ChatLine{next_number_++, std::move(user), std::move(name), std::move(text), now_ms};
}

std::uint64_t ChatRoom::add(ChatLine line) {
  lines_.push_back(std::move(line));
  if (lines_.size() <= limits_.history) return 0;
  const auto gone = lines_.front().number;
  lines_.pop_front();
  return gone;
}

}  // namespace troupe::live
