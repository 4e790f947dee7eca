#include "actors/matchmaking/balance.hpp"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>

namespace troupe::matchmaking {
namespace {

constexpr std::size_t kExhaustive = 12;
constexpr int kMaxPasses = 8;

double strength(const Member& member) {
  return member.rating * member.size;
}

double sum(const std::vector<Member>& members, const std::vector<std::size_t>& team) {
  double out = 0;
  for (const auto one : team) out += strength(members[one]);
  return out;
}

int players(const std::vector<Member>& members, const std::vector<std::size_t>& team) {
  int out = 0;
  for (const auto one : team) out += members[one].size;
  return out;
}

using Allowed = std::function<bool(const std::vector<std::size_t>&)>;

/// All ways to fill the first team that hold the first party: the others mirror them.
void try_all(const std::vector<Member>& members, Teams& teams, const Allowed& allowed) {
  std::vector<std::size_t> all = teams[0];
  all.insert(all.end(), teams[1].begin(), teams[1].end());
  const auto wanted = players(members, teams[0]);
  if (wanted != players(members, teams[1])) return;
  double total = 0;
  for (const auto one : all) total += strength(members[one]);
  auto best = std::abs(2 * sum(members, teams[0]) - total);
  Teams tried(2);
  for (std::uint32_t mask = 1; mask < (1U << all.size()); mask += 2) {
    int size = 0;
    double first = 0;
    for (std::size_t i = 0; i < all.size(); ++i) {
      if (((mask >> i) & 1) == 0) continue;
      size += members[all[i]].size;
      first += strength(members[all[i]]);
    }
    if (size != wanted || std::abs(2 * first - total) >= best) continue;
    for (auto& team : tried) team.clear();
    for (std::size_t i = 0; i < all.size(); ++i) tried[((mask >> i) & 1) ^ 1].push_back(all[i]);
    if (allowed && (!allowed(tried[0]) || !allowed(tried[1]))) continue;
    best = std::abs(2 * first - total);
    teams = tried;
  }
}

/// Exchanges one party of `a` for one of equal size of `b` if that brings their sums together.
bool exchange(const std::vector<Member>& members, std::vector<std::size_t>& a,
              std::vector<std::size_t>& b, const Allowed& allowed) {
  const auto gap = sum(members, a) - sum(members, b);
  for (auto& mine : a) {
    for (auto& theirs : b) {
      if (members[mine].size != members[theirs].size) continue;
      const auto moved = strength(members[mine]) - strength(members[theirs]);
      if (std::abs(gap - 2 * moved) >= std::abs(gap) - 1e-9) continue;
      std::swap(mine, theirs);
      if (!allowed || (allowed(a) && allowed(b))) return true;
      std::swap(mine, theirs);
    }
  }
  return false;
}

}  // namespace

void balance(const std::vector<Member>& members, Teams& teams, const Allowed& allowed) {
  if (teams.size() == 2 && members.size() <= kExhaustive) return try_all(members, teams, allowed);
  for (int pass = 0; pass < kMaxPasses; ++pass) {
    bool changed = false;
    for (std::size_t a = 0; a < teams.size(); ++a) {
      for (std::size_t b = a + 1; b < teams.size(); ++b)
        changed = exchange(members, teams[a], teams[b], allowed) || changed;
    }
    if (!changed) return;
  }
}

double imbalance(const std::vector<Member>& members, const Teams& teams) noexcept {
  double least = std::numeric_limits<double>::max(), most = std::numeric_limits<double>::lowest();
  for (const auto& team : teams) {
    const auto mean = sum(members, team) / std::max(1, players(members, team));
    least = std::min(least, mean);
    most = std::max(most, mean);
  }
  return most - least;
}

}  // namespace troupe::matchmaking
