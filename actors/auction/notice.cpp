#include "actors/auction/notice.hpp"

#include <algorithm>
#include <vector>

#include <sodium.h>

namespace troupe::auction {
namespace {

constexpr std::size_t kBodyBytes = 16 + 16 + 8 + 8 + 8, kMacBytes = 16,
                      kSealedBytes = kBodyBytes + kMacBytes;

void put(unsigned char*& at, std::uint64_t value) {
  for (int shift = 56; shift >= 0; shift -= 8) *at++ = static_cast<unsigned char>(value >> shift);
}

std::uint64_t take(const unsigned char*& at) {
  std::uint64_t value = 0;
  for (int i = 0; i < 8; ++i) value = (value << 8) | *at++;
  return value;
}

}  // namespace

NoticeSeal::NoticeSeal(std::string_view secret) {
  const std::string input = "troupe ads notice v1:" + std::string(secret);
  crypto_generichash(key_.data(), key_.size(), reinterpret_cast<const unsigned char*>(input.data()),
                     input.size(), nullptr, 0);
}

std::string NoticeSeal::seal(const Notice& notice) const {
  std::array<unsigned char, kSealedBytes> bytes;
  auto* at = std::copy(notice.campaign.bytes.begin(), notice.campaign.bytes.end(), bytes.data());
  at = std::copy(notice.bid.bytes.begin(), notice.bid.bytes.end(), at);
  put(at, static_cast<std::uint64_t>(notice.price));
  put(at, notice.expires_ms);
  put(at, notice.epoch);
  crypto_generichash(at, kMacBytes, bytes.data(), kBodyBytes, key_.data(), key_.size());
  char text[sodium_base64_ENCODED_LEN(kSealedBytes, sodium_base64_VARIANT_URLSAFE_NO_PADDING)];
  return sodium_bin2base64(text, sizeof text, bytes.data(), bytes.size(),
                           sodium_base64_VARIANT_URLSAFE_NO_PADDING);
}

std::optional<Notice> NoticeSeal::open(std::string_view text) const {
  std::array<unsigned char, kSealedBytes> bytes;
  std::size_t size = 0;
  const char* end = nullptr;
  if (sodium_base642bin(bytes.data(), bytes.size(), text.data(), text.size(), nullptr, &size, &end,
                        sodium_base64_VARIANT_URLSAFE_NO_PADDING) != 0 ||
      size != kSealedBytes || end != text.data() + text.size()) {
    return std::nullopt;
  }
  unsigned char mac[kMacBytes];
  crypto_generichash(mac, kMacBytes, bytes.data(), kBodyBytes, key_.data(), key_.size());
  if (sodium_memcmp(mac, bytes.data() + kBodyBytes, kMacBytes) != 0) return std::nullopt;
  Notice notice;
  std::copy_n(bytes.data(), 16, notice.campaign.bytes.begin());
  std::copy_n(bytes.data() + 16, 16, notice.bid.bytes.begin());
  const unsigned char* at = bytes.data() + 32;
  notice.price = static_cast<Nanos>(take(at));
  notice.expires_ms = take(at);
  notice.epoch = take(at);
  return notice;
}

}  // namespace troupe::auction
