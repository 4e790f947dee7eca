#include "net/api/live/view_link.hpp"

#include <algorithm>
#include <charconv>

#include <sodium.h>

#include "base/ids.hpp"
#include "net/http/address_range.hpp"

namespace troupe::api {
namespace {

constexpr std::string_view kSignature = "~sig=";
constexpr std::size_t kMinKeyBytes = 16, kMaxKeyBytes = 128;
constexpr std::array kWays{Way::live, Way::thumbnails, Way::recordings, Way::clips};

Error bad(std::string what) {
  return error(ErrorCode::invalid_argument, std::move(what));
}

bool is_word(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}
bool is_key_id(std::string_view id) {
  return !id.empty() && id.size() <= kMaxLinkKeyId && std::ranges::all_of(id, is_word);
}

/// Up to `by`, which goes with it.
std::string_view take(std::string_view& text, char by) {
  const auto at = text.find(by);
  const auto head = text.substr(0, at);
  text.remove_prefix(at == std::string_view::npos ? text.size() : at + 1);
  return head;
}

/// Both cases, no blanks; false when it is not `out` in hexadecimal.
bool read_hex(std::string_view text, std::string& out) {
  std::size_t size = 0;
  out.resize(text.size() / 2);
  return text.size() % 2 == 0 &&
         sodium_hex2bin(reinterpret_cast<unsigned char*>(out.data()), out.size(), text.data(),
                        text.size(), nullptr, &size, nullptr) == 0 &&
         size == out.size();
}

Result<void> read_ways(std::string_view text, std::vector<Way>& out) {
  while (!text.empty()) {
    const auto way = parse_way(take(text, ','));
    if (!way || std::ranges::find(out, *way) != out.end())
      return bad("for: live, thumbnails, recordings and clips, each once");
    out.push_back(*way);
  }
  return out.empty() ? Result<void>(bad("for: nothing")) : Result<void>();
}

Result<void> read_member(std::string_view name, std::string_view value, ViewLink& link) {
  if (name == "live") {
    const auto id = parse_id(value);
    if (!id) return bad("live: the id of a session");
    link.session = id->to_string();
  } else if (name == "exp") {
    const auto [end, problem] =
        std::from_chars(value.data(), value.data() + value.size(), link.expires_s);
    if (problem != std::errc() || end != value.data() + value.size() || link.expires_s == 0)
      return bad("exp: Unix time in seconds");
  } else if (name == "ip") {
    if (auto range = http::AddressRange::parse(value); !range.ok()) return bad("ip: no address");
    link.address = value;
  } else if (name == "for") {
    return read_ways(value, link.ways);
  } else if (name == "viewer") {
    if (!is_link_viewer(value)) return bad("viewer: 1 to 64 letters, digits and -_.@:");
    link.viewer = value;
  } else {
    return bad("a member that is not known");
  }
  return {};
}

std::string text_of(const ViewLink& link) {
  auto out = link.key_id + "~live=" + link.session + "~exp=" + std::to_string(link.expires_s);
  if (!link.address.empty()) out += "~ip=" + link.address;
  for (std::size_t i = 0; i < link.ways.size(); ++i)
    out += (i == 0 ? "~for=" : ",") + std::string(to_string(link.ways[i]));
  if (!link.viewer.empty()) out += "~viewer=" + link.viewer;
  return out;
}

bool has_scheme(std::string_view uri) {
  const auto colon = uri.find(':');
  return colon != std::string_view::npos && colon < uri.find('/');
}

/// Appends `line` of a playlist to `out`, with the link behind each URI="…" in it. Date ranges hold
/// what people write, and no URI.
void append_tag(std::string& out, std::string_view line, std::string_view link) {
  constexpr std::string_view kUri = "URI=\"", kDateRange = "#EXT-X-DATERANGE";
  if (!line.starts_with(kDateRange)) {
    for (auto at = line.find(kUri); at != std::string_view::npos; at = line.find(kUri)) {
      const auto from = at + kUri.size();
      const auto end = std::min(line.find('"', from), line.size());
      out += line.substr(0, from);
      out += uri_with_link(line.substr(from, end - from), link);
      line.remove_prefix(end);
    }
  }
  out += line;
}

}  // namespace

Mac hmac_sha256(std::string_view key, std::string_view text) {
  Mac mac;
  crypto_auth_hmacsha256_state state;
  crypto_auth_hmacsha256_init(&state, reinterpret_cast<const unsigned char*>(key.data()),
                              key.size());
  crypto_auth_hmacsha256_update(&state, reinterpret_cast<const unsigned char*>(text.data()),
                                text.size());
  crypto_auth_hmacsha256_final(&state, mac.data());
  return mac;
}

bool is_link_viewer(std::string_view name) noexcept {
  constexpr std::string_view kMore = "-_.@:";
  return !name.empty() && name.size() <= kMaxLinkViewer && std::ranges::all_of(name, [&](char c) {
    return is_word(c) || kMore.find(c) != std::string_view::npos;
  });
}

std::string_view to_string(Way way) noexcept {
  switch (way) {
    case Way::live:
      return "live";
    case Way::thumbnails:
      return "thumbnails";
    case Way::recordings:
      return "recordings";
    case Way::clips:
      return "clips";
  }
  return "live";
}

std::optional<Way> parse_way(std::string_view text) noexcept {
  const auto* way = std::ranges::find(kWays, text, [](Way w) { return to_string(w); });
  return way == kWays.end() ? std::nullopt : std::optional(*way);
}

Result<ReadLink> read_link(std::string_view text) {
  if (text.size() > kMaxLinkBytes) return bad("longer than 512 bytes");
  const auto sig = text.rfind(kSignature);
  std::string mac;
  ReadLink out;
  if (sig == std::string_view::npos || !read_hex(text.substr(sig + kSignature.size()), mac) ||
      mac.size() != out.mac.size())
    return bad("sig: 64 hexadecimal digits, last");
  std::ranges::copy(mac, out.mac.begin());
  out.signed_text = text.substr(0, sig);
  auto rest = out.signed_text;
  out.link.key_id = take(rest, '~');
  if (!is_key_id(out.link.key_id)) return bad("begins with the key's id");
  std::vector<std::string_view> seen;
  while (!rest.empty()) {
    auto value = take(rest, '~');
    const auto name = take(value, '=');
    if (std::ranges::find(seen, name) != seen.end()) return bad("a member twice");
    seen.push_back(name);
    if (auto read = read_member(name, value, out.link); !read.ok()) return read.error();
  }
  if (out.link.session.empty() || out.link.expires_s == 0) return bad("live and exp are needed");
  return out;
}

Result<LinkKeys> LinkKeys::parse(std::string_view text) {
  LinkKeys out;
  while (!text.empty()) {
    auto entry = take(text, ',');
    while (entry.starts_with(' ')) entry.remove_prefix(1);
    const auto id = take(entry, ':');
    Key key{std::string(id), {}};
    if (!is_key_id(id) || std::ranges::find(out.keys_, id, &Key::id) != out.keys_.end())
      return bad("ids of 1 to 16 letters and digits, each once, before a colon");
    if (!read_hex(entry, key.secret) || key.secret.size() < kMinKeyBytes ||
        key.secret.size() > kMaxKeyBytes)
      return bad("16 to 128 bytes in hexadecimal behind each id");
    out.keys_.push_back(std::move(key));
  }
  if (out.keys_.empty()) return bad("no key");
  return out;
}

LinkKeys LinkKeys::own(std::string key) {
  LinkKeys out;
  out.keys_.push_back({"own", std::move(key)});
  return out;
}

std::string LinkKeys::sign(ViewLink link) const {
  link.key_id = keys_.front().id;
  auto out = text_of(link);
  const auto mac = hmac_sha256(keys_.front().secret, out);
  std::string hex(2 * mac.size() + 1, '\0');
  sodium_bin2hex(hex.data(), hex.size(), mac.data(), mac.size());
  hex.pop_back();
  out += kSignature;
  return out + hex;
}

Result<void> LinkKeys::check(const ReadLink& link) const {
  const auto key = std::ranges::find(keys_, link.link.key_id, &Key::id);
  if (key == keys_.end()) return error(ErrorCode::not_found, "no such key");
  const auto mac = hmac_sha256(key->secret, link.signed_text);
  if (sodium_memcmp(mac.data(), link.mac.data(), mac.size()) != 0)
    return error(ErrorCode::forbidden, "another key, or it was changed");
  return {};
}

std::string uri_with_link(std::string_view uri, std::string_view link) {
  std::string out(uri);
  if (uri.empty() || has_scheme(uri)) return out;
  out += uri.find('?') == std::string_view::npos ? "?link=" : "&link=";
  return out += link;
}

std::string hls_with_link(std::string_view playlist, std::string_view link) {
  std::string out;
  out.reserve(playlist.size() + playlist.size() / 2 + 64 * link.size());
  while (!playlist.empty()) {
    const auto end = playlist.find('\n');
    const auto line = playlist.substr(0, end);
    if (line.starts_with('#')) {
      append_tag(out, line, link);
    } else {
      out += uri_with_link(line, link);
    }
    if (end == std::string_view::npos) break;
    out += '\n';
    playlist.remove_prefix(end + 1);
  }
  return out;
}

std::string dash_with_link(std::string_view manifest, std::string_view link) {
  std::string out;
  out.reserve(manifest.size() + 16 * link.size());
  constexpr std::string_view kInit = " initialization=\"", kMedia = " media=\"";
  while (true) {
    const auto init = manifest.find(kInit), media = manifest.find(kMedia);
    const auto at = std::min(init, media);
    if (at == std::string_view::npos) break;
    const auto from = at + (at == init ? kInit.size() : kMedia.size());
    const auto end = std::min(manifest.find('"', from), manifest.size());
    out += manifest.substr(0, from);
    out += uri_with_link(manifest.substr(from, end - from), link);
    manifest.remove_prefix(end);
  }
  return out += manifest;
}

}  // namespace troupe::api
