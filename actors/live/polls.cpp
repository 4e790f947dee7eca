#include "actors/live/polls.hpp"

#include <algorithm>
#include <set>

#include <boost/json.hpp>

#include "actors/live/poll_store.hpp"

namespace troupe::live {
namespace {

namespace json = boost::json;
using storage::Family;

constexpr RateLimit kVotes{1.0, 5.0};  // a user's: one a second, five at once
constexpr std::size_t kRatedUsers = 16'384;

Result<void> check_text(std::string_view what, std::string_view text, std::size_t most) {
  const bool control = std::any_of(text.begin(), text.end(), [](char c) {
    return static_cast<unsigned char>(c) < 0x20 || c == 0x7F;
  });
  if (text.empty() || control)
    return error(ErrorCode::invalid_argument,
                 std::string(what) + ": not empty, no control characters");
  if (text.size() > most)
    return error(ErrorCode::too_large,
                 std::string(what) + ": at most " + std::to_string(most) + " bytes");
  return {};
}

Result<void> check(const OpenPoll& what) {
  if (auto fine = check_text("question", what.question, kMaxQuestionBytes); !fine.ok()) return fine;
  if (what.options.size() < kMinOptions || what.options.size() > kMaxOptions)
    return error(ErrorCode::invalid_argument, "options: 2 to 10");
  for (const auto& option : what.options) {
    if (auto fine = check_text("options", option, kMaxOptionBytes); !fine.ok()) return fine;
  }
  if (std::set(what.options.begin(), what.options.end()).size() != what.options.size())
    return error(ErrorCode::invalid_argument, "options: each once");
  if (what.seconds != 0 && (what.seconds < kMinPollS || what.seconds > kMaxPollS))
    return error(ErrorCode::invalid_argument, "seconds: 5 to 86400");
  return {};
}

void log(storage::Batch& batch, const std::string& session, const char* type, const Poll& poll,
         const std::string& by) {
  auto what = poll_json(poll);
  what["id"] = session;
  what["by"] = by;
  batch.append(
      {"live/" + session, std::string("troupe.live.poll.") + type + ".v1", json::serialize(what)});
}

}  // namespace

json::object poll_json(const Poll& poll) {
  json::array options;
  std::uint64_t all = 0;
  for (std::size_t i = 0; i < poll.options.size(); ++i) {
    options.push_back(json::object{{"text", poll.options[i]}, {"votes", poll.votes[i]}});
    all += poll.votes[i];
  }
  json::object out{{"number", poll.number},
                   {"question", poll.question},
                   {"state", poll.open() ? "open" : "closed"},
                   {"options", std::move(options)},
                   {"votes", all},
                   {"opened_ms", poll.opened_ms}};
  if (poll.closes_ms != 0) out["closes_ms"] = poll.closes_ms;
  if (!poll.open()) out["closed_ms"] = poll.closed_ms;
  return out;
}

PollDesk::PollDesk(std::string session, StoredPolls stored)
    : session_(std::move(session)), polls_(std::move(stored.polls)), rate_(kVotes, kRatedUsers) {
  if (running() == nullptr) return;
  auto& poll = polls_.back();
  votes_ = std::move(stored.votes);
  poll.votes.assign(poll.options.size(), 0);
  std::erase_if(votes_, [&](const auto& vote) { return vote.second >= poll.options.size(); });
  for (const auto& [user, option] : votes_) ++poll.votes[option];
}

const Poll* PollDesk::running() const noexcept {
  return !polls_.empty() && polls_.back().open() ? &polls_.back() : nullptr;
}

std::optional<std::uint32_t> PollDesk::vote_of(const std::string& user) const {
  const auto found = votes_.find(user);
  return found == votes_.end() ? std::nullopt : std::optional<std::uint32_t>(found->second);
}

Result<PollDesk::Change> PollDesk::open(const std::string& by, const OpenPoll& what,
                                        std::uint64_t now_ms) {
  if (auto fine = check(what); !fine.ok()) return fine.error();
  if (running() != nullptr)
    return error(ErrorCode::conflict, "close poll " + std::to_string(running()->number) + " first");
  Poll poll;
  poll.number = polls_.empty() ? 1 : polls_.back().number + 1;
  poll.question = what.question;
  poll.options = what.options;
  poll.by = by;
  poll.opened_ms = now_ms;
  poll.closes_ms = what.seconds == 0 ? 0 : now_ms + what.seconds * 1000;
  poll.votes.assign(what.options.size(), 0);
  Change change;
  change.batch.put(Family::live, poll_key(session_, poll.number), encode_poll(poll));
  log(change.batch, session_, "opened", poll, by);
  polls_.push_back(poll);
  if (polls_.size() > kKeptPolls) {
    change.batch.erase(Family::live, poll_key(session_, polls_.front().number));
    polls_.pop_front();
  }
  change.poll = std::move(poll);
  return change;
}

Result<Poll*> PollDesk::find_open(std::uint64_t number) {
  const auto it = std::find_if(polls_.begin(), polls_.end(),
                               [&](const Poll& poll) { return poll.number == number; });
  if (it == polls_.end()) return error(ErrorCode::not_found, "no such poll");
  if (!it->open()) return error(ErrorCode::conflict, "the poll is closed");
  return &*it;
}

PollDesk::Change PollDesk::shut(Poll& poll, const std::string& by, std::uint64_t now_ms) {
  poll.closed_ms = now_ms;
  votes_.clear();
  Change change;
  change.batch.put(Family::live, poll_key(session_, poll.number), encode_poll(poll));
  // Who voted what is nobody's business any more: the sums are in the record.
  const auto votes = poll_votes_prefix(session_, poll.number);
  change.batch.erase_range(Family::live, votes, storage::prefix_end(votes));
  log(change.batch, session_, "closed", poll, by);
  change.poll = poll;
  return change;
}

Result<PollDesk::Change> PollDesk::close(const std::string& by, std::uint64_t number,
                                         std::uint64_t now_ms) {
  const auto poll = find_open(number);
  if (!poll.ok()) return poll.error();
  return shut(**poll, by, now_ms);
}

std::optional<PollDesk::Change> PollDesk::close_due(std::uint64_t now_ms) {
  if (running() == nullptr || running()->closes_ms == 0 || running()->closes_ms > now_ms) return {};
  auto& poll = polls_.back();
  return shut(poll, poll.by, poll.closes_ms);
}

Result<PollDesk::Change> PollDesk::vote(const std::string& user, const CastVote& what,
                                        std::uint64_t now_ms, TimePoint now) {
  const auto found = find_open(what.number);
  if (!found.ok()) return found.error();
  auto& poll = **found;
  if (poll.closes_ms != 0 && now_ms >= poll.closes_ms)
    return error(ErrorCode::conflict, "the poll is closed");
  if (what.option >= poll.options.size())
    return error(ErrorCode::invalid_argument,
                 "option: 0 to " + std::to_string(poll.options.size() - 1));
  if (const auto verdict = rate_.take(user, now); !verdict.allowed)
    return error(ErrorCode::rate_limited,
                 "wait " + std::to_string(verdict.retry_after.count()) + " ms");
  const auto option = static_cast<std::uint8_t>(what.option);
  const auto before = votes_.find(user);
  if (before == votes_.end()) {
    if (votes_.size() >= kMaxVotes) return error(ErrorCode::overloaded, "100,000 have voted");
    votes_.emplace(user, option);
  } else {
    --poll.votes[before->second];
    before->second = option;
  }
  ++poll.votes[option];
  // Also when it is the same vote again: the first may not be durable yet.
  Change change;
  change.batch.put(Family::live, poll_vote_key(session_, poll.number, user),
                   std::string(1, static_cast<char>(option)));
  change.poll = poll;
  return change;
}

}  // namespace troupe::live
