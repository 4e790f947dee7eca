#include "tests/bench/peers/markers.hpp"

#include <cstring>

namespace troupe::bench {
namespace {

constexpr std::size_t kMinPicture = 64;
constexpr int kSlice = 1, kKeySlice = 5;  // nal_unit_type, H.264 table 7-1

std::uint64_t eight_bytes(const char* at) {
  std::uint64_t value = 0;
  std::memcpy(&value, at, sizeof value);
  return value;
}
std::uint16_t two_bytes(const char* at) {
  std::uint16_t value = 0;
  std::memcpy(&value, at, sizeof value);
  return value;
}

}  // namespace

Markers::Markers(std::string_view annexb) {
  constexpr std::string_view kStart("\0\0\1", 3);
  auto at = annexb.find(kStart);
  while (at != std::string_view::npos) {
    const auto next = annexb.find(kStart, at + kStart.size());
    auto nal = annexb.substr(at + kStart.size(), next == std::string_view::npos
                                                     ? std::string_view::npos
                                                     : next - at - kStart.size());
    while (!nal.empty() && nal.back() == '\0') nal.remove_suffix(1);  // of the next start code
    add(nal);
    at = next;
  }
}

void Markers::add(std::string_view nal) {
  if (nal.size() < kMinPicture) return;
  const int type = nal.front() & 0x1F;
  if (type != kSlice && type != kKeySlice) return;
  const char* marker = nal.data() + nal.size() - kBytes;
  if (!index_.try_emplace(eight_bytes(marker), static_cast<int>(key_.size())).second) return;
  first_two_.set(two_bytes(marker));
  key_.push_back(type == kKeySlice);
}

int Markers::find(const char* at) const {
  if (!first_two_[two_bytes(at)]) return -1;
  const auto it = index_.find(eight_bytes(at));
  return it == index_.end() ? -1 : it->second;
}

}  // namespace troupe::bench
