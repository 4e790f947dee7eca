#include "actors/live/live_store.hpp"

#include <algorithm>

#include <boost/json.hpp>

#include "schemas/live_generated.h"

namespace troupe::live {
namespace {

constexpr std::string_view kSessionTag = "session";
constexpr std::string_view kChatTag = "chat";

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

std::string encode_session(const Session& session) {
  flatbuffers::FlatBufferBuilder builder;
  const auto title = builder.CreateString(session.title);
  const auto owner = builder.CreateString(session.owner);
  const auto hash =
      builder.CreateVector(session.key_hash.bytes.data(), session.key_hash.bytes.size());
  builder.Finish(fbs::CreateLiveSessionRecord(
      builder, title, owner, static_cast<fbs::LiveState>(session.state), hash, session.created_ms,
      session.started_ms, session.ended_ms));
  return bytes_of(builder);
}

std::optional<Session> decode_session(std::string_view id, std::string_view bytes) {
  const auto* record = verified<fbs::LiveSessionRecord>(bytes);
  Session session;
  if (record == nullptr || record->key_hash()->size() != session.key_hash.bytes.size() ||
      record->state() > fbs::LiveState::MAX) {
    return std::nullopt;
  }
  session.id = id;
  session.title = record->title()->str();
  session.owner = record->owner()->str();
  session.state = static_cast<State>(record->state());
  std::copy(record->key_hash()->begin(), record->key_hash()->end(), session.key_hash.bytes.begin());
  session.created_ms = record->created_ms();
  session.started_ms = record->started_ms();
  session.ended_ms = record->ended_ms();
  return session;
}

std::string encode_chat(const ChatLine& line) {
  flatbuffers::FlatBufferBuilder builder;
  builder.Finish(fbs::CreateLiveChatRecord(builder, builder.CreateString(line.user),
                                           builder.CreateString(line.name),
                                           builder.CreateString(line.text), line.time_ms));
  return bytes_of(builder);
}

std::optional<ChatLine> decode_chat(std::uint64_t number, std::string_view bytes) {
  const auto* record = verified<fbs::LiveChatRecord>(bytes);
  if (record == nullptr) return std::nullopt;
  return ChatLine{number, record->user()->str(), record->name()->str(), record->text()->str(),
                  record->time_ms()};
}

void add_record_checks(storage::RecordChecks& checks) {
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
}

Result<Stored> load(const storage::Store& store, const std::string& id, std::size_t chat_lines) {
  Stored stored;
  auto bytes = store.get(storage::Family::live, session_key(id));
  if (!bytes.ok()) return bytes.error();
  if (!bytes->has_value()) return stored;
  stored.session = decode_session(id, **bytes);
  if (!stored.session) return error(ErrorCode::corrupt, "live session " + id);
  const auto begin = key_of(kChatTag, id);
  auto scanned =
      store.scan_reverse(storage::Family::live, begin, storage::prefix_end(begin), chat_lines,
                         [&](std::string_view key, std::string_view value) {
                           storage::KeyReader reader(key, kChatTag);
                           static_cast<void>(reader.text());
                           const auto number = reader.u64();
                           if (auto line = decode_chat(number, value); line && reader.at_end()) {
                             stored.chat.push_front(std::move(*line));
                           }
                           return true;
                         });
  if (!scanned.ok()) return scanned.error();
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
