// Captions of CEA-708 (CTA-708-E): the text that the windows of each service show. Pure.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

namespace troupe::media {

inline constexpr std::size_t kDtvccServices = 6;  ///< that broadcasters use

/// What a service shows from now on; empty text: nothing.
struct DtvccText {
  std::uint8_t service = 0;  ///< 1 to kDtvccServices
  std::string text;          ///< UTF-8, lines apart by '\n', windows from the top of the screen
};

/// Reads the packets inside `cc_data` triplets (section 5 to 8). Of the commands those that change
/// which text is on the screen are followed: windows, their cells, the pen's place, printing,
/// clearing, showing. Colours, edges, effects and justification are passed over, delays are not
/// waited for. Any bytes are fine as input; memory is bounded. Not thread-safe.
class DtvccReader {
 public:
  DtvccReader();
  ~DtvccReader();
  DtvccReader(DtvccReader&&) noexcept;

  /// The triplets of one picture (section 4.4), in the order of showing. What changed by them.
  std::vector<DtvccText> read(std::span<const std::uint8_t> triplets);

 private:
  class Service;

  void packet_done();
  void block(std::size_t service, std::span<const std::uint8_t> bytes);

  std::array<std::unique_ptr<Service>, kDtvccServices> services_;
  std::array<std::string, kDtvccServices> told_;
  std::vector<std::uint8_t> packet_;
  std::size_t packet_size_ = 0;  ///< 0: none is open
  int sequence_ = -1;            ///< of the last packet
};

}  // namespace troupe::media
