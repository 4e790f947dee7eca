// Keys and records of live sessions, both ways.
#pragma once

#include <deque>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "actors/live/chat_desk.hpp"
#include "actors/live/polls.hpp"
#include "actors/live/session.hpp"
#include "base/result.hpp"
#include "storage/batch.hpp"
#include "storage/store.hpp"
#include "storage/verify.hpp"

namespace troupe::live {

[[nodiscard]] std::string session_key(std::string_view id);
[[nodiscard]] std::string chat_key(std::string_view id, std::uint64_t number);
[[nodiscard]] std::string chat_rules_key(std::string_view id);
[[nodiscard]] std::string chat_ban_key(std::string_view id, std::string_view user);

[[nodiscard]] std::string encode_session(const Session& session);
/// Nothing when the bytes fail verification.
[[nodiscard]] std::optional<Session> decode_session(std::string_view id, std::string_view bytes);
[[nodiscard]] std::string encode_chat(const ChatLine& line);
[[nodiscard]] std::optional<ChatLine> decode_chat(std::uint64_t number, std::string_view bytes);
[[nodiscard]] std::string encode_chat_rules(const ChatRules& rules);
[[nodiscard]] std::optional<ChatRules> decode_chat_rules(std::string_view bytes);
[[nodiscard]] std::string encode_chat_ban(const ChatBan& ban);
[[nodiscard]] std::optional<ChatBan> decode_chat_ban(std::string_view user, std::string_view bytes);

/// Adds the checks of family `live`, for `troupe verify`.
void add_record_checks(storage::RecordChecks& checks);

/// The session alone; nothing when there is none. Blocks. Errors: corrupt, io.
[[nodiscard]] Result<std::optional<Session>> load_session(const storage::Store& store,
                                                          const std::string& id);
/// The session with its polls and its chat, of that the last `chat_lines`; nothing when there is
/// none. Blocks: call from ReadPool.
struct Stored {
  std::optional<Session> session;
  StoredChat chat;
  StoredPolls polls;
};
[[nodiscard]] Result<Stored> load(const storage::Store& store, const std::string& id,
                                  std::size_t chat_lines);

/// Up to `limit` sessions with ids below `before` (empty: all), newest first. Blocks.
[[nodiscard]] Result<std::vector<Session>> list(const storage::Store& store,
                                                const std::string& before, std::size_t limit);

/// Writes the session and an event of `type` ("troupe.live.session.started.v1") with a JSON payload
/// {id, title, owner}.
void put(storage::Batch& batch, const Session& session, std::string_view type);

}  // namespace troupe::live
