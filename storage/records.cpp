#include "storage/records.hpp"

#include "schemas/storage_generated.h"

namespace troupe::storage {
namespace {

template <class Record>
const Record* verified(std::string_view bytes) {
  flatbuffers::Verifier verifier(reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size());
  return verifier.VerifyBuffer<Record>(nullptr)
             ? flatbuffers::GetRoot<Record>(reinterpret_cast<const std::uint8_t*>(bytes.data()))
             : nullptr;
}

template <class Offset>
std::string finish(flatbuffers::FlatBufferBuilder& builder, Offset root) {
  builder.Finish(root);
  return {reinterpret_cast<const char*>(builder.GetBufferPointer()), builder.GetSize()};
}

auto byte_vector(flatbuffers::FlatBufferBuilder& builder, std::string_view bytes) {
  return builder.CreateVector(reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size());
}

std::string text_of(const flatbuffers::Vector<std::uint8_t>* bytes) {
  return bytes == nullptr
             ? std::string()
             : std::string(reinterpret_cast<const char*>(bytes->data()), bytes->size());
}

}  // namespace

std::string encode_event(const Event& event, std::uint64_t time_ms) {
  flatbuffers::FlatBufferBuilder builder(128 + event.payload.size());
  const auto entity = builder.CreateString(event.entity);
  const auto type = builder.CreateString(event.type);
  const auto payload = byte_vector(builder, event.payload);
  return finish(builder, fbs::CreateEventRecord(builder, entity, type, time_ms, payload));
}

std::optional<JournalEntry> decode_event(std::uint64_t offset, std::string_view bytes) {
  const auto* record = verified<fbs::EventRecord>(bytes);
  if (record == nullptr) return std::nullopt;
  return JournalEntry{offset, record->time_ms(), record->entity()->str(), record->type()->str(),
                      text_of(record->payload())};
}

std::string encode_remembered(std::string_view response, std::uint64_t expires_ms) {
  flatbuffers::FlatBufferBuilder builder(64 + response.size());
  const auto bytes = byte_vector(builder, response);
  return finish(builder, fbs::CreateIdempotencyRecord(builder, expires_ms, bytes));
}

std::optional<Remembered> decode_remembered(std::string_view bytes) {
  const auto* record = verified<fbs::IdempotencyRecord>(bytes);
  if (record == nullptr) return std::nullopt;
  return Remembered{record->expires_ms(), text_of(record->response())};
}

std::string encode_cursor(std::uint64_t next_offset) {
  flatbuffers::FlatBufferBuilder builder(32);
  return finish(builder, fbs::CreateCursorRecord(builder, next_offset));
}

std::optional<std::uint64_t> decode_cursor(std::string_view bytes) {
  const auto* record = verified<fbs::CursorRecord>(bytes);
  if (record == nullptr) return std::nullopt;
  return record->next_offset();
}

std::string encode_meta(std::uint64_t number, std::string_view text) {
  flatbuffers::FlatBufferBuilder builder(64);
  const auto string = builder.CreateString(text.data(), text.size());
  return finish(builder, fbs::CreateMetaRecord(builder, number, string));
}

std::optional<std::uint64_t> decode_meta_number(std::string_view bytes) {
  const auto* record = verified<fbs::MetaRecord>(bytes);
  if (record == nullptr) return std::nullopt;
  return record->number();
}

std::string idempotency_key(std::string_view scope, std::string_view key) {
  return KeyBuilder("i").text(scope).text(key).take();
}

std::string cursor_key(std::string_view consumer) {
  return KeyBuilder("c").text(consumer).take();
}

std::string journal_key(std::uint64_t offset) {
  std::string key(8, '\0');
  for (std::size_t i = 0; i < 8; ++i) key[i] = static_cast<char>((offset >> (56 - 8 * i)) & 0xff);
  return key;
}

std::optional<std::uint64_t> journal_offset(std::string_view key) noexcept {
  if (key.size() != 8) return std::nullopt;
  std::uint64_t offset = 0;
  for (const char c : key) offset = (offset << 8) | static_cast<unsigned char>(c);
  return offset;
}

}  // namespace troupe::storage
