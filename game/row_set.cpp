#include "game/row_set.hpp"

#include <algorithm>
#include <cassert>

namespace troupe::game {
namespace {

/// Who of the baseline is still there, then who is new, by the gaps between their ids.
void encode_ids(EntropyEncoder& out, RowSetModel& model, const RowSet& baseline,
                const RowSet& now) {
  const bool same = baseline.ids == now.ids;
  out.bit(model.same, same);
  if (same) return;
  std::size_t kept = 0;
  for (const auto id : baseline.ids) {
    const bool stays = std::ranges::binary_search(now.ids, id);
    out.bit(model.stays, stays);
    if (stays) ++kept;
  }
  model.fresh.encode(out, static_cast<std::int32_t>(now.ids.size() - kept));
  std::int32_t next = 0;
  for (const auto id : now.ids) {
    if (std::ranges::binary_search(baseline.ids, id)) continue;
    // Up to 65,535, and NumberModel has half of that.
    const auto gap = id - next;
    model.gap.encode(out, gap / 2);
    out.raw(static_cast<std::uint32_t>(gap), 1);
    next = id + 1;
  }
}

bool decode_ids(EntropyDecoder& in, RowSetModel& model, const RowSet& baseline, std::size_t most,
                RowSet& now) {
  if (in.bit(model.same)) {
    now.ids = baseline.ids;
    return now.ids.size() <= most;
  }
  for (const auto id : baseline.ids) {
    if (in.bit(model.stays)) now.ids.push_back(id);
  }
  const auto kept = now.ids.size();
  const auto fresh = model.fresh.decode(in);
  if (fresh < 0 || kept + static_cast<std::size_t>(fresh) > most) return false;
  std::int32_t next = 0;
  for (std::int32_t i = 0; i < fresh; ++i) {
    const auto half = model.gap.decode(in);
    const auto id = next + half * 2 + static_cast<std::int32_t>(in.raw(1));
    if (half < 0 || id > UINT16_MAX) return false;
    now.ids.push_back(static_cast<std::uint16_t>(id));
    next = id + 1;
  }
  std::ranges::inplace_merge(now.ids, now.ids.begin() + static_cast<std::ptrdiff_t>(kept));
  return std::ranges::adjacent_find(now.ids) == now.ids.end();
}

/// Walks the baseline beside ascending ids.
class Baseline {
 public:
  explicit Baseline(const RowSet& set) : set_(set) {}
  const Row* row(std::uint16_t id) {
    while (at_ < set_.ids.size() && set_.ids[at_] < id) ++at_;
    return at_ < set_.ids.size() && set_.ids[at_] == id ? &set_.rows[at_] : nullptr;
  }

 private:
  const RowSet& set_;
  std::size_t at_ = 0;
};

}  // namespace

void encode_rows(EntropyEncoder& out, RowSetModel& model, FieldTable table, const RowSet& baseline,
                 const RowSet& now) {
  assert(now.ids.size() == now.rows.size() && std::ranges::is_sorted(now.ids));
  encode_ids(out, model, baseline, now);
  Baseline before(baseline);
  RowCoder coder(table, model.row, now.tick - baseline.tick);
  for (std::size_t i = 0; i < now.ids.size(); ++i)
    coder.encode(out, before.row(now.ids[i]), now.rows[i]);
}

bool decode_rows(EntropyDecoder& in, RowSetModel& model, FieldTable table, const RowSet& baseline,
                 std::size_t most, RowSet& now) {
  if (!decode_ids(in, model, baseline, most, now)) return false;
  Baseline before(baseline);
  RowCoder coder(table, model.row, now.tick - baseline.tick);
  now.rows.reserve(now.ids.size());
  for (const auto id : now.ids) {
    now.rows.push_back(coder.decode(in, before.row(id)));
    if (in.exhausted()) return false;
  }
  return true;
}

}  // namespace troupe::game
