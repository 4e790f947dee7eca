// Keys and records of polls, both ways.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "actors/live/polls.hpp"
#include "base/result.hpp"
#include "storage/store.hpp"
#include "storage/verify.hpp"

namespace troupe::live {

[[nodiscard]] std::string poll_key(std::string_view id, std::uint64_t number);
[[nodiscard]] std::string poll_vote_key(std::string_view id, std::uint64_t number,
                                        std::string_view user);
/// Of all votes of that poll.
[[nodiscard]] std::string poll_votes_prefix(std::string_view id, std::uint64_t number);

/// The votes of an open poll are in records of their own.
[[nodiscard]] std::string encode_poll(const Poll& poll);
/// Nothing when the bytes fail verification.
[[nodiscard]] std::optional<Poll> decode_poll(std::uint64_t number, std::string_view bytes);

void add_poll_checks(storage::RecordChecks& checks);

/// The session's last kKeptPolls. Blocks: call from ReadPool.
[[nodiscard]] Result<StoredPolls> load_polls(const storage::Store& store, const std::string& id);

}  // namespace troupe::live
