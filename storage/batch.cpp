#include "storage/batch.hpp"

#include "storage/batch_impl.hpp"
#include "storage/records.hpp"

namespace troupe::storage {

Batch::Batch() : impl_(std::make_unique<Impl>()) {}
Batch::~Batch() = default;
Batch::Batch(Batch&&) noexcept = default;
Batch& Batch::operator=(Batch&&) noexcept = default;

void Batch::put(Family family, std::string_view key, std::string_view value) {
  impl_->bytes += key.size() + value.size();
  impl_->operations.push_back({Impl::Kind::put, family, std::string(key), std::string(value)});
}

void Batch::erase(Family family, std::string_view key) {
  impl_->bytes += key.size();
  impl_->operations.push_back({Impl::Kind::erase, family, std::string(key), {}});
}

void Batch::erase_range(Family family, std::string_view begin, std::string_view end) {
  impl_->bytes += begin.size() + end.size();
  impl_->operations.push_back(
      {Impl::Kind::erase_range, family, std::string(begin), std::string(end)});
}

void Batch::append(Event event) {
  impl_->bytes += event.entity.size() + event.type.size() + event.payload.size() + 32;
  impl_->events.push_back(std::move(event));
}

void Batch::remember(std::string_view scope, std::string_view key, std::string_view response,
                     std::uint64_t expires_ms) {
  put(Family::idempotency, idempotency_key(scope, key), encode_remembered(response, expires_ms));
}

void Batch::advance_cursor(std::string_view consumer, std::uint64_t next_offset) {
  put(Family::cursors, cursor_key(consumer), encode_cursor(next_offset));
}

bool Batch::empty() const noexcept {
  return impl_->operations.empty() && impl_->events.empty();
}
std::size_t Batch::bytes() const noexcept {
  return impl_->bytes;
}

}  // namespace troupe::storage
