// The hosts of a fleet and which match is played on which: a pure book, without sockets or clocks.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.hpp"

namespace troupe::fleet {

enum class HostState : std::uint8_t {
  open,
  draining,  ///< keeps its matches until they end, takes no others
};
[[nodiscard]] std::string_view to_string(HostState state) noexcept;

/// A game port that can be joined, and how much it may hold.
struct HostSpec {
  std::string id;
  std::string region;
  std::string address;
  std::uint16_t port = 0;
  std::size_t max_players = 0;
  std::size_t max_matches = 0;
  friend bool operator==(const HostSpec&, const HostSpec&) = default;
};

struct Host {
  HostSpec spec;
  HostState state = HostState::open;
  std::size_t players = 0;  ///< seats of its matches, taken or not
  std::size_t matches = 0;
  friend bool operator==(const Host&, const Host&) = default;
};

/// A match that needs a host.
struct Wanted {
  std::string match;
  std::size_t players = 0;  ///< that it may have
  std::string region;       ///< empty: anywhere
  std::string last_host;    ///< where it was played before; empty: nowhere
};

/// A match counts as load of its host from place() until its hold runs out, or from playing() until
/// rest(). It stays on its host all that time unless that goes. Times are milliseconds that do not
/// go back. Bounded by the capacity of the hosts.
class Inventory {
 public:
  /// A new host is open. One of a known id is renewed.
  void add(HostSpec spec);
  /// Errors: not_found.
  Result<void> set_open(const std::string& host);
  Result<void> set_draining(const std::string& host);

  /// The host for a match, held for it until `hold_until_ms`. In order: where it is already; its
  /// last host, if that is open and has room; the fullest open host of the region that has room, so
  /// that none is begun while a begun one will do (agones #3992); its last host although that is
  /// draining. Errors: overloaded (no room), unavailable (no host of the region is open).
  Result<std::string> place(const Wanted& wanted, std::uint64_t now_ms,
                            std::uint64_t hold_until_ms);
  /// The match has players: it is load until rest(). Nobody who plays is sent away: with no room
  /// anywhere it counts beyond the capacity of its last host, or of any. Errors:
  /// unavailable (no host at all).
  Result<std::string> playing(const Wanted& wanted, std::uint64_t now_ms);
  /// Nobody plays it, or it is over.
  void rest(const std::string& match);

  /// Forgets holds that ran out.
  void expire(std::uint64_t now_ms);

  [[nodiscard]] const Host* find(const std::string& host) const;
  /// Empty: the match is on none.
  [[nodiscard]] std::string host_of(const std::string& match) const;
  [[nodiscard]] bool has_region(const std::string& region) const;
  [[nodiscard]] const std::map<std::string, Host>& hosts() const noexcept { return hosts_; }
  /// Of all hosts: with players, and held.
  [[nodiscard]] std::size_t matches() const noexcept { return assigned_.size(); }

 private:
  struct Assignment {
    std::string host;
    std::size_t players = 0;
    bool playing = false;
    std::uint64_t hold_until_ms = 0;  ///< unless playing
  };
  [[nodiscard]] Host* choose(const Wanted& wanted);
  void assign(const Wanted& wanted, Host& host, bool playing, std::uint64_t hold_until_ms);
  void unassign(std::map<std::string, Assignment>::iterator at);

  std::map<std::string, Host> hosts_;
  std::map<std::string, Assignment> assigned_;             ///< by match
  std::set<std::pair<std::uint64_t, std::string>> holds_;  ///< when they run out, and which
};

}  // namespace troupe::fleet
