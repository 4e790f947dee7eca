#include "actors/ratings/settlement.hpp"

#include <algorithm>
#include <set>

#include <boost/json.hpp>
#include <spdlog/spdlog.h>

#include "actors/ratings/gaussian.hpp"
#include "storage/journal.hpp"
#include "storage/store.hpp"

namespace troupe::ratings {
namespace {

namespace json = boost::json;

constexpr std::size_t kEventsPerStep = 512;
constexpr std::size_t kMatchesPerStep = 128;  ///< with 64 players each some 8,000 reads
constexpr std::size_t kMaxPlayers = 128;
/// Longer than a journal is ever behind.
constexpr std::uint64_t kRememberMs = 30ULL * 24 * 3600 * 1000;
/// Of results that do not say.
constexpr std::string_view kDefaultMode = "arena";

std::string text(const json::object& body, std::string_view key, std::string_view standard = {}) {
  const auto* value = body.if_contains(key);
  return value != nullptr && value->is_string() ? std::string(value->as_string())
                                                : std::string(standard);
}

/// 0 when there is none.
std::int64_t integer(const json::object& body, std::string_view key) {
  const auto* value = body.if_contains(key);
  return value != nullptr && value->is_int64() ? value->as_int64() : 0;
}

class Step {
 public:
  Step(const storage::Store& store, const SettlementOptions& options, std::uint64_t now_ms)
      : store_(store), options_(options), now_ms_(now_ms) {}

  Result<void> take(const storage::JournalEntry& entry) {
    auto result = decode_result(entry.payload);
    if (!result) {
      spdlog::error("ratings: the result at offset {} is not one", entry.offset);
      ++out.unreadable;
      return {};
    }
    auto made = read_made(store_, result->match);
    if (!made.ok()) return made.error();
    if (options_.only_matchmade && !*made) return {};
    if (*made) result->mode = (*made)->mode;
    const auto sides = sides_of(*result, *made ? &**made : nullptr);
    if (sides.size() < 2) {
      if (*made) out.unrated.push_back(result->match);
      return {};
    }
    if (!matches_.insert(result->match).second) return {};
    const auto before = store_.remembered(kSettledScope, result->match, now_ms_);
    if (!before.ok()) return before.error();
    if (*before) return {};
    return settle(*result, sides);
  }

  SettlementStep out;

 private:
  Result<PlayerRating*> rating(const std::string& player, const std::string& mode) {
    const auto key = std::pair(player, mode);
    auto it = out.ratings.find(key);
    if (it == out.ratings.end()) {
      auto stored = read_rating(store_, player, mode, options_.system);
      if (!stored.ok()) return stored.error();
      it = out.ratings.emplace(key, *stored).first;
    }
    return &it->second;
  }

  Result<void> settle(const MatchResult& result, const std::vector<ResultSide>& sides) {
    std::vector<Contender> contenders;
    for (const auto& side : sides) {
      auto& contender = contenders.emplace_back(Contender{{}, side.place});
      for (const auto& player : side.players) {
        auto found = rating(player, result.mode);
        if (!found.ok()) return found.error();
        contender.players.push_back(*found);
      }
    }
    rate(options_.system, contenders, result.ended_ms);
    SettlementStep::Settled settled{result.match, result.mode, result.ended_ms, {}};
    for (std::size_t i = 0; i < sides.size(); ++i) {
      for (std::size_t k = 0; k < sides[i].players.size(); ++k)
        settled.players.push_back({sides[i].players[k], sides[i].place, *contenders[i].players[k]});
    }
    out.settled.push_back(std::move(settled));
    return {};
  }

  const storage::Store& store_;
  const SettlementOptions& options_;
  std::uint64_t now_ms_;
  std::set<std::string> matches_;
};

storage::Event updated_event(const SettlementStep::Settled& settled, System system) {
  json::array players;
  for (const auto& one : settled.players) {
    players.push_back({{"player", one.player},
                       {"place", one.place},
                       {"rating", one.rating.rating},
                       {"deviation", one.rating.deviation},
                       {"points", points(system, one.rating)}});
  }
  return {"rating/" + settled.mode, std::string(kRatingUpdated),
          json::serialize(json::object{{"match", settled.match},
                                       {"mode", settled.mode},
                                       {"system", to_string(system)},
                                       {"ended_ms", settled.ended_ms},
                                       {"players", std::move(players)}})};
}

}  // namespace

std::optional<MatchResult> decode_result(std::string_view payload) {
  boost::system::error_code ec;
  const auto parsed = json::parse(payload, ec);
  if (ec || !parsed.is_object()) return std::nullopt;
  const auto& body = parsed.as_object();
  MatchResult out{text(body, "id"), text(body, "mode", text(body, "game")), 0, {}};
  if (out.mode.empty()) out.mode = kDefaultMode;
  const auto* ended = body.if_contains("ended_ms");
  const auto* rows = body.if_contains("result");
  if (out.match.empty() || ended == nullptr || !ended->is_number() || rows == nullptr ||
      !rows->is_array() || rows->as_array().size() > kMaxPlayers)
    return std::nullopt;
  out.ended_ms = ended->to_number<std::uint64_t>(ec);
  if (ec) return std::nullopt;
  std::set<std::string> players;
  for (const auto& row : rows->as_array()) {
    if (!row.is_object()) return std::nullopt;
    MatchResult::Row one{text(row.as_object(), "player"),
                         static_cast<int>(integer(row.as_object(), "place")),
                         integer(row.as_object(), "score")};
    if (one.player.empty() || one.place < 1 || !players.insert(one.player).second)
      return std::nullopt;
    out.rows.push_back(std::move(one));
  }
  return out;
}

namespace {

/// What a side of a made match has reached: greater is better.
struct Reached {
  std::int64_t score = 0;
  bool stayed = false;  ///< somebody did
  friend auto operator<=>(const Reached& a, const Reached& b) {
    return std::pair(a.stayed, a.score) <=> std::pair(b.stayed, b.score);
  }
};

std::vector<ResultSide> made_sides(const MatchResult& result, const MadeMatch& made) {
  std::map<std::string, const MatchResult::Row*> rows;
  for (const auto& row : result.rows) rows.emplace(row.player, &row);
  const bool teams =
      std::ranges::any_of(made.sides, [](const auto& side) { return side.size() > 1; });
  std::vector<Reached> reached;
  for (const auto& players : made.sides) {
    auto& side = reached.emplace_back();
    for (const auto& player : players) {
      const auto it = rows.find(player);
      if (it == rows.end()) continue;
      side.stayed = true;
      side.score += teams ? it->second->score : -it->second->place;
    }
  }
  if (std::ranges::none_of(reached, &Reached::stayed)) return {};
  std::vector<ResultSide> out;
  for (std::size_t i = 0; i < made.sides.size(); ++i) {
    const auto better =
        std::ranges::count_if(reached, [&](const Reached& other) { return other > reached[i]; });
    out.push_back({made.sides[i], static_cast<int>(better) + 1});
  }
  return out;
}

}  // namespace

std::vector<ResultSide> sides_of(const MatchResult& result, const MadeMatch* made) {
  std::vector<ResultSide> out;
  if (made != nullptr) {
    out = made_sides(result, *made);
  } else {
    for (const auto& row : result.rows) out.push_back({{row.player}, row.place});
  }
  return out.size() > kMaxSides ? std::vector<ResultSide>() : out;
}

Result<SettlementStep> read_settlement(const storage::Store& store, std::uint64_t from,
                                       const SettlementOptions& options, std::uint64_t now_ms) {
  if (from == 0) {
    const auto at = storage::cursor(store, kSettlementConsumer);
    if (!at.ok()) return at.error();
    from = *at;
  }
  auto entries = storage::read_journal(store, from, kEventsPerStep);
  if (!entries.ok()) return entries.error();
  Step step(store, options, now_ms);
  step.out.from = step.out.next = from;
  for (const auto& entry : *entries) {
    step.out.next = entry.offset + 1;
    if (entry.type != kMatchEnded) continue;
    if (auto done = step.take(entry); !done.ok()) return done.error();
    if (step.out.settled.size() >= kMatchesPerStep) break;
  }
  return std::move(step.out);
}

storage::Batch settlement_batch(const SettlementStep& step, System system, std::uint64_t now_ms) {
  storage::Batch batch;
  for (const auto& [key, rating] : step.ratings)
    put_rating(batch, key.first, key.second, {system, rating});
  for (const auto& settled : step.settled) {
    batch.append(updated_event(settled, system));
    batch.remember(kSettledScope, settled.match, "1", now_ms + kRememberMs);
    erase_made(batch, settled.match);
  }
  for (const auto& match : step.unrated) erase_made(batch, match);
  batch.advance_cursor(kSettlementConsumer, step.next);
  return batch;
}

}  // namespace troupe::ratings
