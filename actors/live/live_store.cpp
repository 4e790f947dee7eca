#include "actors/live/live_store.hpp"

#include <algorithm>

#include <boost/json.hpp>

#include "actors/live/asset.hpp"
#include "actors/live/cue_store.hpp"
#include "actors/live/poll_store.hpp"
#include "schemas/live_generated.h"

namespace troupe::live {
namespace {

constexpr std::string_view kSessionTag = "session";
constexpr std::string_view kChatTag = "chat";
constexpr std::string_view kRulesTag = "chatrules";
constexpr std::string_view kBanTag = "chatban";

template <class T>
const T* verified(std::string_view bytes) {
  const auto* data = reinterpret_cast<const std::uint8_t*>(bytes.data());
  flatbuffers::Verifier verifier(data, bytes.size());
  return verifier.VerifyBuffer<T>(nullptr) ? flatbuffers::GetRoot<T>(data) : nullptr;
}

std::string bytes_of(const flatbuffers::FlatBufferBuilder& builder) {
  return {reinterpret_cast<const char*>(builder.GetBufferPointer()), builder.GetSize()};
}

std::string key_of(std::string_view tag, std::string_view id) {
  return storage::KeyBuilder(tag).text(id).take();
}

}  // namespace

std::string session_key(std::string_view id) {
  return key_of(kSessionTag, id);
}
std::string chat_key(std::string_view id, std::uint64_t number) {
  return storage::KeyBuilder(kChatTag).text(id).u64(number).take();
}

std::string chat_rules_key(std::string_view id) {
  return key_of(kRulesTag, id);
}
std::string chat_ban_key(std::string_view id, std::string_view user) {
  return storage::KeyBuilder(kBanTag).text(id).text(user).take();
}

std::string encode_session(const Session& session) {
  flatbuffers::FlatBufferBuilder builder;
  const auto title = builder.CreateString(session.title);
  const auto owner = builder.CreateString(session.owner);
  const auto hash_of = [&](const PublishKey& key) {
    return builder.CreateVector(key.hash.bytes.data(), key.hash.bytes.size());
  };
  const auto hash = hash_of(session.key);
  const auto backup = session.backup_key ? hash_of(*session.backup_key)
                                         : flatbuffers::Offset<flatbuffers::Vector<std::uint8_t>>();
  const auto& countries = session.viewing.countries;
  const auto codes = builder.CreateVectorOfStrings(countries.codes);
  const auto pull = session.pull_url.empty() ? flatbuffers::Offset<flatbuffers::String>()
                                             : builder.CreateString(session.pull_url);
  const auto asset = session.asset.empty() ? flatbuffers::Offset<flatbuffers::String>()
                                           : builder.CreateString(session.asset);
  builder.Finish(fbs::CreateLiveSessionRecord(
      builder, title, owner, static_cast<fbs::LiveState>(session.state), hash, session.created_ms,
      session.started_ms, session.ended_ms, session.views_per_account,
      static_cast<std::uint8_t>(session.viewing.access), static_cast<std::uint8_t>(countries.rule),
      codes, session.key.expires_ms, backup,
      session.backup_key ? session.backup_key->expires_ms : 0, pull,
      static_cast<std::uint8_t>(session.record), asset));
  return bytes_of(builder);
}

namespace {

template <class Bytes>
bool read_hash(const Bytes& from, KeyHash& to) {
  if (from.size() != to.bytes.size()) return false;
  std::copy(from.begin(), from.end(), to.bytes.begin());
  return true;
}

/// False when they are none that could have been written.
bool read_view_rules(const fbs::LiveSessionRecord& record, ViewRules& rules) {
  if (record.access() > static_cast<std::uint8_t>(ViewAccess::link) ||
      record.countries_rule() > static_cast<std::uint8_t>(Countries::Rule::deny))
    return false;
  rules.access = static_cast<ViewAccess>(record.access());
  const auto rule = static_cast<Countries::Rule>(record.countries_rule());
  if (rule == Countries::Rule::any) return true;
  if (record.countries() == nullptr) return false;
  rules.countries.rule = rule;
  for (const auto* code : *record.countries()) rules.countries.codes.push_back(code->str());
  return !rules.countries.codes.empty() && std::ranges::is_sorted(rules.countries.codes);
}

}  // namespace

std::optional<Session> decode_session(std::string_view id, std::string_view bytes) {
  const auto* record = verified<fbs::LiveSessionRecord>(bytes);
  Session session;
  if (record == nullptr || !read_hash(*record->key_hash(), session.key.hash) ||
      record->state() > fbs::LiveState::MAX ||
      record->record() > static_cast<std::uint8_t>(RecordMode::whole) ||
      !read_view_rules(*record, session.viewing)) {
    return std::nullopt;
  }
  session.key.expires_ms = record->key_expires_ms();
  if (record->backup_key_hash() != nullptr) {
    auto& backup = session.backup_key.emplace();
    if (!read_hash(*record->backup_key_hash(), backup.hash)) return std::nullopt;
    backup.expires_ms = record->backup_key_expires_ms();
  }
  if (record->pull_url() != nullptr) session.pull_url = record->pull_url()->str();
  session.record = static_cast<RecordMode>(record->record());
  if (record->asset() != nullptr) session.asset = record->asset()->str();
  session.id = id;
  session.title = record->title()->str();
  session.owner = record->owner()->str();
  session.state = static_cast<State>(record->state());
  session.created_ms = record->created_ms();
  session.started_ms = record->started_ms();
  session.ended_ms = record->ended_ms();
  session.views_per_account = record->views_per_account();
  return session;
}

namespace {

flatbuffers::Offset<fbs::LiveChatRecord> add_line(flatbuffers::FlatBufferBuilder& builder,
                                                  const ChatLine& line) {
  const auto user = builder.CreateString(line.user), name = builder.CreateString(line.name),
             text = builder.CreateString(line.text);
  return fbs::CreateLiveChatRecord(builder, user, name, text, line.time_ms,
                                   static_cast<std::uint8_t>(line.role));
}

std::optional<ChatLine> line_of(std::uint64_t number, const fbs::LiveChatRecord& record) {
  if (record.role() > static_cast<std::uint8_t>(ChatRole::owner)) return std::nullopt;
  return ChatLine{number,
                  record.user()->str(),
                  record.name()->str(),
                  record.text()->str(),
                  record.time_ms(),
                  static_cast<ChatRole>(record.role())};
}

template <class Strings>
std::vector<std::string> list_of(const Strings& strings) {
  std::vector<std::string> out;
  for (const auto* text : strings) out.push_back(text->str());
  return out;
}

}  // namespace

std::string encode_chat(const ChatLine& line) {
  flatbuffers::FlatBufferBuilder builder;
  builder.Finish(add_line(builder, line));
  return bytes_of(builder);
}

std::optional<ChatLine> decode_chat(std::uint64_t number, std::string_view bytes) {
  const auto* record = verified<fbs::LiveChatRecord>(bytes);
  return record == nullptr ? std::nullopt : line_of(number, *record);
}

std::string encode_chat_rules(const ChatRules& rules) {
  flatbuffers::FlatBufferBuilder builder;
  const auto words = builder.CreateVectorOfStrings(rules.words);
  const auto moderators = builder.CreateVectorOfStrings(rules.moderators);
  flatbuffers::Offset<fbs::LiveChatRecord> pinned;
  if (rules.pinned) pinned = add_line(builder, *rules.pinned);
  builder.Finish(fbs::CreateLiveChatRulesRecord(builder, rules.slow_mode_s, words, moderators,
                                                rules.pinned ? rules.pinned->number : 0, pinned,
                                                rules.last_number));
  return bytes_of(builder);
}

std::optional<ChatRules> decode_chat_rules(std::string_view bytes) {
  const auto* record = verified<fbs::LiveChatRulesRecord>(bytes);
  if (record == nullptr || record->slow_mode_s() > kMaxSlowModeS ||
      record->words()->size() > kMaxWords || record->moderators()->size() > kMaxModerators)
    return std::nullopt;
  ChatRules rules;
  rules.slow_mode_s = record->slow_mode_s();
  rules.last_number = record->last_number();
  rules.words = list_of(*record->words());
  rules.moderators = list_of(*record->moderators());
  if (record->pinned() == nullptr) return rules;
  rules.pinned = line_of(record->pinned_number(), *record->pinned());
  return rules.pinned ? std::optional(rules) : std::nullopt;
}

std::string encode_chat_ban(const ChatBan& ban) {
  flatbuffers::FlatBufferBuilder builder;
  const auto by = builder.CreateString(ban.by), reason = builder.CreateString(ban.reason);
  builder.Finish(fbs::CreateLiveChatBanRecord(builder, ban.until_ms, by, reason));
  return bytes_of(builder);
}

std::optional<ChatBan> decode_chat_ban(std::string_view user, std::string_view bytes) {
  const auto* record = verified<fbs::LiveChatBanRecord>(bytes);
  if (record == nullptr) return std::nullopt;
  return ChatBan{std::string(user), record->until_ms(), record->by()->str(),
                 record->reason()->str()};
}

void add_record_checks(storage::RecordChecks& checks) {
  add_cue_checks(checks);
  add_poll_checks(checks);
  add_asset_checks(checks);
  checks.add(storage::Family::live, kSessionTag, [](std::string_view key, std::string_view value) {
    storage::KeyReader reader(key, kSessionTag);
    const auto id = reader.text();
    return reader.at_end() && decode_session(id, value).has_value();
  });
  checks.add(storage::Family::live, kChatTag, [](std::string_view key, std::string_view value) {
    storage::KeyReader reader(key, kChatTag);
    static_cast<void>(reader.text());
    const auto number = reader.u64();
    return reader.at_end() && decode_chat(number, value).has_value();
  });
  checks.add(storage::Family::live, kRulesTag, [](std::string_view key, std::string_view value) {
    storage::KeyReader reader(key, kRulesTag);
    static_cast<void>(reader.text());
    return reader.at_end() && decode_chat_rules(value).has_value();
  });
  checks.add(storage::Family::live, kBanTag, [](std::string_view key, std::string_view value) {
    storage::KeyReader reader(key, kBanTag);
    static_cast<void>(reader.text());
    const auto user = reader.text();
    return reader.at_end() && decode_chat_ban(user, value).has_value();
  });
}

namespace {

Result<void> load_lines(const storage::Store& store, const std::string& id, std::size_t lines,
                        StoredChat& chat) {
  const auto begin = key_of(kChatTag, id);
  const auto seen =
      store.scan_reverse(storage::Family::live, begin, storage::prefix_end(begin), lines,
                         [&](std::string_view key, std::string_view value) {
                           storage::KeyReader reader(key, kChatTag);
                           static_cast<void>(reader.text());
                           const auto number = reader.u64();
                           if (auto line = decode_chat(number, value); line && reader.at_end())
                             chat.lines.push_front(std::move(*line));
                           return true;
                         });
  return seen.ok() ? Result<void>() : seen.error();
}

Result<void> load_rules(const storage::Store& store, const std::string& id, StoredChat& chat) {
  const auto bytes = store.get(storage::Family::live, chat_rules_key(id));
  if (!bytes.ok()) return bytes.error();
  if (bytes->has_value()) {
    auto rules = decode_chat_rules(**bytes);
    if (!rules) return error(ErrorCode::corrupt, "chat rules of live session " + id);
    chat.rules = std::move(*rules);
  }
  const auto begin = key_of(kBanTag, id);
  const auto seen =
      store.scan(storage::Family::live, begin, storage::prefix_end(begin), kMaxBans,
                 [&](std::string_view key, std::string_view value) {
                   storage::KeyReader reader(key, kBanTag);
                   static_cast<void>(reader.text());
                   const auto user = reader.text();
                   if (auto ban = decode_chat_ban(user, value); ban && reader.at_end())
                     chat.bans.push_back(std::move(*ban));
                   return true;
                 });
  return seen.ok() ? Result<void>() : seen.error();
}

}  // namespace

Result<std::optional<Session>> load_session(const storage::Store& store, const std::string& id) {
  const auto bytes = store.get(storage::Family::live, session_key(id));
  if (!bytes.ok()) return bytes.error();
  if (!bytes->has_value()) return std::optional<Session>();
  auto session = decode_session(id, **bytes);
  if (!session) return error(ErrorCode::corrupt, "live session " + id);
  return session;
}

Result<Stored> load(const storage::Store& store, const std::string& id, std::size_t chat_lines) {
  Stored stored;
  auto session = load_session(store, id);
  if (!session.ok()) return session.error();
  if (!*session) return stored;
  stored.session = std::move(*session);
  if (auto lines = load_lines(store, id, chat_lines, stored.chat); !lines.ok())
    return lines.error();
  if (auto rules = load_rules(store, id, stored.chat); !rules.ok()) return rules.error();
  auto polls = load_polls(store, id);
  if (!polls.ok()) return polls.error();
  stored.polls = std::move(*polls);
  return stored;
}

Result<std::vector<Session>> list(const storage::Store& store, const std::string& before,
                                  std::size_t limit) {
  std::vector<Session> sessions;
  const std::string begin(kSessionTag);
  const auto end = before.empty() ? storage::prefix_end(begin) : session_key(before);
  auto scanned = store.scan_reverse(
      storage::Family::live, begin, end, limit, [&](std::string_view key, std::string_view value) {
        storage::KeyReader reader(key, kSessionTag);
        const auto id = reader.text();
        if (auto session = decode_session(id, value); session && reader.at_end()) {
          sessions.push_back(std::move(*session));
        }
        return true;
      });
  if (!scanned.ok()) return scanned.error();
  return sessions;
}

void put(storage::Batch& batch, const Session& session, std::string_view type) {
  batch.put(storage::Family::live, session_key(session.id), encode_session(session));
  batch.append({"live/" + session.id, std::string(type),
                boost::json::serialize(boost::json::object{
                    {"id", session.id}, {"title", session.title}, {"owner", session.owner}})});
}

}  // namespace troupe::live
