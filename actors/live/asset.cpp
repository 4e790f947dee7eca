#include "actors/live/asset.hpp"

#include <limits>

#include <boost/json.hpp>

#include "schemas/live_generated.h"
#include "storage/flatbuffer_record.hpp"

namespace troupe::live {
namespace {

constexpr std::string_view kTag = "asset";
/// Looked at for one page: those that the caller may not see are passed over.
constexpr std::size_t kMaxScan = 20'000;

void announce(storage::Batch& batch, const Asset& asset, std::string_view type) {
  batch.append({"live/" + asset.session, std::string(type),
                boost::json::serialize(boost::json::object{{"id", asset.id},
                                                           {"session", asset.session},
                                                           {"title", asset.title},
                                                           {"owner", asset.owner},
                                                           {"state", to_string(asset.state)}})});
}

}  // namespace

std::string_view to_string(AssetState state) noexcept {
  switch (state) {
    case AssetState::preparing:
      return "preparing";
    case AssetState::ready:
      return "ready";
    default:
      return "failed";
  }
}

std::string_view to_string(Visibility visibility) noexcept {
  switch (visibility) {
    case Visibility::everybody:
      return "public";
    case Visibility::unlisted:
      return "unlisted";
    default:
      return "private";
  }
}

Result<Visibility> parse_visibility(std::string_view text) {
  for (const auto one : {Visibility::everybody, Visibility::unlisted, Visibility::owner_only})
    if (text == to_string(one)) return one;
  return error(ErrorCode::invalid_argument, "visibility: public, unlisted or private");
}

Asset make_asset(std::string id, const Session& session, std::uint64_t now_ms) {
  Asset asset;
  asset.id = std::move(id);
  asset.session = session.id;
  asset.owner = session.owner;
  asset.title = session.title;
  // Who had to show a link, or to be in a country, must not find it in a list.
  if (!session.viewing.standard()) asset.visibility = Visibility::owner_only;
  asset.created_ms = now_ms;
  return asset;
}

bool owns(const Asset& asset, const Caller& caller) noexcept {
  return caller.admin || caller.user == asset.owner;
}

bool may_see(const Asset& asset, const Caller* caller) noexcept {
  return asset.visibility != Visibility::owner_only || (caller != nullptr && owns(asset, *caller));
}

std::string asset_key(std::string_view id) {
  return storage::KeyBuilder(kTag).text(id).take();
}

std::string encode_asset(const Asset& asset) {
  flatbuffers::FlatBufferBuilder builder;
  const auto session = builder.CreateString(asset.session);
  const auto owner = builder.CreateString(asset.owner);
  const auto title = builder.CreateString(asset.title);
  const auto failure = builder.CreateString(asset.failure);
  const auto code = builder.CreateString(asset.failure_code);
  const auto& facts = asset.facts;
  return storage::finish_record(
      builder, fbs::CreateLiveAssetRecord(
                   builder, session, owner, title, static_cast<std::uint8_t>(asset.visibility),
                   static_cast<std::uint8_t>(asset.state), asset.created_ms, asset.ready_ms,
                   facts.duration_us, facts.bytes, facts.publications, facts.width, facts.height,
                   facts.complete, facts.captions, facts.thumbnails, failure, code));
}

std::optional<Asset> decode_asset(std::string_view id, std::string_view bytes) {
  const auto* record = storage::verified_record<fbs::LiveAssetRecord>(bytes);
  if (record == nullptr ||
      record->visibility() > static_cast<std::uint8_t>(Visibility::owner_only) ||
      record->state() > static_cast<std::uint8_t>(AssetState::failed))
    return std::nullopt;
  Asset asset;
  asset.id = id;
  asset.session = record->session()->str();
  asset.owner = record->owner()->str();
  asset.title = record->title()->str();
  asset.visibility = static_cast<Visibility>(record->visibility());
  asset.state = static_cast<AssetState>(record->state());
  asset.created_ms = record->created_ms();
  asset.ready_ms = record->ready_ms();
  asset.facts = {record->duration_us(), record->bytes(),     record->publications(),
                 record->width(),       record->height(),    record->complete(),
                 record->captions(),    record->thumbnails()};
  asset.failure = storage::text_of(record->failure());
  asset.failure_code = storage::text_of(record->failure_code());
  return asset;
}

void add_asset_checks(storage::RecordChecks& checks) {
  checks.add(storage::Family::live, kTag, [](std::string_view key, std::string_view value) {
    storage::KeyReader reader(key, kTag);
    const auto id = reader.text();
    return reader.at_end() && decode_asset(id, value).has_value();
  });
}

void put(storage::Batch& batch, const Asset& asset, std::string_view type) {
  batch.put(storage::Family::live, asset_key(asset.id), encode_asset(asset));
  announce(batch, asset, type);
}

void erase(storage::Batch& batch, const Asset& asset) {
  batch.erase(storage::Family::live, asset_key(asset.id));
  announce(batch, asset, "troupe.live.asset.deleted.v1");
}

Result<Asset> load_asset(const storage::Store& store, const std::string& id) {
  const auto bytes = store.get(storage::Family::live, asset_key(id));
  if (!bytes.ok()) return bytes.error();
  if (!bytes->has_value()) return error(ErrorCode::not_found, "no such asset");
  auto asset = decode_asset(id, **bytes);
  if (!asset) return error(ErrorCode::corrupt, "asset " + id);
  return std::move(*asset);
}

Result<std::vector<Asset>> list_assets(const storage::Store& store, const std::string& before,
                                       std::size_t limit, const Caller* caller, std::string& last) {
  std::vector<Asset> assets;
  last.clear();
  const std::string begin(kTag);
  const auto end = before.empty() ? storage::prefix_end(begin) : asset_key(before);
  std::string seen;
  const auto scanned = store.scan_reverse(storage::Family::live, begin, end, kMaxScan,
                                          [&](std::string_view key, std::string_view value) {
                                            storage::KeyReader reader(key, kTag);
                                            seen = reader.text();
                                            auto asset = decode_asset(seen, value);
                                            if (!asset || !reader.at_end()) return true;
                                            const bool listed =
                                                asset->visibility == Visibility::everybody ||
                                                (caller != nullptr && owns(*asset, *caller));
                                            if (listed) assets.push_back(std::move(*asset));
                                            return assets.size() < limit;
                                          });
  if (!scanned.ok()) return scanned.error();
  if (assets.size() == limit || *scanned == kMaxScan) last = seen;
  return assets;
}

Result<std::vector<Asset>> all_assets(const storage::Store& store) {
  std::vector<Asset> assets;
  const std::string begin(kTag);
  const auto scanned = store.scan(
      storage::Family::live, begin, storage::prefix_end(begin),
      std::numeric_limits<std::size_t>::max(), [&](std::string_view key, std::string_view value) {
        storage::KeyReader reader(key, kTag);
        const auto id = reader.text();
        auto asset = decode_asset(id, value);
        if (!asset) asset = Asset{.id = std::string(id), .state = AssetState::failed};
        assets.push_back(std::move(*asset));
        return true;
      });
  if (!scanned.ok()) return scanned.error();
  return assets;
}

}  // namespace troupe::live
