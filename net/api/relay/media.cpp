#include "net/api/relay/media.hpp"

#include <algorithm>
#include <optional>
#include <string_view>

#include "net/api/relay/wire.hpp"

namespace troupe::api::relay {
namespace {

struct Box {
  std::string_view type, payload;
  std::size_t size = 0;
};

/// The first box of `bytes`; nothing when it is none, or not whole.
std::optional<Box> box_of(std::string_view bytes) {
  constexpr std::size_t kHeader = 8;
  if (bytes.size() < kHeader) return std::nullopt;
  std::size_t size = 0;
  for (std::size_t i = 0; i < 4; ++i) size = size << 8U | static_cast<unsigned char>(bytes[i]);
  if (size < kHeader || size > bytes.size()) return std::nullopt;
  return Box{bytes.substr(4, 4), bytes.substr(kHeader, size - kHeader), size};
}

Error bad(const char* what) {
  return error(ErrorCode::corrupt, std::string("relay: ") + what);
}

}  // namespace

Result<void> MediaCheck::add(const std::vector<media::Track>& tracks) {
  for (const auto& track : tracks) {
    std::optional<std::vector<media::Mp4Track>> found;
    for (std::string_view rest(*track.init); !rest.empty();) {
      const auto box = box_of(rest);
      if (!box) return bad("an init segment");
      if (box->type == "moov") {
        auto parsed = media::parse_mp4_tracks(box->payload);
        if (!parsed.ok()) return parsed.error();
        found = std::move(*parsed);
      }
      rest.remove_prefix(box->size);
    }
    if (!found || found->size() != 1 || found->front().id != track.id)
      return bad("an init segment of another track");
    if (!tracks_.contains(track.id) && tracks_.size() >= 2 * kMaxTracks)
      return error(ErrorCode::too_large, "relay: too many tracks");
    tracks_[track.id] = std::move(*found);
  }
  return {};
}

Result<void> MediaCheck::check(const media::Chunk& chunk) {
  const auto known = tracks_.find(chunk.track);
  if (known == tracks_.end()) return bad("a chunk of an unknown track");
  const std::string_view bytes(*chunk.bytes);
  std::optional<std::vector<media::Mp4Sample>> samples;
  std::size_t data_from = 0, data_to = 0;
  for (std::size_t at = 0; at < bytes.size();) {
    const auto box = box_of(bytes.substr(at));
    if (!box || data_to != 0) return bad("a chunk's boxes");
    if (box->type == "moof") {
      if (samples) return bad("two fragments in a chunk");
      auto parsed = media::parse_mp4_fragment(box->payload, at, known->second);
      if (!parsed.ok()) return parsed.error();
      samples = std::move(*parsed);
    } else if (box->type == "mdat") {
      data_from = at + 8;
      data_to = at + box->size;
    } else if (samples || (box->type != "prft" && box->type != "emsg" && box->type != "styp")) {
      return bad("a chunk's boxes");
    }
    at += box->size;
  }
  if (!samples || samples->empty() || data_to == 0) return bad("a chunk without samples");
  const bool inside = std::ranges::all_of(*samples, [&](const media::Mp4Sample& sample) {
    return sample.track == chunk.track && sample.position >= data_from &&
           sample.position <= data_to && sample.size <= data_to - sample.position;
  });
  return inside ? Result<void>() : bad("samples outside of their chunk");
}

}  // namespace troupe::api::relay
