// The life of tickets: from a party that forms to a match that all of it accepted. Pure: time comes
// in, what is to be done comes out.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "actors/matchmaking/pool.hpp"
#include "base/result.hpp"

namespace troupe::matchmaking {

enum class State : std::uint8_t {
  forming,   ///< not all of the party have said yes
  queued,    ///< waits for others
  proposed,  ///< a match is found, not all have accepted
  starting,  ///< all have; the match is being made
  matched,   ///< it can be joined
  ended      ///< without a match: see the reason
};
[[nodiscard]] std::string_view to_string(State state) noexcept;

enum class Reason : std::uint8_t {
  none,
  cancelled,     ///< by a member
  declined,      ///< a member said no to the match or the party
  not_accepted,  ///< a member did not answer in time
  expired,       ///< nobody was found within the longest wait
  barred         ///< a member was kicked or banned
};
[[nodiscard]] std::string_view to_string(Reason reason) noexcept;

struct DeskOptions {
  std::vector<Mode> modes;
  std::vector<std::string> regions;   ///< 1 to kMaxRegions names
  std::size_t max_tickets = 100'000;  ///< forming to starting
  Widening widening;
  std::uint64_t accept_ms = 20'000;  ///< to accept a match
  std::uint64_t form_ms = 60'000;    ///< for a party to form
  std::uint64_t keep_ms = 120'000;   ///< a ticket that ended can be looked at for so long
  std::uint64_t refill_ms = 60'000;  ///< a match with free places takes newcomers for so long
};

struct PartyMember {
  std::string player;
  RoleMask roles = 0;
  bool joined = false;       ///< said yes to the party
  bool accepted = false;     ///< said yes to the match
  bool auto_accept = false;  ///< says yes to any match
};

/// What a party wants. The first member asks; the others have to join.
struct Wish {
  std::string mode;
  std::vector<PartyMember> party;
  std::array<std::uint16_t, kMaxRegions> ping_ms{};  ///< 0: not there
};

/// A ticket as its members see it.
struct TicketView {
  std::string id, mode;
  State state = State::forming;
  Reason reason = Reason::none;
  std::vector<PartyMember> party;
  std::uint64_t since_ms = 0;
  std::uint64_t deadline_ms = 0;  ///< to join the party or accept the match; 0: none
  std::string match, region;      ///< once matched
  std::size_t team = 0;           ///< from 0, once matched
};

/// What the actor does for the desk.
struct ToRate {
  std::string ticket, mode;
  std::vector<std::string> players;
};
struct ToStart {
  std::uint64_t proposal = 0;
  std::string mode, region;
  std::string match;  ///< one that runs, for whom the last side is new; empty: to be made
  std::vector<std::vector<std::string>> sides;  ///< players
  int places = 0;                               ///< of the match
  std::string game = "arena";
};

/// Which of a mode's two pools a ticket waits in.
enum class Light : std::uint8_t { open, shadow };

/// What came of a run.
struct DeskRun {
  std::vector<ToStart> to_start;
  std::vector<double> waited_s;  ///< of the tickets that were proposed a match
  std::size_t expired = 0;
};

/// A player is in one ticket at most. Not thread-safe.
class Desk {
 public:
  explicit Desk(DeskOptions options);

  /// Errors: invalid_argument (mode, party, regions), conflict (a member is in a ticket),
  /// overloaded (kMaxTickets).
  Result<TicketView> enter(const std::string& ticket, Wish wish, std::uint64_t now_ms);
  /// Yes to the party or to the match. Errors: not_found, forbidden (not a member), conflict (is in
  /// another ticket; there is nothing to accept).
  Result<TicketView> accept(const std::string& ticket, const std::string& player,
                            const PartyMember& as, std::uint64_t now_ms);
  /// No to the party or to the match, or no longer: the ticket ends. Errors: not_found, forbidden,
  /// conflict (the match is being made, or was).
  Result<TicketView> leave(const std::string& ticket, const std::string& player,
                           std::uint64_t now_ms);
  /// Errors: not_found, forbidden.
  [[nodiscard]] Result<TicketView> look(const std::string& ticket, const std::string& player) const;
  /// The ticket that holds `player`; empty: none.
  [[nodiscard]] std::string ticket_of(const std::string& player) const;

  /// Parties that are complete and wait for their rating.
  [[nodiscard]] std::vector<ToRate> take_unrated();
  /// Mean rating and deviation of a party, in points: it is queued now. Who is in the shadow is
  /// matched only with others who are, and sees no difference.
  void rated(const std::string& ticket, double rating, double deviation, Light light = Light::open);

  /// Instead of rated(): one of the party may not play.
  void refuse(const std::string& ticket, std::uint64_t now_ms);

  /// One batch of every mode, and what is due.
  [[nodiscard]] DeskRun run(std::uint64_t now_ms);
  void started(std::uint64_t proposal, const std::string& match, std::uint64_t now_ms);
  /// The match could not be made, or takes nobody any more: back into the queue, at the old place.
  void failed(std::uint64_t proposal);

  [[nodiscard]] const DeskOptions& options() const noexcept { return options_; }
  /// Tickets that wait in a mode's queue.
  [[nodiscard]] std::size_t waiting(const std::string& mode) const;
  /// Tickets from forming to starting.
  [[nodiscard]] std::size_t open() const noexcept { return open_; }

 private:
  struct Held {
    TicketView view;
    std::array<std::uint16_t, kMaxRegions> ping_ms{};
    double rating = 0, deviation = 0;
    std::string pool;            ///< of pools_
    std::uint64_t number = 0;    ///< in the pool; 0: not there
    std::uint64_t proposal = 0;  ///< 0: none
  };
  struct Offer {
    std::string pool, region;
    std::vector<std::vector<std::string>> teams;  ///< tickets
    std::uint64_t deadline_ms = 0;
    bool starting = false;
    std::uint64_t refills = 0;  ///< a match that runs; 0: none
  };
  /// A match with places left.
  struct OpenMatch {
    std::string pool, match;
    Opening opening;
    std::vector<std::vector<std::string>> sides;
    std::uint64_t until_ms = 0;
    bool joining = false;  ///< a newcomer is on the way in
  };

  Result<Held*> held_by(const std::string& ticket, const std::string& player);
  [[nodiscard]] Result<void> check(const Wish& wish) const;
  void enqueue(Held& held);
  void propose(const std::string& pool, const Proposal& proposal, std::uint64_t now_ms,
               DeskRun& out);
  void propose_refill(const std::string& pool, const Refill& refill, std::uint64_t now_ms,
                      DeskRun& out);
  void offer_to(const std::string& ticket, std::uint64_t number, std::size_t team,
                std::uint64_t now_ms, DeskRun& out);
  [[nodiscard]] std::vector<std::vector<std::string>> sides_of(const Offer& offer) const;
  [[nodiscard]] ToStart to_start(std::uint64_t number);
  void keep_open(std::uint64_t number, const Offer& offer, const std::string& match,
                 std::uint64_t now_ms);
  void end(Held& held, Reason reason, std::uint64_t now_ms);
  void forget(const Held& held);
  /// Takes an offer back; those who are not `gone` are queued again.
  void withdraw(std::uint64_t proposal);
  void begin_if_accepted(std::uint64_t proposal);
  void expire(std::uint64_t now_ms);
  [[nodiscard]] static bool all_accepted(const Held& held) noexcept;

  DeskOptions options_;
  std::map<std::string, Pool> pools_;  ///< by mode, and again for those in the shadow
  std::unordered_map<std::string, Held> tickets_;
  std::unordered_map<std::string, std::string> ticket_of_;  ///< by player
  std::unordered_map<std::uint64_t, std::string> numbers_;  ///< tickets in pools
  std::map<std::uint64_t, Offer> offers_;
  std::map<std::uint64_t, OpenMatch> open_matches_;  ///< by the proposal that made them
  std::vector<std::string> unrated_;
  std::vector<std::uint64_t> ready_;                           ///< offers that all have accepted
  std::deque<std::pair<std::uint64_t, std::string>> forming_;  ///< by deadline
  std::deque<std::pair<std::uint64_t, std::string>> done_;     ///< by when they may be forgotten
  std::uint64_t last_number_ = 0, last_proposal_ = 0;
  std::size_t open_ = 0;
};

}  // namespace troupe::matchmaking
