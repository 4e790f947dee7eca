#include "media/captions/dtvcc.hpp"

#include <algorithm>
#include <optional>

namespace troupe::media {
namespace {

using Bytes = std::span<const std::uint8_t>;

// Section 7.1.4 and 8.4: what a decoder has room for.
constexpr std::size_t kWindows = 8, kMaxRows = 16, kMaxColumns = 42;
constexpr std::size_t kMaxPacket = 128;

void append_utf8(std::string& out, char32_t c) {
  if (c < 0x80) {
    out += static_cast<char>(c);
  } else if (c < 0x800) {
    out += static_cast<char>(0xC0 | c >> 6);
    out += static_cast<char>(0x80 | (c & 0x3F));
  } else {
    out += static_cast<char>(0xE0 | c >> 12);
    out += static_cast<char>(0x80 | (c >> 6 & 0x3F));
    out += static_cast<char>(0x80 | (c & 0x3F));
  }
}

/// Table 14 (G2): characters beside those of Latin-1; what is not in it is an underscore.
char32_t g2(std::uint8_t code) {
  switch (code) {
    case 0x20:
    case 0x21:
      return U' ';  // transparent, not breaking
    case 0x25:
      return U'\u2026';
    case 0x2A:
      return U'\u0160';
    case 0x2C:
      return U'\u0152';
    case 0x30:
      return U'\u2588';
    case 0x31:
      return U'\u2018';
    case 0x32:
      return U'\u2019';
    case 0x33:
      return U'\u201C';
    case 0x34:
      return U'\u201D';
    case 0x35:
      return U'\u2022';
    case 0x39:
      return U'\u2122';
    case 0x3A:
      return U'\u0161';
    case 0x3C:
      return U'\u0153';
    case 0x3D:
      return U'\u2120';
    case 0x3F:
      return U'\u0178';
    case 0x76:
      return U'\u215B';
    case 0x77:
      return U'\u215C';
    case 0x78:
      return U'\u215D';
    case 0x79:
      return U'\u215E';
    case 0x7A:
      return U'\u2502';
    case 0x7B:
      return U'\u2510';
    case 0x7C:
      return U'\u2514';
    case 0x7D:
      return U'\u2500';
    case 0x7E:
      return U'\u2518';
    case 0x7F:
      return U'\u250C';
    default:
      return U'_';
  }
}

/// Text of a window: cells that are 0 hold nothing.
struct Window {
  bool defined = false, visible = false;
  std::size_t rows = 0, columns = 0, row = 0, column = 0;
  int top = 0;  ///< about where it stands: from 0 at the top of the screen to 74 or 99
  std::array<std::array<char32_t, kMaxColumns>, kMaxRows> cells{};

  void clear() { cells = {}; }

  void define(std::size_t new_rows, std::size_t new_columns) {
    // The text of a window that is defined again as it was stays (section 8.10.5.2).
    if (!defined) {
      clear();
      row = column = 0;
    }
    defined = true;
    rows = new_rows;
    columns = new_columns;
    row = std::min(row, rows - 1);
    column = std::min(column, columns);
  }

  void put(char32_t c) {
    if (column < columns) cells[row][column++] = c;
  }

  void return_carriage() {
    column = 0;
    if (row + 1 < rows) {
      ++row;
      return;
    }
    std::rotate(cells.begin(), cells.begin() + 1,
                cells.begin() + static_cast<std::ptrdiff_t>(rows));
    cells[rows - 1] = {};
  }

  void backspace() {
    if (column > 0) cells[row][--column] = 0;
  }

  void append_text(std::string& out) const {
    for (std::size_t i = 0; i < rows; ++i) {
      const auto& line = cells[i];
      const auto blank = [](char32_t c) { return c == 0 || c == U' '; };
      const auto begin = std::find_if_not(line.begin(), line.end(), blank);
      if (begin == line.end()) continue;
      const auto end = std::find_if_not(line.rbegin(), line.rend(), blank).base();
      if (!out.empty()) out += '\n';
      for (auto c = begin; c != end; ++c) append_utf8(out, *c == 0 ? U' ' : *c);
    }
  }
};

}  // namespace

/// A service's windows, and the commands that came in it.
class DtvccReader::Service {
 public:
  /// Commands and text of one service block; what is cut off at its end is lost.
  void run(Bytes bytes) {
    while (!bytes.empty()) {
      const auto used = one(bytes);
      bytes = bytes.subspan(std::min(used, bytes.size()));
    }
  }

  [[nodiscard]] std::string text() const {
    std::vector<const Window*> shown;
    for (const auto& window : windows_)
      if (window.defined && window.visible) shown.push_back(&window);
    std::ranges::stable_sort(shown, {}, &Window::top);
    std::string out;
    for (const auto* window : shown) window->append_text(out);
    return out;
  }

  void reset() {
    windows_ = {};
    current_.reset();
  }

 private:
  /// Bytes that the first command takes (section 7.1.4: code groups).
  std::size_t one(Bytes bytes) {
    const auto code = bytes[0];
    if (code == 0x10) return extended(bytes.subspan(1)) + 1;
    if (code < 0x20) return c0(code);
    if (code < 0x80) return put(code == 0x7F ? U'\u266A' : code), 1;
    if (code < 0xA0) return c1(bytes);
    return put(code), 1;  // G1: Latin-1
  }

  std::size_t c0(std::uint8_t code) {
    if (auto* window = current()) {
      if (code == 0x08) window->backspace();
      if (code == 0x0C) {
        window->clear();
        window->row = window->column = 0;
      }
      if (code == 0x0D) window->return_carriage();
      if (code == 0x0E) {
        window->cells[window->row] = {};
        window->column = 0;
      }
    }
    // Lengths by groups (section 7.1.4.1).
    return code < 0x10 ? 1 : code < 0x18 ? 2 : 3;
  }

  /// After EXT1; the bytes that it takes.
  std::size_t extended(Bytes bytes) {
    if (bytes.empty()) return 0;
    const auto code = bytes[0];
    if (code < 0x20) return 1 + code / 8;  // C2
    if (code < 0x80) return put(g2(code)), 1;
    if (code < 0x88) return 5;  // C3: of fixed length
    if (code < 0x90) return 6;
    if (code < 0xA0) return bytes.size() < 2 ? 1 : 2 + (bytes[1] & 0x1FU);
    return put(code == 0xA0 ? U'\u24B8' : U'_'), 1;  // G3: the sign of captions
  }

  std::size_t c1(Bytes bytes) {
    const auto code = bytes[0];
    const auto argument = [&](std::size_t i) { return i < bytes.size() ? bytes[i] : 0U; };
    const bool whole = bytes.size() >= c1_length(code);
    if (code < 0x88) {
      if (windows_[code - 0x80U].defined) current_ = code - 0x80U;
      return 1;
    }
    if (!whole) return bytes.size();
    const auto each = [&](auto change) {
      for (std::size_t i = 0; i < kWindows; ++i)
        if ((argument(1) >> i & 1U) != 0) change(windows_[i]);
    };
    if (code == 0x88) each([](Window& w) { w.clear(); });  // the pen stays
    if (code == 0x89) each([](Window& w) { w.visible = true; });
    if (code == 0x8A) each([](Window& w) { w.visible = false; });
    if (code == 0x8B) each([](Window& w) { w.visible = !w.visible; });
    if (code == 0x8C) each([](Window& w) { w = {}; });
    if (code == 0x8F) reset();
    if (code == 0x92) place_pen(argument(1) & 0x0FU, argument(2) & 0x3FU);
    if (code >= 0x98) define(code - 0x98U, bytes);
    return c1_length(code);
  }

  static std::size_t c1_length(std::uint8_t code) {
    if (code <= 0x87 || code == 0x8E || code == 0x8F) return 1;
    if (code <= 0x8D) return 2;
    switch (code) {
      case 0x90:
      case 0x92:
        return 3;
      case 0x91:
        return 4;
      case 0x97:
        return 5;
      default:
        return code >= 0x98 ? 7 : 1;  // 0x93 to 0x96 are reserved
    }
  }

  /// DefineWindow (section 8.10.5.2).
  void define(std::size_t index, Bytes bytes) {
    auto& window = windows_[index];
    window.define((bytes[4] & 0x0FU) + 1U,
                  std::min<std::size_t>((bytes[5] & 0x3FU) + 1U, kMaxColumns));
    window.visible = (bytes[1] & 0x20U) != 0;
    const int anchor = bytes[2] & 0x7F, rows = static_cast<int>(window.rows);
    // Relative places are percents, others 75 lines; the anchor's point is left, middle or right of
    // the window's top, middle or bottom.
    const int scale = (bytes[2] & 0x80U) != 0 ? 100 : 75;
    const int point = bytes[4] >> 4;
    const int above = point < 3 ? 0 : point < 6 ? rows / 2 : rows;
    window.top = anchor * 75 / scale - above * 5;
    current_ = index;
  }

  void place_pen(std::size_t row, std::size_t column) {
    auto* window = current();
    if (window == nullptr) return;
    window->row = std::min(row, window->rows - 1);
    window->column = std::min(column, window->columns);
  }

  void put(char32_t c) {
    if (auto* window = current()) window->put(c);
  }

  Window* current() {
    return current_ && windows_[*current_].defined ? &windows_[*current_] : nullptr;
  }

  std::array<Window, kWindows> windows_{};
  std::optional<std::size_t> current_;
};

DtvccReader::DtvccReader() = default;
DtvccReader::~DtvccReader() = default;
DtvccReader::DtvccReader(DtvccReader&&) noexcept = default;

std::vector<DtvccText> DtvccReader::read(Bytes triplets) {
  constexpr std::uint8_t kValid = 4, kType = 3, kStart = 3, kData = 2;
  for (std::size_t at = 0; at + 3 <= triplets.size(); at += 3) {
    const auto type = triplets[at] & kType;
    if ((triplets[at] & kValid) == 0 || type < kData) continue;
    if (type == kStart) {
      packet_done();
      // Section 5: packet_size_code 0 stands for 128.
      const auto code = triplets[at + 1] & 0x3FU;
      packet_size_ = code == 0 ? kMaxPacket : 2 * code;
      packet_.clear();
    } else if (packet_size_ == 0) {
      continue;
    }
    packet_.push_back(triplets[at + 1]);
    packet_.push_back(triplets[at + 2]);
    if (packet_.size() >= packet_size_) packet_done();
  }
  std::vector<DtvccText> out;
  for (std::size_t i = 0; i < kDtvccServices; ++i) {
    if (!services_[i]) continue;
    auto text = services_[i]->text();
    if (text == told_[i]) continue;
    told_[i] = text;
    out.push_back({static_cast<std::uint8_t>(i + 1), std::move(text)});
  }
  return out;
}

void DtvccReader::packet_done() {
  if (packet_size_ == 0) return;
  const bool whole = packet_.size() >= packet_size_;
  packet_size_ = 0;
  if (!whole || packet_.empty()) return;
  const int sequence = packet_[0] >> 6;
  // After a loss nobody knows what is on the screen (section 8.11).
  if (sequence_ >= 0 && sequence != (sequence_ + 1) % 4)
    for (auto& service : services_)
      if (service) service->reset();
  sequence_ = sequence;
  Bytes bytes(packet_);
  bytes = bytes.subspan(1);
  while (!bytes.empty()) {
    // Section 6.2: service block headers.
    std::size_t service = bytes[0] >> 5;
    const std::size_t size = bytes[0] & 0x1FU;
    bytes = bytes.subspan(1);
    if (service == 0) return;
    if (service == 7) {
      if (bytes.empty()) return;
      service = bytes[0] & 0x3FU;
      bytes = bytes.subspan(1);
    }
    if (size > bytes.size()) return;
    if (service >= 1 && service <= kDtvccServices) block(service - 1, bytes.first(size));
    bytes = bytes.subspan(size);
  }
}

void DtvccReader::block(std::size_t service, Bytes bytes) {
  if (!services_[service]) services_[service] = std::make_unique<Service>();
  services_[service]->run(bytes);
}

}  // namespace troupe::media
