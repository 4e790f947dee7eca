#include "storage/records.hpp"

#include "schemas/storage_generated.h"
#include "storage/flatbuffer_record.hpp"

namespace troupe::storage {
std::string encode_event(const Event& event, std::uint64_t time_ms) {
  flatbuffers::FlatBufferBuilder builder(128 + event.payload.size());
  const auto entity = builder.CreateString(event.entity);
  const auto type = builder.CreateString(event.type);
  const auto payload = byte_vector(builder, event.payload);
  return finish_record(builder, fbs::CreateEventRecord(builder, entity, type, time_ms, payload));
}

std::optional<JournalEntry> decode_event(std::uint64_t offset, std::string_view bytes) {
  const auto* record = verified_record<fbs::EventRecord>(bytes);
  if (record == nullptr) return std::nullopt;
  return JournalEntry{offset, record->time_ms(), record->entity()->str(), record->type()->str(),
                      text_of(record->payload())};
}

std::string encode_remembered(std::string_view response, std::uint64_t expires_ms) {
  flatbuffers::FlatBufferBuilder builder(64 + response.size());
  const auto bytes = byte_vector(builder, response);
  return finish_record(builder, fbs::CreateIdempotencyRecord(builder, expires_ms, bytes));
}

std::optional<Remembered> decode_remembered(std::string_view bytes) {
  const auto* record = verified_record<fbs::IdempotencyRecord>(bytes);
  if (record == nullptr) return std::nullopt;
  return Remembered{record->expires_ms(), text_of(record->response())};
}

std::string encode_cursor(std::uint64_t next_offset) {
  flatbuffers::FlatBufferBuilder builder(32);
  return finish_record(builder, fbs::CreateCursorRecord(builder, next_offset));
}

std::optional<std::uint64_t> decode_cursor(std::string_view bytes) {
  const auto* record = verified_record<fbs::CursorRecord>(bytes);
  if (record == nullptr) return std::nullopt;
  return record->next_offset();
}

std::string encode_meta(std::uint64_t number, std::string_view text) {
  flatbuffers::FlatBufferBuilder builder(64);
  const auto string = builder.CreateString(text.data(), text.size());
  return finish_record(builder, fbs::CreateMetaRecord(builder, number, string));
}

std::optional<std::uint64_t> decode_meta_number(std::string_view bytes) {
  const auto* record = verified_record<fbs::MetaRecord>(bytes);
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
