#include "actors/live/chat_desk.hpp"

#include <algorithm>

#include <boost/json.hpp>

#include "actors/live/live_store.hpp"

namespace troupe::live {
namespace {

namespace json = boost::json;
using storage::Family;

json::object line_json(const ChatLine& line) {
  json::object out{{"number", line.number},
                   {"user", line.user},
                   {"name", line.name},
                   {"text", line.text},
                   {"time_ms", line.time_ms}};
  if (line.role != ChatRole::viewer) out["role"] = to_string(line.role);
  return out;
}

std::string erased(const std::vector<std::uint64_t>& numbers) {
  json::array rows(numbers.begin(), numbers.end());
  return json::serialize(json::object{{"type", "chat_deleted"}, {"numbers", std::move(rows)}});
}

std::string pinned_json(const std::optional<ChatLine>& line) {
  json::object out{{"type", "chat_pinned"}, {"line", nullptr}};
  if (line) out["line"] = line_json(*line);
  return json::serialize(out);
}

void log(storage::Batch& batch, const std::string& session, const char* type, json::object what) {
  batch.append(
      {"live/" + session, std::string("troupe.live.chat.") + type + ".v1", json::serialize(what)});
}

}  // namespace

ChatDesk::ChatDesk(std::string session, std::string owner, const ChatLimits& limits,
                   StoredChat stored)
    : session_(std::move(session)),
      owner_(std::move(owner)),
      history_(limits.history),
      room_(limits),
      rules_(std::move(stored.rules)),
      filter_(rules_.words) {
  room_.restore(std::move(stored.lines), rules_.last_number);
  room_.set_slow_mode(rules_.slow_mode_s);
  for (auto& ban : stored.bans) bans_.emplace(ban.user, ban);
}

ChatRole ChatDesk::role_of(const Caller& caller) const {
  if (caller.admin || caller.user == owner_) return ChatRole::owner;
  const auto& mods = rules_.moderators;
  return std::find(mods.begin(), mods.end(), caller.user) == mods.end() ? ChatRole::viewer
                                                                        : ChatRole::moderator;
}

const ChatBan* ChatDesk::ban_of(const std::string& user, std::uint64_t now_ms) const {
  const auto it = bans_.find(user);
  if (it == bans_.end()) return nullptr;
  return it->second.until_ms == 0 || it->second.until_ms > now_ms ? &it->second : nullptr;
}

ChatStatus ChatDesk::status(const Caller& caller, std::uint64_t now_ms) const {
  ChatStatus out{role_of(caller), rules_, {}};
  if (out.role == ChatRole::viewer) {
    out.rules.words.clear();
    return out;
  }
  for (const auto& [user, ban] : bans_) {
    if (ban_of(user, now_ms) != nullptr) out.bans.push_back(ban);
  }
  return out;
}

Result<ChatLine> ChatDesk::accept(ChatRoom::Saying saying, std::uint64_t now_ms, TimePoint now) {
  if (const auto* ban = ban_of(saying.user, now_ms)) {
    return error(ErrorCode::forbidden,
                 ban->until_ms == 0
                     ? "you are banned from this chat"
                     : "you are banned from this chat for another " +
                           std::to_string((ban->until_ms - now_ms + 999) / 1000) + " s");
  }
  if (saying.role == ChatRole::viewer && (filter_.finds(saying.text) || filter_.finds(saying.name)))
    return error(ErrorCode::forbidden, "a word that is not welcome here");
  return room_.accept(std::move(saying), now_ms, now);
}

storage::Batch ChatDesk::storing(const ChatLine& line) const {
  storage::Batch batch;
  batch.put(Family::live, chat_key(session_, line.number), encode_chat(line));
  if (line.number > history_) batch.erase(Family::live, chat_key(session_, line.number - history_));
  return batch;
}

std::string ChatDesk::add(ChatLine line) {
  auto announcement = line_json(line);
  announcement["type"] = "chat";
  room_.add(std::move(line));
  greeting_ = nullptr;
  return json::serialize(announcement);
}

Result<ChatDesk::Change> ChatDesk::moderate(const Moderation& moderation, std::uint64_t now_ms) {
  if (role_of(moderation.caller) == ChatRole::viewer)
    return error(ErrorCode::forbidden, "only moderators and the owner");
  now_ms_ = now_ms;
  auto change =
      std::visit([&](const auto& what) { return act(moderation.caller, what); }, moderation.act);
  if (change.ok()) greeting_ = nullptr;
  return change;
}

ChatDesk::Change ChatDesk::rules_changed() const {
  Change change;
  change.batch.put(Family::live, chat_rules_key(session_), encode_chat_rules(rules_));
  return change;
}

Result<ChatDesk::Change> ChatDesk::act(const Caller& caller, const SetChatRules& what) {
  if (what.slow_mode_s && *what.slow_mode_s > kMaxSlowModeS)
    return error(ErrorCode::invalid_argument, "slow_mode_s: 0 to 3600");
  if (what.words) {
    if (auto fine = check_words(*what.words); !fine.ok()) return fine.error();
    rules_.words = *what.words;
    filter_ = WordFilter(rules_.words);
  }
  if (what.slow_mode_s) {
    rules_.slow_mode_s = *what.slow_mode_s;
    room_.set_slow_mode(rules_.slow_mode_s);
  }
  auto change = rules_changed();
  log(change.batch, session_, "rules_changed",
      {{"id", session_},
       {"by", caller.user},
       {"slow_mode_s", rules_.slow_mode_s},
       {"words", rules_.words.size()}});
  change.announcements.push_back(
      json::serialize(json::object{{"type", "chat_rules"}, {"slow_mode_s", rules_.slow_mode_s}}));
  return change;
}

Result<ChatDesk::Change> ChatDesk::act(const Caller& caller, const AppointModerator& what) {
  if (role_of(caller) != ChatRole::owner) return error(ErrorCode::forbidden, "only the owner");
  if (auto fine = check_user(what.user); !fine.ok()) return fine.error();
  if (role_of({what.user, false}) == ChatRole::viewer) {
    if (rules_.moderators.size() >= kMaxModerators)
      return error(ErrorCode::too_large, "at most 50 moderators");
    rules_.moderators.push_back(what.user);
  }
  auto change = rules_changed();
  log(change.batch, session_, "moderator_appointed",
      {{"id", session_}, {"by", caller.user}, {"user", what.user}});
  return change;
}

Result<ChatDesk::Change> ChatDesk::act(const Caller& caller, const DismissModerator& what) {
  if (role_of(caller) != ChatRole::owner) return error(ErrorCode::forbidden, "only the owner");
  if (std::erase(rules_.moderators, what.user) == 0)
    return error(ErrorCode::not_found, "no moderator of that name");
  auto change = rules_changed();
  log(change.batch, session_, "moderator_dismissed",
      {{"id", session_}, {"by", caller.user}, {"user", what.user}});
  return change;
}

void ChatDesk::forget_expired(Change& change) {
  for (auto it = bans_.begin(); it != bans_.end();) {
    if (ban_of(it->first, now_ms_) != nullptr) {
      ++it;
      continue;
    }
    change.batch.erase(Family::live, chat_ban_key(session_, it->first));
    it = bans_.erase(it);
  }
}

Result<ChatDesk::Change> ChatDesk::act(const Caller& caller, const BanUser& what) {
  if (auto fine = check_user(what.user); !fine.ok()) return fine.error();
  if (what.reason.size() > kMaxReasonBytes || what.seconds > kMaxBanS)
    return error(ErrorCode::too_large, "reason: 200 bytes, seconds: ten years");
  if (role_of({what.user, false}) >= role_of(caller))
    return error(ErrorCode::forbidden, "neither the owner nor a fellow moderator");
  Change change;
  forget_expired(change);
  if (!bans_.contains(what.user) && bans_.size() >= kMaxBans)
    return error(ErrorCode::too_large, "at most 1,000 bans");
  std::erase(rules_.moderators, what.user);  // whom the owner bans moderates no more
  const auto until_ms = what.seconds == 0 ? 0 : now_ms_ + what.seconds * 1000;
  const ChatBan ban{what.user, until_ms, caller.user, what.reason};
  bans_.insert_or_assign(what.user, ban);
  change.batch.put(Family::live, chat_ban_key(session_, what.user), encode_chat_ban(ban));
  log(change.batch, session_, "user_banned",
      {{"id", session_},
       {"by", caller.user},
       {"user", what.user},
       {"until_ms", until_ms},
       {"reason", what.reason}});
  if (const auto numbers = room_.erase_of(what.user); !numbers.empty()) take_out(numbers, change);
  change.batch.put(Family::live, chat_rules_key(session_), encode_chat_rules(rules_));
  if (rules_.pinned && rules_.pinned->user == what.user) unpin(change);
  return change;
}

Result<ChatDesk::Change> ChatDesk::act(const Caller& caller, const PardonUser& what) {
  if (bans_.erase(what.user) == 0) return error(ErrorCode::not_found, "not banned");
  Change change;
  change.batch.erase(Family::live, chat_ban_key(session_, what.user));
  log(change.batch, session_, "user_pardoned",
      {{"id", session_}, {"by", caller.user}, {"user", what.user}});
  return change;
}

Result<ChatDesk::Change> ChatDesk::act(const Caller&, const PinLine& what) {
  const auto* line = room_.find(what.number);
  if (line == nullptr) return error(ErrorCode::not_found, "no such line in the history");
  rules_.pinned = *line;
  auto change = rules_changed();
  change.announcements.push_back(pinned_json(rules_.pinned));
  return change;
}

/// The lines have gone from the room: from the store and the viewers' pages too.
void ChatDesk::take_out(const std::vector<std::uint64_t>& numbers, Change& change) {
  for (const auto number : numbers) change.batch.erase(Family::live, chat_key(session_, number));
  rules_.last_number = room_.last_number();
  change.batch.put(Family::live, chat_rules_key(session_), encode_chat_rules(rules_));
  change.announcements.push_back(erased(numbers));
}

void ChatDesk::unpin(Change& change) {
  rules_.pinned.reset();
  change.batch.put(Family::live, chat_rules_key(session_), encode_chat_rules(rules_));
  change.announcements.push_back(pinned_json(rules_.pinned));
}

Result<ChatDesk::Change> ChatDesk::act(const Caller&, const UnpinLine&) {
  Change change;
  unpin(change);
  return change;
}

Result<ChatDesk::Change> ChatDesk::act(const Caller& caller, const EraseLine& what) {
  if (auto gone = room_.erase(what.number); !gone.ok()) return gone.error();
  Change change;
  take_out({what.number}, change);
  log(change.batch, session_, "line_erased",
      {{"id", session_}, {"by", caller.user}, {"number", what.number}});
  if (rules_.pinned && rules_.pinned->number == what.number) unpin(change);
  return change;
}

std::shared_ptr<const std::string> ChatDesk::greeting() {
  if (greeting_) return greeting_;
  json::array rows;
  for (const auto& line : room_.history()) rows.push_back(line_json(line));
  json::object out{{"type", "chat_history"},
                   {"lines", std::move(rows)},
                   {"pinned", nullptr},
                   {"slow_mode_s", rules_.slow_mode_s}};
  if (rules_.pinned) out["pinned"] = line_json(*rules_.pinned);
  greeting_ = std::make_shared<const std::string>(json::serialize(out));
  return greeting_;
}

}  // namespace troupe::live
