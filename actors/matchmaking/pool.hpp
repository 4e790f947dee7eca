// Who waits for a match of one mode, and who plays with whom. Pure and deterministic.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "actors/matchmaking/mode.hpp"

namespace troupe::matchmaking {

inline constexpr std::size_t kMaxRegions = 8;

/// A party on its way into a match. Ratings and deviations are in points: 100 per unit of
/// Weng-Lin's and TrueSkill's mu.
struct Ticket {
  std::uint64_t id = 0;  ///< ascending in order of arrival
  std::uint64_t since_ms = 0;
  double rating = 0;                                 ///< mean of the party
  double deviation = 0;                              ///< mean of the party
  int size = 1;                                      ///< players, 1 to kMaxParty
  std::array<std::uint16_t, kMaxRegions> ping_ms{};  ///< to each region; 0: not to be played in
  std::array<RoleMask, kMaxParty> roles{};           ///< of each player
};

/// How much a ticket accepts, by how long it has waited.
struct Widening {
  double range_points = 100;          ///< at first
  double range_per_second = 15;       ///< and more each second
  double range_per_deviation = 0.25;  ///< and for how little is known of the player
  std::uint16_t ping_ms = 80;         ///< regions beyond it only later; the best one always
  double ping_per_second = 4;
  /// A ticket leaves by then, in a match or without; after three quarters of it any rating is
  /// accepted, on either side.
  std::uint64_t max_wait_ms = 60'000;
};

/// Who plays whom, and where.
struct Proposal {
  std::vector<std::vector<std::uint64_t>> teams;  ///< ticket ids
  std::size_t region = 0;
  int players = 0;
  double spread = 0;     ///< greatest less least rating
  double imbalance = 0;  ///< greatest less least mean rating of a team
};

/// A match that runs and has places left.
struct Opening {
  std::uint64_t id = 0;
  std::size_t region = 0;
  int free = 0;       ///< players
  double rating = 0;  ///< mean of those who play
};

/// Who may join a match that runs.
struct Refill {
  std::uint64_t opening = 0;
  std::uint64_t ticket = 0;
};

struct Batch {
  std::vector<Refill> refills;
  std::vector<Proposal> proposals;
  std::vector<std::uint64_t> expired;  ///< tickets that waited too long
};

/// One queue. A party is never split, no ticket is in two proposals, and none stays longer than
/// max_wait_ms and the time to the next run. A run looks at no more than a fixed number of
/// candidates for each ticket. Not thread-safe.
class Pool {
 public:
  Pool(Mode mode, Widening widening, std::size_t regions);

  /// Ids ascend, `since_ms` need not. The party must fit into a team.
  void add(const Ticket& ticket);
  /// False when it is not here (any more).
  bool remove(std::uint64_t id);
  [[nodiscard]] std::size_t size() const noexcept { return alive_; }
  [[nodiscard]] const Mode& mode() const noexcept { return mode_; }

  /// Fills the openings with the nearest ratings, then makes all the matches that can be made now,
  /// the longest waiting first. What it proposes and what expires is not here any more.
  [[nodiscard]] Batch run(std::uint64_t now_ms, std::span<const Opening> openings = {});

 private:
  using Slot = std::uint32_t;
  static constexpr std::uint32_t kNone = UINT32_MAX;

  struct Waiting {
    Ticket ticket;
    bool alive = false;
    std::uint8_t regions = 0;  ///< acceptable now, one bit each
    double range = 0;          ///< now
  };
  /// The tickets that accept a region, by rating, and for each the next one to either side that is
  /// still there.
  struct RegionList {
    std::vector<Slot> slots;
    std::vector<std::uint32_t> up, down;
    std::vector<std::uint32_t> position;  ///< by slot
  };
  struct Team {
    std::vector<Slot> tickets;
    int free = 0;
  };

  void prepare(std::uint64_t now_ms);
  void widen(Waiting& waiting, std::uint64_t now_ms) const noexcept;
  [[nodiscard]] bool urgent(const Ticket& ticket, std::uint64_t now_ms) const noexcept;
  [[nodiscard]] std::uint32_t next(RegionList& list, std::uint32_t at, bool upwards) noexcept;
  void fill(const Opening& opening, std::uint64_t now_ms, Batch& out);
  bool try_seed(Slot seed, std::uint64_t now_ms, Batch& out);
  bool gather(Slot seed, std::size_t region, std::uint64_t now_ms);
  bool place(Slot slot);
  [[nodiscard]] bool fits(const Team& team, Slot slot) const;
  [[nodiscard]] bool may_begin(const Ticket& seed, std::uint64_t now_ms) const noexcept;
  [[nodiscard]] Proposal propose(std::size_t region);
  void drop(Slot slot);

  Mode mode_;
  Widening widening_;
  std::size_t regions_;
  std::vector<Waiting> slots_;
  std::vector<Slot> free_, freed_;
  std::vector<Slot> by_rating_, added_;
  std::vector<Slot> by_arrival_;
  std::vector<RegionList> lists_;
  std::vector<Team> teams_;  ///< of the match that is being made
  std::size_t alive_ = 0;
};

}  // namespace troupe::matchmaking
