#include "actors/live/chat.hpp"

#include <algorithm>

namespace troupe::live {
namespace {

bool has_control(std::string_view text) {
  return std::any_of(text.begin(), text.end(),
                     [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7F; });
}

Error wait(std::string_view why, std::chrono::milliseconds time) {
  return error(ErrorCode::rate_limited,
               std::string(why) + "wait " + std::to_string(time.count()) + " ms");
}

}  // namespace

std::string_view to_string(ChatRole role) noexcept {
  switch (role) {
    case ChatRole::owner:
      return "owner";
    case ChatRole::moderator:
      return "moderator";
    default:
      return "viewer";
  }
}

void ChatRoom::restore(std::deque<ChatLine> lines, std::uint64_t last_number) {
  while (lines.size() > limits_.history) lines.pop_front();
  lines_ = std::move(lines);
  if (!lines_.empty()) last_number = std::max(last_number, lines_.back().number);
  next_number_ = last_number + 1;
}

void ChatRoom::set_slow_mode(std::uint32_t seconds) {
  const double per_second = seconds == 0 ? 0 : 1.0 / seconds;
  if (slow_.limit().per_second == per_second) return;
  slow_ = RateLimiter({per_second, 1}, limits_.max_users);
}

Result<ChatLine> ChatRoom::accept(Saying saying, std::uint64_t now_ms, TimePoint now) {
  if (saying.text.empty() || saying.name.empty())
    return error(ErrorCode::invalid_argument, "name and text must not be empty");
  if (saying.text.size() > limits_.max_text_bytes || saying.name.size() > limits_.max_name_bytes) {
    return error(ErrorCode::too_large,
                 "text: at most " + std::to_string(limits_.max_text_bytes) +
                     " bytes, name: " + std::to_string(limits_.max_name_bytes));
  }
  if (has_control(saying.text) || has_control(saying.name))
    return error(ErrorCode::invalid_argument, "control characters");
  if (const auto verdict = rate_.take(saying.user, now); !verdict.allowed)
    return wait("", verdict.retry_after);
  if (saying.role == ChatRole::viewer) {
    if (const auto verdict = slow_.take(saying.user, now); !verdict.allowed)
      return wait("slow mode: ", verdict.retry_after);
  }
  if (const auto verdict = room_rate_.take("", now); !verdict.allowed)
    return wait("too much is being said: ", verdict.retry_after);
  return ChatLine{next_number_++,
                  std::move(saying.user),
                  std::move(saying.name),
                  std::move(saying.text),
                  now_ms,
                  saying.role};
}

std::uint64_t ChatRoom::add(ChatLine line) {
  lines_.push_back(std::move(line));
  if (lines_.size() <= limits_.history) return 0;
  const auto gone = lines_.front().number;
  lines_.pop_front();
  return gone;
}

const ChatLine* ChatRoom::find(std::uint64_t number) const {
  const auto it = std::find_if(lines_.begin(), lines_.end(),
                               [&](const ChatLine& line) { return line.number == number; });
  return it == lines_.end() ? nullptr : &*it;
}

Result<void> ChatRoom::erase(std::uint64_t number) {
  const auto gone =
      std::erase_if(lines_, [&](const ChatLine& line) { return line.number == number; });
  if (gone == 0) return error(ErrorCode::not_found, "no such line in the history");
  return {};
}

std::vector<std::uint64_t> ChatRoom::erase_of(std::string_view user) {
  std::vector<std::uint64_t> numbers;
  for (const auto& line : lines_) {
    if (line.user == user) numbers.push_back(line.number);
  }
  std::erase_if(lines_, [&](const ChatLine& line) { return line.user == user; });
  return numbers;
}

}  // namespace troupe::live
