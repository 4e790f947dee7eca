#include "net/ingest/rtmp/amf0.hpp"

#include <bit>
#include <cassert>
#include <cstring>

namespace troupe::ingest::rtmp {
namespace {

// AMF 0, section 2.1: type markers.
constexpr std::uint8_t kNumber = 0, kBoolean = 1, kString = 2, kObject = 3, kNull = 5,
                       kUndefined = 6, kEcmaArray = 8, kObjectEnd = 9, kStrictArray = 10,
                       kDate = 11, kLongString = 12;
constexpr std::size_t kDoubleBytes = 8;
constexpr std::size_t kMaxShortString = 0xFFFF;

Error bad(const char* why) {
  return error(ErrorCode::invalid_argument, std::string("AMF0: ") + why);
}

class Reader {
 public:
  explicit Reader(Bytes bytes) : bytes_(bytes) {}
  [[nodiscard]] bool at_end() const noexcept { return at_ == bytes_.size(); }

  Result<AmfValue> value(int depth) {
    if (depth > kMaxAmfDepth) return bad("nested too deep");
    if (++values_ > kMaxAmfValues) return bad("too many values");
    if (!has(1)) return bad("cut short");
    switch (bytes_[at_++]) {
      case kNumber:
        return number();
      case kBoolean:
        if (!has(1)) return bad("cut short");
        return AmfValue(bytes_[at_++] != 0);
      case kString:
        return text(2);
      case kLongString:
        return text(4);
      case kNull:
      case kUndefined:
        return AmfValue();
      case kEcmaArray:
        if (!has(4)) return bad("cut short");
        at_ += 4;  // The count is a hint only (section 2.10).
        return object(depth);
      case kObject:
        return object(depth);
      case kStrictArray:
        return array(depth);
      case kDate: {
        auto when = number();
        if (!when.ok()) return when;
        if (!has(2)) return bad("cut short");
        at_ += 2;  // time zone, which must be 0 (section 2.13)
        return when;
      }
      default:
        return bad("a type that commands do not have");
    }
  }

 private:
  [[nodiscard]] bool has(std::size_t count) const noexcept { return bytes_.size() - at_ >= count; }

  Result<AmfValue> number() {
    if (!has(kDoubleBytes)) return bad("cut short");
    const auto high = std::uint64_t{read_be(bytes_, at_, 4)} << 32;
    const auto bits = high | read_be(bytes_, at_ + 4, 4);
    at_ += kDoubleBytes;
    return AmfValue(std::bit_cast<double>(bits));
  }

  Result<std::string> string_of(std::size_t length_bytes) {
    if (!has(length_bytes)) return bad("cut short");
    const std::size_t length = read_be(bytes_, at_, length_bytes);
    at_ += length_bytes;
    if (!has(length)) return bad("cut short");
    std::string out(reinterpret_cast<const char*>(bytes_.data()) + at_, length);
    at_ += length;
    return out;
  }

  Result<AmfValue> text(std::size_t length_bytes) {
    auto string = string_of(length_bytes);
    if (!string.ok()) return string.error();
    return AmfValue(std::move(*string));
  }

  Result<AmfValue> object(int depth) {
    AmfObject out;
    while (true) {
      auto name = string_of(2);
      if (!name.ok()) return name.error();
      if (name->empty() && has(1) && bytes_[at_] == kObjectEnd) {
        ++at_;
        return AmfValue(std::move(out));
      }
      auto member = value(depth + 1);
      if (!member.ok()) return member;
      out.emplace_back(std::move(*name), std::move(*member));
    }
  }

  Result<AmfValue> array(int depth) {
    if (!has(4)) return bad("cut short");
    const auto count = read_be(bytes_, at_, 4);
    at_ += 4;
    AmfArray out;
    for (std::uint32_t i = 0; i < count; ++i) {
      auto member = value(depth + 1);
      if (!member.ok()) return member;
      out.push_back(std::move(*member));
    }
    AmfValue result;
    result.is = std::move(out);
    return result;
  }

  const Bytes bytes_;
  std::size_t at_ = 0;
  int values_ = 0;
};

void append_name(std::string& out, std::string_view name) {
  assert(name.size() <= kMaxShortString);
  append_be(out, name.size(), 2);
  out += name;
}

struct Writer {
  std::string& out;

  void operator()(AmfNull) const { append_be(out, kNull, 1); }
  void operator()(bool truth) const {
    append_be(out, kBoolean, 1);
    append_be(out, truth ? 1 : 0, 1);
  }
  void operator()(double number) const {
    append_be(out, kNumber, 1);
    append_be(out, std::bit_cast<std::uint64_t>(number), kDoubleBytes);
  }
  void operator()(const std::string& text) const {
    const bool is_short = text.size() <= kMaxShortString;
    append_be(out, is_short ? kString : kLongString, 1);
    append_be(out, text.size(), is_short ? 2 : 4);
    out += text;
  }
  void operator()(const AmfObject& object) const {
    append_be(out, kObject, 1);
    for (const auto& [name, value] : object) {
      append_name(out, name);
      append_amf0(out, value);
    }
    append_name(out, "");
    append_be(out, kObjectEnd, 1);
  }
  void operator()(const AmfArray& array) const {
    append_be(out, kStrictArray, 1);
    append_be(out, array.size(), 4);
    for (const auto& value : array) append_amf0(out, value);
  }
};

}  // namespace

AmfValue::AmfValue(AmfObject object) : is(std::move(object)) {}

const AmfValue* AmfValue::member(std::string_view name) const noexcept {
  const auto* object = std::get_if<AmfObject>(&is);
  if (object == nullptr) return nullptr;
  for (const auto& [key, value] : *object) {
    if (key == name) return &value;
  }
  return nullptr;
}

Result<AmfArray> decode_amf0(Bytes bytes) {
  Reader reader(bytes);
  AmfArray out;
  while (!reader.at_end()) {
    auto value = reader.value(0);
    if (!value.ok()) return value.error();
    out.push_back(std::move(*value));
  }
  return out;
}

void append_amf0(std::string& out, const AmfValue& value) {
  std::visit(Writer{out}, value.is);
}

}  // namespace troupe::ingest::rtmp
