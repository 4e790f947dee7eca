#include "actors/live/cue_store.hpp"

#include "schemas/live_generated.h"
#include "storage/keys.hpp"

namespace troupe::live {
namespace {

constexpr std::string_view kCueTag = "cue";
constexpr std::size_t kPage = 1'000;

}  // namespace

std::string cue_key(std::string_view session, std::uint64_t number) {
  return storage::KeyBuilder(kCueTag).text(session).u64(number).take();
}

std::string encode_cue(const DueCue& cue) {
  flatbuffers::FlatBufferBuilder builder;
  const auto scheme = builder.CreateString(cue.scheme);
  const auto payload = builder.CreateString(cue.payload);
  builder.Finish(fbs::CreateLiveCueRecord(builder, cue.due_us, scheme, payload));
  return {reinterpret_cast<const char*>(builder.GetBufferPointer()), builder.GetSize()};
}

std::optional<DueCue> decode_cue(std::uint64_t number, std::string_view bytes) {
  const auto* data = reinterpret_cast<const std::uint8_t*>(bytes.data());
  flatbuffers::Verifier verifier(data, bytes.size());
  if (!verifier.VerifyBuffer<fbs::LiveCueRecord>(nullptr)) return std::nullopt;
  const auto* record = flatbuffers::GetRoot<fbs::LiveCueRecord>(data);
  return DueCue{number, record->due_us(), record->scheme()->str(), record->payload()->str()};
}

void add_cue_checks(storage::RecordChecks& checks) {
  checks.add(storage::Family::live, kCueTag, [](std::string_view key, std::string_view value) {
    storage::KeyReader reader(key, kCueTag);
    static_cast<void>(reader.text());
    const auto number = reader.u64();
    return reader.at_end() && decode_cue(number, value).has_value();
  });
}

Result<std::vector<std::pair<std::string, DueCue>>> load_cues(const storage::Store& store) {
  std::vector<std::pair<std::string, DueCue>> out;
  auto begin = storage::KeyBuilder(kCueTag).take();
  const auto end = storage::prefix_end(begin);
  while (true) {
    std::size_t seen = 0;
    auto scanned = store.scan(storage::Family::live, begin, end, kPage,
                              [&](std::string_view key, std::string_view value) {
                                ++seen;
                                storage::KeyReader reader(key, kCueTag);
                                auto session = reader.text();
                                const auto number = reader.u64();
                                if (auto cue = decode_cue(number, value); cue && reader.at_end())
                                  out.emplace_back(std::move(session), std::move(*cue));
                                begin = std::string(key) + '\0';
                                return true;
                              });
    if (!scanned.ok()) return scanned.error();
    if (seen < kPage) return out;
  }
}

}  // namespace troupe::live
