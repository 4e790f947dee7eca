#include "actors/match/command_log.hpp"

#include <algorithm>
#include <cassert>

#include "game/game.hpp"

namespace troupe::match {
namespace {

// One tick has at most as many of each as there are slots; events may be more when places are given
// up and taken again.
constexpr std::size_t kMaxEvents = 65'535;
constexpr std::size_t kMaxName = 255;

void put(std::string& out, std::uint32_t value, int bytes) {
  for (int i = 0; i < bytes; ++i) out.push_back(static_cast<char>(value >> (8 * i) & 0xff));
}

class Reader {
 public:
  explicit Reader(std::string_view bytes) : rest_(bytes) {}
  std::uint32_t get(std::size_t bytes) {
    const auto part = text(bytes);
    std::uint32_t value = 0;
    for (std::size_t i = 0; i < part.size(); ++i)
      value |= static_cast<std::uint32_t>(static_cast<unsigned char>(part[i])) << (8 * i);
    return value;
  }
  std::string_view text(std::size_t bytes) {
    if (bytes > rest_.size()) ok_ = false;
    const auto part = rest_.substr(0, ok_ ? bytes : 0);
    rest_.remove_prefix(part.size());
    return part;
  }
  [[nodiscard]] bool ok() const { return ok_; }
  [[nodiscard]] bool at_end() const { return ok_ && rest_.empty(); }

 private:
  std::string_view rest_;
  bool ok_ = true;
};

}  // namespace

std::string encode_tick(const LoggedTick& tick) {
  assert(tick.events.size() <= kMaxEvents);
  std::string out;
  out.reserve(3 + 11 * tick.commands.size());
  put(out, static_cast<std::uint32_t>(tick.events.size()), 2);
  for (const auto& event : tick.events) {
    const auto length = std::min(event.player.size(), kMaxName);
    put(out, event.slot | (event.entered ? 0x80U : 0U), 1);
    put(out, static_cast<std::uint32_t>(length), 1);
    out.append(event.player, 0, length);
  }
  put(out, static_cast<std::uint32_t>(tick.commands.size()), 1);
  for (const auto& used : tick.commands) {
    put(out, used.slot, 1);
    put(out, used.sequence, 4);
    put(out, used.command.size, 1);
    out += used.command.view();
  }
  return out;
}

std::optional<LoggedTick> decode_tick(std::string_view bytes) {
  Reader in(bytes);
  LoggedTick out;
  const auto events = in.get(2);
  for (std::uint32_t i = 0; i < events && in.ok(); ++i) {
    const auto slot = in.get(1);
    const auto length = in.get(1);
    out.events.push_back(
        {(slot & 0x80) != 0, static_cast<std::uint8_t>(slot & 0x7f), std::string(in.text(length))});
    if (out.events.back().slot >= game::kMaxPlayers) return std::nullopt;
  }
  const auto commands = in.get(1);
  for (std::uint32_t i = 0; i < commands && in.ok(); ++i) {
    LoggedCommand used;
    used.slot = static_cast<std::uint8_t>(in.get(1));
    used.sequence = in.get(4);
    const auto size = in.get(1);
    if (used.slot >= game::kMaxPlayers || size > game::PackedCommand::kMaxBytes)
      return std::nullopt;
    used.command = game::PackedCommand(in.text(size));
    out.commands.push_back(used);
  }
  if (!in.at_end()) return std::nullopt;
  return out;
}

}  // namespace troupe::match
