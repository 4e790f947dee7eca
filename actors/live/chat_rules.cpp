#include "actors/live/chat_rules.hpp"

#include <algorithm>

namespace troupe::live {
namespace {

/// Letters and digits; all beyond ASCII counts as letters.
bool belongs_to_a_word(unsigned char c) {
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c >= 0x80;
}

/// The words in lower case, a space before each and after the last.
std::string words_of(std::string_view text) {
  std::string out(1, ' ');
  for (const char c : text) {
    const bool letter = belongs_to_a_word(static_cast<unsigned char>(c));
    if (letter) {
      out += c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
    } else if (out.back() != ' ') {
      out += ' ';
    }
  }
  if (out.back() != ' ') out += ' ';
  return out;
}

bool has_control(std::string_view text) {
  return std::any_of(text.begin(), text.end(),
                     [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7F; });
}

}  // namespace

WordFilter::WordFilter(const std::vector<std::string>& words) {
  for (const auto& word : words) {
    auto pattern = words_of(word);
    if (word.ends_with('*')) pattern.pop_back();
    patterns_.push_back(std::move(pattern));
  }
}

bool WordFilter::finds(std::string_view text) const {
  if (patterns_.empty()) return false;
  const auto words = words_of(text);
  return std::any_of(patterns_.begin(), patterns_.end(), [&](const std::string& pattern) {
    return words.find(pattern) != std::string::npos;
  });
}

Result<void> check_words(const std::vector<std::string>& words) {
  if (words.size() > kMaxWords) return error(ErrorCode::too_large, "words: at most 200");
  for (const auto& word : words) {
    if (word.size() > kMaxWordBytes) return error(ErrorCode::too_large, "words: 64 bytes each");
    if (words_of(word).size() < 3 || has_control(word))
      return error(ErrorCode::invalid_argument, "words: each needs a letter or digit");
  }
  return {};
}

Result<void> check_user(std::string_view user) {
  if (user.empty() || user.size() > kMaxUserBytes || has_control(user))
    return error(ErrorCode::invalid_argument, "user: 1 to 128 bytes");
  return {};
}

}  // namespace troupe::live
