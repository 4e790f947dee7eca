#include "actors/ratings/player_rating.hpp"

#include <array>
#include <cassert>
#include <cmath>

#include "actors/ratings/elo.hpp"
#include "actors/ratings/glicko2.hpp"
#include "actors/ratings/trueskill.hpp"
#include "actors/ratings/weng_lin.hpp"

namespace troupe::ratings {
namespace {

constexpr std::array<std::string_view, 4> kNames{"weng_lin", "trueskill", "glicko2", "elo"};

/// A side as one opponent: the mean of its ratings, the root mean square of its deviations.
glicko2::Rating composite(const Contender& side) {
  const auto count = static_cast<double>(side.players.size());
  glicko2::Rating out{0, 0, 0};
  for (const auto* player : side.players) {
    out.rating += player->rating / count;
    out.deviation += player->deviation * player->deviation / count;
  }
  out.deviation = std::sqrt(out.deviation);
  return out;
}

double score(int place, int other) noexcept {
  return place < other ? 1 : place == other ? 0.5 : 0;
}

void rate_skills(System system, std::span<const Contender> contenders) {
  std::vector<std::vector<Skill>> skills;
  std::vector<Side> sides;
  skills.reserve(contenders.size());
  for (const auto& contender : contenders) {
    auto& side = skills.emplace_back();
    for (const auto* player : contender.players)
      side.push_back({player->rating, player->deviation});
    sides.push_back({side, contender.place});
  }
  system == System::weng_lin ? weng_lin::update(sides) : trueskill::update(sides);
  for (std::size_t i = 0; i < contenders.size(); ++i) {
    for (std::size_t k = 0; k < skills[i].size(); ++k) {
      contenders[i].players[k]->rating = skills[i][k].mu;
      contenders[i].players[k]->deviation = skills[i][k].sigma;
    }
  }
}

void rate_elo(std::span<const Contender> sides) {
  std::vector<double> means;
  for (const auto& side : sides) means.push_back(composite(side).rating);
  for (std::size_t i = 0; i < sides.size(); ++i) {
    for (auto* player : sides[i].players) {
      double scored = 0, expected = 0;
      for (std::size_t k = 0; k < sides.size(); ++k) {
        if (k == i) continue;
        scored += score(sides[i].place, sides[k].place);
        expected += elo::expected_score(player->rating, means[k]);
      }
      player->rating = elo::updated(player->rating, scored, expected,
                                    elo::kFactor / static_cast<double>(sides.size() - 1));
    }
  }
}

void rate_glicko2(std::span<const Contender> sides, std::uint64_t ended_ms) {
  for (const auto& side : sides) {
    for (auto* player : side.players) {
      if (player->updated_ms == 0 || ended_ms <= player->updated_ms) continue;
      const double periods =
          static_cast<double>(ended_ms - player->updated_ms) / static_cast<double>(kRatingPeriodMs);
      player->deviation =
          glicko2::idle({player->rating, player->deviation, player->volatility}, periods).deviation;
    }
  }
  std::vector<glicko2::Rating> opponents;
  for (const auto& side : sides) opponents.push_back(composite(side));
  for (std::size_t i = 0; i < sides.size(); ++i) {
    std::vector<glicko2::Game> games;
    for (std::size_t k = 0; k < sides.size(); ++k) {
      if (k != i) games.push_back({opponents[k], score(sides[i].place, sides[k].place)});
    }
    for (auto* player : sides[i].players) {
      const auto after =
          glicko2::updated({player->rating, player->deviation, player->volatility}, games);
      player->rating = after.rating;
      player->deviation = after.deviation;
      player->volatility = after.volatility;
    }
  }
}

}  // namespace

std::string_view to_string(System system) noexcept {
  return kNames[static_cast<std::size_t>(system)];
}

std::optional<System> parse_system(std::string_view name) noexcept {
  for (std::size_t i = 0; i < kNames.size(); ++i) {
    if (kNames[i] == name) return static_cast<System>(i);
  }
  return std::nullopt;
}

PlayerRating initial(System system) noexcept {
  switch (system) {
    case System::weng_lin:
    case System::trueskill:
      return {.rating = Skill{}.mu, .deviation = Skill{}.sigma};
    case System::glicko2:
      return {.rating = glicko2::Rating{}.rating,
              .deviation = glicko2::Rating{}.deviation,
              .volatility = glicko2::Rating{}.volatility};
    case System::elo:
      break;
  }
  return {.rating = elo::kInitial};
}

std::int64_t points(System system, const PlayerRating& rating) noexcept {
  switch (system) {
    case System::weng_lin:
    case System::trueskill:
      return std::llround(100 * ordinal({rating.rating, rating.deviation}));
    case System::glicko2:
      return std::llround(rating.rating - 2 * rating.deviation);
    case System::elo:
      break;
  }
  return std::llround(rating.rating);
}

void rate(System system, std::span<const Contender> sides, std::uint64_t ended_ms) {
  assert(sides.size() >= 2);
  switch (system) {
    case System::weng_lin:
    case System::trueskill:
      rate_skills(system, sides);
      break;
    case System::glicko2:
      rate_glicko2(sides, ended_ms);
      break;
    case System::elo:
      rate_elo(sides);
      break;
  }
  for (const auto& side : sides) {
    for (auto* player : side.players) {
      ++player->matches;
      if (side.place == 1) ++player->wins;
      player->updated_ms = std::max(player->updated_ms, ended_ms);
    }
  }
}

}  // namespace troupe::ratings
