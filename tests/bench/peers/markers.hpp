// Recognises pictures of a known clip in any protocol that carries their bytes unchanged.
#pragma once

#include <bitset>
#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace troupe::bench {

/// The last bytes of each picture. RTMP, FLV and CMAF wrap NAL units but do not touch them, so that
/// the same search serves all servers.
class Markers {
 public:
  static constexpr std::size_t kBytes = 8;

  /// `annexb`: H.264 with start codes, one slice a picture. Pictures too small to be told apart are
  /// left out.
  explicit Markers(std::string_view annexb);

  [[nodiscard]] std::size_t size() const noexcept { return key_.size(); }
  [[nodiscard]] bool key(std::size_t index) const { return key_.at(index); }
  /// Of the picture whose last kBytes are at `at`; -1: none.
  [[nodiscard]] int find(const char* at) const;

 private:
  void add(std::string_view nal);
  std::bitset<65'536> first_two_;  ///< most positions of a stream are ruled out by these
  std::unordered_map<std::uint64_t, int> index_;
  std::vector<bool> key_;
};

/// Looks for markers in a stream that comes in portions.
class MarkerScanner {
 public:
  explicit MarkerScanner(const Markers& markers) : markers_(&markers) {}

  /// Calls `found(index)` for each picture that `bytes` complete.
  template <class F>
  void feed(std::string_view bytes, const F& found) {
    const auto kept = tail_.size();
    tail_.append(bytes.substr(0, Markers::kBytes - 1));
    scan(tail_, found);
    if (bytes.size() >= Markers::kBytes) scan(bytes, found);
    if (bytes.size() >= Markers::kBytes - 1) {
      tail_ = bytes.substr(bytes.size() - (Markers::kBytes - 1));
    } else if (kept + bytes.size() >= Markers::kBytes) {
      tail_.erase(0, tail_.size() - (Markers::kBytes - 1));
    }
  }

 private:
  template <class F>
  void scan(std::string_view bytes, const F& found) {
    for (std::size_t at = 0; at + Markers::kBytes <= bytes.size(); ++at) {
      if (const int index = markers_->find(bytes.data() + at); index >= 0) found(index);
    }
  }
  const Markers* markers_;
  std::string tail_;  ///< less than a marker, from the portion before
};

}  // namespace troupe::bench
