#include "net/api/live/recorded_file.hpp"

#include <charconv>
#include <limits>

namespace troupe::api {
namespace {

/// Takes pieces off the front of a name.
class Name {
 public:
  explicit Name(std::string_view rest) : rest_(rest) {}

  bool text(std::string_view piece) {
    if (!rest_.starts_with(piece)) return false;
    rest_.remove_prefix(piece.size());
    return true;
  }
  bool number(std::uint64_t& out) {
    const auto [end, problem] = std::from_chars(rest_.data(), rest_.data() + rest_.size(), out);
    if (problem != std::errc()) return false;
    rest_.remove_prefix(static_cast<std::size_t>(end - rest_.data()));
    return true;
  }
  [[nodiscard]] bool is(std::string_view all) const { return rest_ == all; }

 private:
  std::string_view rest_;
};

}  // namespace

std::optional<RecordedFile> parse_recorded_file(std::string_view text) {
  Name name(text);
  RecordedFile file;
  if (name.text("init-")) {
    if (name.number(file.epoch) && name.is(".mp4")) return file;
    return std::nullopt;
  }
  if (!name.text("segment-") || !name.number(file.epoch) || !name.text("-") ||
      !name.number(file.number))
    return std::nullopt;
  file.kind = RecordedFile::Kind::segment;
  if (name.is(".m4s")) return file;
  file.kind = RecordedFile::Kind::captions;
  return name.is(".vtt") ? std::optional(file) : std::nullopt;
}

std::optional<media::RecordedThumbnail> parse_recorded_thumbnail(std::string_view text) {
  Name name(text);
  media::RecordedThumbnail out;
  std::uint64_t media_us = 0;
  if (!name.text("thumb-") || !name.number(out.epoch) || !name.text("-") ||
      !name.number(media_us) || !name.is(".jpg") ||
      media_us > static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max()))
    return std::nullopt;
  out.media_us = static_cast<std::int64_t>(media_us);
  return out;
}

std::optional<media::TrackKind> parse_track(std::string_view name) {
  for (const auto kind : {media::TrackKind::video, media::TrackKind::audio})
    if (name == media::kind_name(kind)) return kind;
  return std::nullopt;
}

}  // namespace troupe::api
