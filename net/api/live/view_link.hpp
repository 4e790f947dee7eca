// Links by which a session may be watched: signed, so that they can be made without asking, and
// checked without looking anything up. docs/live_access.md has the format for those who make them.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"

namespace troupe::api {

/// What a link may open.
enum class Way : std::uint8_t {
  live,        ///< WebSocket, HLS, DASH and what else shows the session as it goes on
  thumbnails,  ///< its pictures
  recordings,
  clips
};

/// HMAC (RFC 2104) with SHA-256.
using Mac = std::array<unsigned char, 32>;
[[nodiscard]] Mac hmac_sha256(std::string_view key, std::string_view text);

struct ViewLink {
  std::string key_id;
  std::string session;
  std::uint64_t expires_s = 0;  ///< Unix time
  std::string address;          ///< or a range of them; empty: from anywhere
  std::vector<Way> ways;        ///< empty: all
  std::string viewer;           ///< who it was made for; empty: nobody knows

  friend bool operator==(const ViewLink&, const ViewLink&) = default;
};

/// A link as it came: nothing is known of its signature but its form.
struct ReadLink {
  ViewLink link;
  std::string_view signed_text;  ///< inside the text that was read
  Mac mac{};
};
/// Errors: invalid_argument (what is wrong with it; also members that are not known).
[[nodiscard]] Result<ReadLink> read_link(std::string_view text);

inline constexpr std::size_t kMaxLinkBytes = 512, kMaxLinkViewer = 64, kMaxLinkKeyId = 16;
/// 1 to 64 letters, digits and "-", "_", ".", "@", ":".
[[nodiscard]] bool is_link_viewer(std::string_view name) noexcept;
/// "live", "thumbnails", "recordings", "clips".
[[nodiscard]] std::string_view to_string(Way way) noexcept;
[[nodiscard]] std::optional<Way> parse_way(std::string_view text) noexcept;

/// The keys that links are signed with. Immutable.
class LinkKeys {
 public:
  /// "k1:6b6579…,k2:…": ids of 1 to 16 letters and digits, keys of 16 bytes at least in
  /// hexadecimal. The first signs, all are known. Errors: invalid_argument.
  static Result<LinkKeys> parse(std::string_view text);
  /// One key, known as "own".
  static LinkKeys own(std::string key);

  /// `link` as text, signed with the first key whatever its `key_id` says.
  [[nodiscard]] std::string sign(ViewLink link) const;
  /// Whether one of the keys signed it. Errors: not_found (no such key), forbidden.
  [[nodiscard]] Result<void> check(const ReadLink& link) const;

 private:
  struct Key {
    std::string id, secret;
  };
  std::vector<Key> keys_;
};

/// What a link's holder reads of playlists and manifests: their URIs with `?link=` behind them, so
/// that players which know nothing of it come back with it.
[[nodiscard]] std::string hls_with_link(std::string_view playlist, std::string_view link);
[[nodiscard]] std::string dash_with_link(std::string_view manifest, std::string_view link);
[[nodiscard]] std::string uri_with_link(std::string_view uri, std::string_view link);

}  // namespace troupe::api
