#include "actors/live/poll_store.hpp"

#include <algorithm>

#include "schemas/live_generated.h"

namespace troupe::live {
namespace {

constexpr std::string_view kPollTag = "poll";
constexpr std::string_view kVoteTag = "pollvote";

}  // namespace

std::string poll_key(std::string_view id, std::uint64_t number) {
  return storage::KeyBuilder(kPollTag).text(id).u64(number).take();
}
std::string poll_votes_prefix(std::string_view id, std::uint64_t number) {
  return storage::KeyBuilder(kVoteTag).text(id).u64(number).take();
}
std::string poll_vote_key(std::string_view id, std::uint64_t number, std::string_view user) {
  return storage::KeyBuilder(kVoteTag).text(id).u64(number).text(user).take();
}

std::string encode_poll(const Poll& poll) {
  flatbuffers::FlatBufferBuilder builder;
  const auto question = builder.CreateString(poll.question), by = builder.CreateString(poll.by);
  const auto options = builder.CreateVectorOfStrings(poll.options);
  const auto votes = builder.CreateVector(poll.votes);
  builder.Finish(fbs::CreateLivePollRecord(builder, question, options, by, poll.opened_ms,
                                           poll.closes_ms, poll.closed_ms, votes));
  return {reinterpret_cast<const char*>(builder.GetBufferPointer()), builder.GetSize()};
}

std::optional<Poll> decode_poll(std::uint64_t number, std::string_view bytes) {
  const auto* data = reinterpret_cast<const std::uint8_t*>(bytes.data());
  flatbuffers::Verifier verifier(data, bytes.size());
  if (!verifier.VerifyBuffer<fbs::LivePollRecord>(nullptr)) return std::nullopt;
  const auto* record = flatbuffers::GetRoot<fbs::LivePollRecord>(data);
  const auto options = record->options()->size();
  if (options < kMinOptions || options > kMaxOptions || record->votes()->size() != options)
    return std::nullopt;
  Poll poll;
  poll.number = number;
  poll.question = record->question()->str();
  for (const auto* option : *record->options()) poll.options.push_back(option->str());
  poll.by = record->by()->str();
  poll.opened_ms = record->opened_ms();
  poll.closes_ms = record->closes_ms();
  poll.closed_ms = record->closed_ms();
  poll.votes.assign(record->votes()->begin(), record->votes()->end());
  return poll;
}

void add_poll_checks(storage::RecordChecks& checks) {
  checks.add(storage::Family::live, kPollTag, [](std::string_view key, std::string_view value) {
    storage::KeyReader reader(key, kPollTag);
    static_cast<void>(reader.text());
    const auto number = reader.u64();
    return reader.at_end() && decode_poll(number, value).has_value();
  });
  checks.add(storage::Family::live, kVoteTag, [](std::string_view key, std::string_view value) {
    storage::KeyReader reader(key, kVoteTag);
    static_cast<void>(reader.text());
    static_cast<void>(reader.u64());
    static_cast<void>(reader.text());
    return reader.at_end() && value.size() == 1 &&
           static_cast<std::uint8_t>(value.front()) < kMaxOptions;
  });
}

Result<StoredPolls> load_polls(const storage::Store& store, const std::string& id) {
  StoredPolls stored;
  const auto begin = storage::KeyBuilder(kPollTag).text(id).take();
  const auto polls =
      store.scan_reverse(storage::Family::live, begin, storage::prefix_end(begin), kKeptPolls,
                         [&](std::string_view key, std::string_view value) {
                           storage::KeyReader reader(key, kPollTag);
                           static_cast<void>(reader.text());
                           const auto number = reader.u64();
                           if (auto poll = decode_poll(number, value); poll && reader.at_end())
                             stored.polls.push_front(std::move(*poll));
                           return true;
                         });
  if (!polls.ok()) return polls.error();
  if (stored.polls.empty() || !stored.polls.back().open()) return stored;
  const auto prefix = poll_votes_prefix(id, stored.polls.back().number);
  const auto votes = store.scan(storage::Family::live, prefix, storage::prefix_end(prefix),
                                kMaxVotes, [&](std::string_view key, std::string_view value) {
                                  storage::KeyReader reader(key, kVoteTag);
                                  static_cast<void>(reader.text());
                                  static_cast<void>(reader.u64());
                                  const auto user = reader.text();
                                  if (reader.at_end() && value.size() == 1)
                                    stored.votes[user] = static_cast<std::uint8_t>(value.front());
                                  return true;
                                });
  if (!votes.ok()) return votes.error();
  return stored;
}

}  // namespace troupe::live
