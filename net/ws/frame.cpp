#include "net/ws/frame.hpp"

#include <algorithm>

namespace troupe::ws {
namespace {

constexpr std::uint16_t kProtocolError = 1002, kNoStatus = 1005, kInvalidData = 1007,
                        kTooBig = 1009;
constexpr std::size_t kMaxControlBytes = 125;  // section 5.5

bool is_control(Opcode opcode) {
  return static_cast<unsigned>(opcode) >= 8;
}

/// Section 7.4: codes that an endpoint may send.
bool is_valid_close_code(unsigned code) {
  if (code >= 3000 && code <= 4999) return true;
  return code >= 1000 && code <= 1014 && code != 1004 && code != 1005 && code != 1006;
}

}  // namespace

std::string encode_frame(Opcode opcode, std::string_view payload) {
  std::string out;
  out.reserve(payload.size() + 10);
  out.push_back(static_cast<char>(0x80U | static_cast<unsigned>(opcode)));
  const std::uint64_t size = payload.size();
  if (size < 126) {
    out.push_back(static_cast<char>(size));
  } else {
    const int bytes = size <= 0xffff ? 2 : 8;
    out.push_back(static_cast<char>(bytes == 2 ? 126 : 127));
    for (int shift = (bytes - 1) * 8; shift >= 0; shift -= 8)
      out.push_back(static_cast<char>((size >> shift) & 0xff));
  }
  out.append(payload);
  return out;
}

std::string close_payload(std::uint16_t code, std::string_view reason) {
  std::string out{static_cast<char>(code >> 8), static_cast<char>(code & 0xff)};
  auto size = std::min(reason.size(), kMaxControlBytes - 2);
  while (size > 0 && size < reason.size() &&
         (static_cast<unsigned char>(reason[size]) & 0xc0U) == 0x80U)
    --size;
  out.append(reason.substr(0, size));
  return out;
}

bool is_valid_utf8(std::string_view text) noexcept {
  for (std::size_t i = 0; i < text.size();) {
    const auto lead = static_cast<unsigned char>(text[i]);
    if (lead < 0x80) {
      ++i;
      continue;
    }
    const std::size_t length = lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : 2;
    if (lead < 0xc2 || lead > 0xf4 || i + length > text.size()) return false;
    std::uint32_t point = lead & (0x7fU >> length);
    for (std::size_t k = 1; k < length; ++k) {
      const auto next = static_cast<unsigned char>(text[i + k]);
      if ((next & 0xc0U) != 0x80U) return false;
      point = (point << 6) | (next & 0x3fU);
    }
    const bool overlong = (length == 3 && point < 0x800) || (length == 4 && point < 0x10000);
    if (overlong || point > 0x10ffff || (point >= 0xd800 && point <= 0xdfff)) return false;
    i += length;
  }
  return true;
}

std::uint16_t FrameParser::read_header(std::string_view& bytes) {
  while (!bytes.empty()) {
    std::size_t need = 2;
    if (header_.size() >= 2) {
      const auto length = static_cast<unsigned char>(header_[1]) & 0x7fU;
      need = 2 + (length == 126 ? 2U : length == 127 ? 8U : 0U) + 4;
    }
    if (header_.size() < need) {
      const auto take = std::min(need - header_.size(), bytes.size());
      header_.append(bytes.substr(0, take));
      bytes.remove_prefix(take);
    }
    if (header_.size() < 2) return 0;
    if (const auto bad = check_header(); bad != 0) return bad;
    const auto length = static_cast<unsigned char>(header_[1]) & 0x7fU;
    const std::size_t extended = length == 126 ? 2 : length == 127 ? 8 : 0;
    if (header_.size() < 2 + extended + 4) continue;
    left_ = length;
    if (extended != 0) {
      left_ = 0;
      for (std::size_t i = 0; i < extended; ++i)
        left_ = (left_ << 8) | static_cast<unsigned char>(header_[2 + i]);
    }
    // Section 5.2: the shortest form, and a top bit of 0.
    if ((extended == 2 && left_ < 126) ||
        (extended == 8 && (left_ <= 0xffff || (left_ >> 63) != 0)))
      return kProtocolError;
    std::copy_n(header_.data() + 2 + extended, 4, mask_);
    mask_at_ = 0;
    final_ = (static_cast<unsigned char>(header_[0]) & 0x80U) != 0;
    opcode_ = static_cast<Opcode>(static_cast<unsigned char>(header_[0]) & 0x0fU);
    in_payload_ = true;
    header_.clear();
    if (!is_control(opcode_) &&
        (left_ > max_message_bytes_ || message_.size() + left_ > max_message_bytes_)) {
      return kTooBig;
    }
    return 0;
  }
  return 0;
}

std::uint16_t FrameParser::check_header() const {
  const auto first = static_cast<unsigned char>(header_[0]);
  const auto second = static_cast<unsigned char>(header_[1]);
  const auto opcode = static_cast<Opcode>(first & 0x0fU);
  const bool final = (first & 0x80U) != 0;
  if ((first & 0x70U) != 0) return kProtocolError;   // reserved bits: no extension was negotiated
  if ((second & 0x80U) == 0) return kProtocolError;  // section 5.1: a client masks every frame
  switch (opcode) {
    case Opcode::continuation:
      return message_open_ ? 0 : kProtocolError;
    case Opcode::text:
    case Opcode::binary:
      return message_open_ ? kProtocolError : 0;
    case Opcode::close:
    case Opcode::ping:
    case Opcode::pong:
      return final && (second & 0x7fU) <= kMaxControlBytes ? 0 : kProtocolError;
  }
  return kProtocolError;
}

std::uint16_t FrameParser::finish_control(const Sink& sink) {
  if (opcode_ == Opcode::ping) {
    sink.ping(control_);
  } else if (opcode_ == Opcode::pong) {
    sink.pong(control_);
  } else {
    std::uint16_t code = kNoStatus;
    if (control_.size() == 1) return kProtocolError;
    if (control_.size() >= 2) {
      code = static_cast<std::uint16_t>((static_cast<unsigned char>(control_[0]) << 8) |
                                        static_cast<unsigned char>(control_[1]));
      if (!is_valid_close_code(code)) return kProtocolError;
      if (!is_valid_utf8(std::string_view(control_).substr(2))) return kInvalidData;
    }
    done_ = true;
    sink.close(code);
  }
  control_.clear();
  return 0;
}

std::uint16_t FrameParser::finish_frame(const Sink& sink) {
  in_payload_ = false;
  if (is_control(opcode_)) return finish_control(sink);
  if (!final_) return 0;
  message_open_ = false;
  if (message_text_ && !is_valid_utf8(message_)) return kInvalidData;
  sink.message(message_, message_text_);
  message_.clear();
  if (message_.capacity() > 4096)
    message_.shrink_to_fit();  // thousands of idle viewers keep nothing
  return 0;
}

std::uint16_t FrameParser::feed(std::string_view bytes, const Sink& sink) {
  std::uint16_t bad = 0;
  while (!done_ && bad == 0 && (!bytes.empty() || (in_payload_ && left_ == 0))) {
    if (!in_payload_) {
      bad = read_header(bytes);
      if (bad == 0 && in_payload_ && !is_control(opcode_)) {
        if (opcode_ != Opcode::continuation) message_text_ = opcode_ == Opcode::text;
        message_open_ = true;
      }
      continue;
    }
    auto& target = is_control(opcode_) ? control_ : message_;
    const auto take = static_cast<std::size_t>(std::min<std::uint64_t>(left_, bytes.size()));
    const auto start = target.size();
    target.append(bytes.substr(0, take));
    for (std::size_t i = start; i < target.size(); ++i) {
      target[i] = static_cast<char>(static_cast<unsigned char>(target[i]) ^ mask_[mask_at_++ % 4]);
    }
    bytes.remove_prefix(take);
    left_ -= take;
    if (left_ == 0) bad = finish_frame(sink);
  }
  if (bad != 0) done_ = true;
  return bad;
}

}  // namespace troupe::ws
