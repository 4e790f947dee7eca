#include "actors/leaderboard/round_plan.hpp"

#include <algorithm>

namespace troupe::leaderboard {

RoundPlan::RoundPlan(const Definition& definition, std::uint32_t season, const Board& board,
                     std::uint64_t applied, std::uint64_t max_entries)
    : definition_(definition),
      season_(season),
      board_(board),
      sequence_(board.sequence()),
      applied_before_(applied),
      applied_(applied),
      max_entries_(max_entries) {}

bool RoundPlan::submit(const Submission& submission) {
  return set(submission.player, submission.score);
}

void RoundPlan::apply_points(const std::vector<Points>& points) {
  std::uint64_t current = 0;  // several players share one event's offset
  for (const auto& row : points) {
    if (row.offset <= applied_ && row.offset != current) continue;
    set(row.player, row.score);
    applied_ = current = row.offset;
  }
}

bool RoundPlan::withdraw(const std::string& player) {
  if (!before(player)) return false;
  changes_[player] = std::nullopt;
  return true;
}

void RoundPlan::write(storage::Batch& batch) const {
  for (const auto& [player, entry] : changes_) {
    if (entry)
      put_entry(batch, definition_.id, season_, *entry);
    else
      erase_entry(batch, definition_.id, season_, player);
  }
  if (applied_ != applied_before_) put_applied(batch, definition_.id, season_, applied_);
}

std::uint64_t RoundPlan::apply(Board& board) const {
  std::vector<const Entry*> entries;
  for (const auto& [player, entry] : changes_) {
    if (entry)
      entries.push_back(&*entry);
    else
      board.remove(player);
  }
  std::ranges::sort(entries, {}, [](const Entry* entry) { return entry->sequence; });
  for (const auto* entry : entries) board.set(entry->player, entry->score, entry->sequence);
  return applied_;
}

std::optional<Entry> RoundPlan::before(const std::string& player) const {
  const auto it = changes_.find(player);
  return it == changes_.end() ? board_.entry(player) : it->second;
}

bool RoundPlan::set(const std::string& player, std::int64_t score) {
  const auto known = before(player);
  const auto wanted = kept(definition_.keep, definition_.order,
                           known ? std::optional(known->score) : std::nullopt, score);
  if (!wanted) return false;
  if (!known && board_.size() + changes_.size() >= max_entries_) return false;
  changes_[player] = Entry{player, *wanted, ++sequence_};
  return true;
}

}  // namespace troupe::leaderboard
