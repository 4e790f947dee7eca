// Stored values are FlatBuffers: how every room turns a finished builder into a value and a value
// back into a verified root.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include <flatbuffers/flatbuffers.h>

namespace troupe::storage {

/// The root of `bytes`, pointing into them; nullptr when they fail verification.
template <class Record>
[[nodiscard]] const Record* verified_record(std::string_view bytes) {
  const auto* data = reinterpret_cast<const std::uint8_t*>(bytes.data());
  flatbuffers::Verifier verifier(data, bytes.size());
  return verifier.VerifyBuffer<Record>(nullptr) ? flatbuffers::GetRoot<Record>(data) : nullptr;
}

/// Finishes `builder` with `root` and copies its bytes out.
template <class Root>
[[nodiscard]] std::string finish_record(flatbuffers::FlatBufferBuilder& builder, Root root) {
  builder.Finish(root);
  return {reinterpret_cast<const char*>(builder.GetBufferPointer()), builder.GetSize()};
}

/// `bytes` as a `[ubyte]` field.
[[nodiscard]] inline flatbuffers::Offset<flatbuffers::Vector<std::uint8_t>> byte_vector(
    flatbuffers::FlatBufferBuilder& builder, std::string_view bytes) {
  return builder.CreateVector(reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size());
}

/// A `[ubyte]` field as text; empty when the field is absent.
[[nodiscard]] inline std::string text_of(const flatbuffers::Vector<std::uint8_t>* bytes) {
  return bytes == nullptr
             ? std::string()
             : std::string(reinterpret_cast<const char*>(bytes->data()), bytes->size());
}

/// A string field as text; empty when the field is absent.
[[nodiscard]] inline std::string text_of(const flatbuffers::String* text) {
  return text == nullptr ? std::string() : text->str();
}

}  // namespace troupe::storage
