// On-demand assets: what is stored of each, and its rules. The media itself is
// media/recording/asset.hpp's.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "actors/live/chat_desk.hpp"
#include "actors/live/session.hpp"
#include "base/result.hpp"
#include "storage/batch.hpp"
#include "storage/store.hpp"
#include "storage/verify.hpp"

namespace troupe::live {

enum class AssetState : std::uint8_t { preparing, ready, failed };
enum class Visibility : std::uint8_t {
  everybody,   ///< in the list; whoever the server lets watch without more
  unlisted,    ///< the same for whoever knows its id
  owner_only,  ///< "private"
};
/// "preparing", "ready", "failed"; "public", "unlisted", "private".
[[nodiscard]] std::string_view to_string(AssetState state) noexcept;
[[nodiscard]] std::string_view to_string(Visibility visibility) noexcept;
/// Errors: invalid_argument.
[[nodiscard]] Result<Visibility> parse_visibility(std::string_view text);

/// What is known of the media once it is ready.
struct AssetFacts {
  std::int64_t duration_us = 0;
  std::uint64_t bytes = 0;
  std::uint32_t publications = 0;
  std::uint32_t width = 0, height = 0;
  bool complete = true;  ///< the recording's beginning was there
  bool captions = false, thumbnails = false;

  friend bool operator==(const AssetFacts&, const AssetFacts&) = default;
};

struct Asset {
  std::string id;
  std::string session;
  std::string owner;  ///< user id
  std::string title;
  Visibility visibility = Visibility::everybody;
  AssetState state = AssetState::preparing;
  std::uint64_t created_ms = 0, ready_ms = 0;
  AssetFacts facts;
  std::string failure;  ///< of `failed`: the error's code and detail
  std::string failure_code;

  friend bool operator==(const Asset&, const Asset&) = default;
};

/// Of a session as it is now; `preparing`.
[[nodiscard]] Asset make_asset(std::string id, const Session& session, std::uint64_t now_ms);

[[nodiscard]] bool owns(const Asset& asset, const Caller& caller) noexcept;
/// Whether the asset and its media exist for such a caller (null: a stranger).
[[nodiscard]] bool may_see(const Asset& asset, const Caller* caller) noexcept;

[[nodiscard]] std::string asset_key(std::string_view id);
[[nodiscard]] std::string encode_asset(const Asset& asset);
/// Nothing when the bytes fail verification.
[[nodiscard]] std::optional<Asset> decode_asset(std::string_view id, std::string_view bytes);
void add_asset_checks(storage::RecordChecks& checks);

/// Writes the asset and an event of `type` ("troupe.live.asset.ready.v1") with a JSON payload {id,
/// session, title, owner, state}.
void put(storage::Batch& batch, const Asset& asset, std::string_view type);
/// The same without it.
void erase(storage::Batch& batch, const Asset& asset);

/// These block. Errors: not_found, io, corrupt.
[[nodiscard]] Result<Asset> load_asset(const storage::Store& store, const std::string& id);
/// Newest first, of those with ids below `before` (empty: all): up to `limit` that `caller` sees in
/// a list. `last` becomes the id at which to go on, empty at the end.
[[nodiscard]] Result<std::vector<Asset>> list_assets(const storage::Store& store,
                                                     const std::string& before, std::size_t limit,
                                                     const Caller* caller, std::string& last);
/// All that are there, for the start. Errors: io.
[[nodiscard]] Result<std::vector<Asset>> all_assets(const storage::Store& store);

}  // namespace troupe::live
