// A batch: state changes and the journal events that describe them, committed together or not at
// all.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "storage/keys.hpp"

namespace troupe::storage {

/// An event to be appended to the journal. Types follow CloudEvents naming:
/// "troupe.feed.post.created.v1".
struct Event {
  std::string entity;  ///< "<kind>/<id>": events of one entity are read in the order in which they
                       ///< were committed.
  std::string type;
  std::string payload;  ///< FlatBuffers or JSON bytes, as the type's documentation says.
};

/// Collects writes. Move it into Writer::submit. Not thread-safe; build it on the actor that owns
/// the state.
class Batch {
 public:
  Batch();
  ~Batch();
  Batch(Batch&&) noexcept;
  Batch& operator=(Batch&&) noexcept;

  void put(Family family, std::string_view key, std::string_view value);
  void erase(Family family, std::string_view key);
  /// Erases [begin, end).
  void erase_range(Family family, std::string_view begin, std::string_view end);
  void append(Event event);
  /// Remembers `response` under (scope, key) until `expires_ms` (Unix), so that a repeated request
  /// gets the same answer.
  void remember(std::string_view scope, std::string_view key, std::string_view response,
                std::uint64_t expires_ms);
  /// Moves a consumer's cursor: atomically with the consumer's own writes, which makes it
  /// exactly-once.
  void advance_cursor(std::string_view consumer, std::uint64_t next_offset);

  [[nodiscard]] bool empty() const noexcept;
  [[nodiscard]] std::size_t bytes() const noexcept;

  struct Impl;
  [[nodiscard]] Impl& impl() noexcept { return *impl_; }

 private:
  std::unique_ptr<Impl> impl_;
};

}  // namespace troupe::storage
