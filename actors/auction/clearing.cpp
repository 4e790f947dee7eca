#include "actors/auction/clearing.hpp"

#include <algorithm>
#include <functional>

namespace troupe::auction {
namespace {

const Deal* deal_of(const Impression& imp, const Bid& bid) {
  if (bid.deal_id.empty()) return nullptr;
  const auto it = std::find_if(imp.deals.begin(), imp.deals.end(),
                               [&](const Deal& d) { return d.id == bid.deal_id; });
  return it == imp.deals.end() ? nullptr : &*it;
}

/// FNV-1a over the seed and the id: the same on every machine, so that an auction can be replayed.
std::uint64_t tie_break(const std::string& id, std::uint64_t seed) {
  std::uint64_t hash = 14'695'981'039'346'656'037ULL ^ seed;
  for (const char c : id) hash = (hash ^ static_cast<unsigned char>(c)) * 1'099'511'628'211ULL;
  return hash;
}

struct Candidate {
  std::size_t index;
  const Bid* bid;
  const Deal* deal;
  Micros floor;
  std::uint64_t tie;
};

bool ranks_before(const Candidate& a, const Candidate& b) {
  const bool a_deal = a.deal != nullptr, b_deal = b.deal != nullptr;
  if (a_deal != b_deal) return a_deal;
  if (a.bid->price != b.bid->price) return a.bid->price > b.bid->price;
  return a.tie < b.tie;
}

/// 0: none applies.
Micros video_floor(const VideoFloors& floors, int duration_s) {
  Micros best = floors.per_second * duration_s;
  for (const auto& f : floors.by_duration) {
    if (duration_s >= f.min_s && (f.max_s == 0 || duration_s <= f.max_s))
      best = std::max(best, f.floor);
  }
  return best;
}

std::vector<Candidate> eligible(const Impression& imp, const std::vector<Bid>& bids,
                                std::uint64_t seed, const AuctionRules& rules,
                                std::vector<Clearing::Outcome>& outcomes) {
  std::vector<Candidate> out;
  for (std::size_t i = 0; i < bids.size(); ++i) {
    const auto* deal = deal_of(imp, bids[i]);
    const Micros floor = floor_of(imp, deal, bids[i].duration_s, rules);
    if (deal == nullptr && imp.private_auction) {
      outcomes[i].reason = LossReason::lost_to_deal;
    } else if (bids[i].price < floor || bids[i].price <= 0) {
      outcomes[i] = {deal != nullptr ? LossReason::below_deal_floor : LossReason::below_floor, 0};
    } else {
      out.push_back({i, &bids[i], deal, floor, tie_break(bids[i].id, seed)});
    }
  }
  std::sort(out.begin(), out.end(), ranks_before);
  return out;
}

/// The best price that the winner had to beat: its floor or a rival's bid.
Micros best_rival(const std::vector<Candidate>& ranked) {
  const auto& winner = ranked.front();
  Micros best = winner.floor;
  for (const auto& rival : ranked) {
    if (rival.index != winner.index && rival.bid->price <= winner.bid->price)
      best = std::max(best, rival.bid->price);
  }
  return best;
}

Micros second_price(const std::vector<Candidate>& ranked) {
  const auto& winner = ranked.front();
  Micros price = winner.floor;
  for (std::size_t i = 1; i < ranked.size(); ++i) {
    const auto& rival = ranked[i];
    // A seat does not bid itself up, and an open bid above a deal's price cannot be what the deal
    // had to beat.
    if (rival.bid->seat == winner.bid->seat || rival.bid->price > winner.bid->price) continue;
    price = std::max(price, rival.bid->price + kIncrement);
  }
  return std::min(price, winner.bid->price);
}

}  // namespace

Micros floor_of(const Impression& imp, const Deal* deal, int duration_s,
                const AuctionRules& rules) {
  Micros floor = deal != nullptr ? deal->floor : imp.floor;
  if (duration_s > 0) {
    const auto* floors = deal != nullptr ? &deal->video : imp.video ? &imp.video->floors : nullptr;
    const auto video = floors == nullptr ? 0 : video_floor(*floors, duration_s);
    if (video > 0) floor = video;
  }
  return std::max(floor, rules.min_price);
}

Clearing clear(const Impression& imp, int auction_type, const std::vector<Bid>& bids,
               std::uint64_t seed, const AuctionRules& rules) {
  Clearing result;
  result.outcomes.resize(bids.size());
  const auto ranked = eligible(imp, bids, seed, rules, result.outcomes);
  if (ranked.empty()) return result;
  const auto& winner = ranked.front();
  const int type = winner.deal != nullptr && winner.deal->auction_type != 0
                       ? winner.deal->auction_type
                       : auction_type;
  result.winner = winner.index;
  // 1: own bid. 3: the deal's floor is the agreed price.
  result.price = type == 2 ? second_price(ranked) : type == 3 ? winner.floor : winner.bid->price;
  // The specification's example (section 4.4): the winner learns what its best rival bid, the
  // others what it paid.
  for (auto& outcome : result.outcomes) outcome.min_to_win = result.price;
  for (const auto& candidate : ranked) {
    const bool to_deal = winner.deal != nullptr && candidate.deal == nullptr;
    result.outcomes[candidate.index].reason =
        to_deal ? LossReason::lost_to_deal : LossReason::lost_to_higher_bid;
  }
  result.outcomes[winner.index] = {LossReason::won, best_rival(ranked)};
  return result;
}

}  // namespace troupe::auction
