#include "net/api/live/party_book.hpp"

#include <algorithm>
#include <vector>

#include <boost/json.hpp>

#include "base/ids.hpp"

namespace troupe::api {
namespace {

/// The target goes up at once, with room, and down only after a while: each change is worked off by
/// all members.
constexpr std::int64_t kRoomMs = 40, kDownFromMs = 150;
constexpr std::int64_t kFarMs = 86'400'000;  // a stream whose clock drifts that far is none
constexpr std::chrono::seconds kDownAfter{5}, kSweepEvery{60};

}  // namespace

Result<std::string> PartyBook::open(const std::string& session, TimePoint now) {
  const std::lock_guard lock(mutex_);
  sweep(now);
  if (parties_.size() >= kMaxParties) return error(ErrorCode::overloaded, "too many parties");
  auto id = make_id_string();
  auto& party = parties_[id];
  party.session = session;
  party.empty_since = now;
  return id;
}

void PartyBook::announce(const Party& party, std::vector<std::pair<Tell, std::string>>& out) {
  boost::json::object message{{"type", "party"},
                              {"members", party.members.size()},
                              {"epoch", party.epoch},
                              {"target_ms", nullptr}};
  if (party.target_ms) message["target_ms"] = *party.target_ms;
  const auto text = boost::json::serialize(message);
  for (const auto& [number, member] : party.members) out.emplace_back(member.tell, text);
}

Result<std::uint64_t> PartyBook::join(const std::string& session, const std::string& id,
                                      Tell tell) {
  std::vector<std::pair<Tell, std::string>> out;
  std::uint64_t number = 0;
  {
    const std::lock_guard lock(mutex_);
    const auto found = parties_.find(id);
    if (found == parties_.end() || found->second.session != session)
      return error(ErrorCode::not_found, "no such party in this session");
    auto& party = found->second;
    if (party.members.size() >= kMaxPartyMembers)
      return error(ErrorCode::overloaded, "the party is full");
    number = next_member_++;
    party.members.emplace(number, Member{std::move(tell), std::nullopt});
    announce(party, out);
  }
  for (const auto& [to, text] : out) to(text);
  return number;
}

void PartyBook::leave(const std::string& id, std::uint64_t member, TimePoint now) {
  std::vector<std::pair<Tell, std::string>> out;
  {
    const std::lock_guard lock(mutex_);
    const auto found = parties_.find(id);
    if (found == parties_.end() || found->second.members.erase(member) == 0) return;
    auto& party = found->second;
    if (party.members.empty()) {
      party.empty_since = now;
      party.target_ms.reset();
    }
    static_cast<void>(retarget(party, now));
    announce(party, out);
  }
  for (const auto& [to, text] : out) to(text);
}

bool PartyBook::retarget(Party& party, TimePoint now) {
  std::optional<std::int64_t> least, most;
  for (const auto& [number, member] : party.members) {
    if (!member.wants_ms) continue;
    least = std::min(least.value_or(*member.wants_ms), *member.wants_ms);
    most = std::max(most.value_or(*member.wants_ms), *member.wants_ms);
  }
  if (!most) return false;
  most = std::min(*most, *least + kMaxPartySpreadMs);
  const auto next = *most + kRoomMs;
  if (!party.target_ms || *most > *party.target_ms) {
    party.target_ms = next;
    party.lower_since = {};
    return true;
  }
  if (*party.target_ms - next < kDownFromMs) {
    party.lower_since = {};
    return false;
  }
  if (party.lower_since == TimePoint{}) party.lower_since = now;
  if (now - party.lower_since < kDownAfter) return false;
  party.target_ms = next;
  party.lower_since = {};
  return true;
}

void PartyBook::wants(const std::string& id, std::uint64_t member, std::uint64_t epoch,
                      std::int64_t behind_ms, TimePoint now) {
  std::vector<std::pair<Tell, std::string>> out;
  {
    const std::lock_guard lock(mutex_);
    const auto found = parties_.find(id);
    if (found == parties_.end()) return;
    auto& party = found->second;
    const auto who = party.members.find(member);
    if (who == party.members.end() || epoch < party.epoch) return;
    if (epoch > party.epoch) {
      party.epoch = epoch;
      party.target_ms.reset();
      for (auto& [number, other] : party.members) other.wants_ms.reset();
    }
    who->second.wants_ms = std::clamp(behind_ms, -kFarMs, kFarMs);
    if (retarget(party, now)) announce(party, out);
  }
  for (const auto& [to, text] : out) to(text);
}

void PartyBook::sweep(TimePoint now) {
  if (now - swept_ < kSweepEvery) return;
  swept_ = now;
  std::erase_if(parties_, [&](const auto& entry) {
    return entry.second.members.empty() && now - entry.second.empty_since > kEmptyFor;
  });
}

}  // namespace troupe::api
