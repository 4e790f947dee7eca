// An asset as players ask for it: HLS (RFC 8216) and a static DASH manifest (ISO/IEC 23009-1).
// Pure.
#pragma once

#include <optional>
#include <string>

#include "media/recording/asset.hpp"

namespace troupe::media {

/// URIs are relative to the folder of the multivariant playlist and the manifest:
/// "<kind>/index.m3u8", "captions/index.m3u8", and in "<kind>/" "init-<epoch>.mp4",
/// "segment-<epoch>-<n>.m4s"; in "captions/" "segment-<epoch>-<n>.vtt".
[[nodiscard]] std::string asset_playlist(const AssetMedia& media);
/// A publication without that track has gaps of the other's segments.
[[nodiscard]] std::string asset_playlist(const AssetMedia& media, TrackKind kind);
/// WebVTT, segment by segment as the main track.
[[nodiscard]] std::string asset_captions_playlist(const AssetMedia& media);
/// The cues of one of its segments, by the media's times; nothing when there is no such.
[[nodiscard]] std::optional<std::string> asset_captions_segment(const AssetMedia& media,
                                                                std::uint64_t epoch,
                                                                std::uint64_t number);
/// A period for each publication.
[[nodiscard]] std::string asset_manifest(const AssetMedia& media);

/// WebVTT on the asset's timeline: captions, and thumbnails as cues whose text is an image's name
/// ("thumb-<epoch>-<media_us>.jpg").
[[nodiscard]] std::string asset_captions(const AssetMedia& media);
[[nodiscard]] std::string asset_thumbnails(const AssetMedia& media);

/// The picture, or the sound of an asset without one.
[[nodiscard]] TrackKind main_kind(const AssetMedia& media) noexcept;

}  // namespace troupe::media
