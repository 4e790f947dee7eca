#include "media/recording/recording.hpp"

#include <algorithm>
#include <charconv>
#include <fstream>
#include <sstream>

#include <boost/json.hpp>

namespace troupe::media {
namespace {

namespace fs = std::filesystem;
namespace json = boost::json;

std::optional<std::uint64_t> number_of(std::string_view text) {
  std::uint64_t number = 0;
  const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (problem != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return number;
}

/// What a later process has to know of the tracks.
std::string describe(const std::vector<Track>& tracks) {
  json::array all;
  for (const auto& track : tracks) {
    all.push_back({{"kind", kind_name(track.kind)},
                   {"codecs", track.codecs},
                   {"mime", track.mime},
                   {"width", track.width},
                   {"height", track.height},
                   {"channels", track.channels},
                   {"sample_rate", track.sample_rate}});
  }
  return json::serialize(json::object{{"tracks", std::move(all)}});
}

std::vector<Track> tracks_of(const fs::path& folder) {
  const auto text = RecordingFiles::read(folder / "publication.json");
  if (!text.ok()) return {};
  std::vector<Track> tracks;
  try {
    const auto document = json::parse(*text);
    for (const auto& one : document.at("tracks").as_array()) {
      Track track;
      track.kind = one.at("kind").as_string() == kind_name(TrackKind::video) ? TrackKind::video
                                                                             : TrackKind::audio;
      track.codecs = json::value_to<std::string>(one.at("codecs"));
      track.mime = json::value_to<std::string>(one.at("mime"));
      track.width = one.at("width").to_number<int>();
      track.height = one.at("height").to_number<int>();
      track.channels = one.at("channels").to_number<int>();
      if (const auto* rate = one.as_object().if_contains("sample_rate"))
        track.sample_rate = rate->to_number<int>();  // older recordings have none
      tracks.push_back(std::move(track));
    }
  } catch (const std::exception&) {
    return {};  // cut off by a crash before its first chunk
  }
  return tracks;
}

/// Sums up the index; lines beyond what the file holds do not count.
std::optional<RecordedSegment> read_index(const fs::path& segment) {
  std::error_code ec;
  const auto size = fs::file_size(segment, ec);
  std::ifstream index(RecordingFiles::index_of(segment));
  if (ec || !index) return std::nullopt;
  RecordedSegment out;
  std::string line;
  bool first = true;
  while (std::getline(index, line) && !index.eof()) {
    std::istringstream words(line);
    std::int64_t start_us = 0, duration_us = 0;
    std::uint64_t bytes = 0;
    if (!(words >> start_us >> duration_us >> bytes) || out.bytes + bytes > size) break;
    if (first) {
      std::string between;
      words >> between;
      out.key = between != kBetween;
      out.start_us = start_us;
    }
    first = false;
    out.duration_us = start_us + duration_us - out.start_us;
    out.bytes += bytes;
  }
  if (first) return std::nullopt;
  return out;
}

template <class Then>
void each_entry(const fs::path& folder, Then then) {
  std::error_code ec;
  for (fs::directory_iterator it(folder, ec), end; !ec && it != end; it.increment(ec)) then(*it);
}

std::vector<std::uint64_t> epochs_in(const fs::path& session) {
  std::vector<std::uint64_t> epochs;
  each_entry(session, [&](const fs::directory_entry& entry) {
    if (const auto epoch = number_of(entry.path().filename().string())) epochs.push_back(*epoch);
  });
  std::ranges::sort(epochs);
  return epochs;
}

void load_publication(const fs::path& folder, std::uint64_t epoch, Recording& recording) {
  for (auto& track : tracks_of(folder)) {
    auto& recorded = recording[track.kind];
    const auto prefix = std::string(kind_name(track.kind)) + "-";
    recorded.track = std::move(track);
    each_entry(folder, [&](const fs::directory_entry& entry) {
      const auto stem = entry.path().stem().string();
      if (entry.path().extension() != ".m4s" || !stem.starts_with(prefix)) return;
      const auto number = number_of(std::string_view(stem).substr(prefix.size()));
      auto segment = number ? read_index(entry.path()) : std::nullopt;
      if (!segment) return;
      segment->epoch = epoch;
      segment->number = *number;
      recorded.segments.push_back(*segment);
    });
  }
}

}  // namespace

std::string_view kind_name(TrackKind kind) noexcept {
  return kind == TrackKind::video ? "video" : "audio";
}

std::int64_t begin_us(const RecordedSegment& segment) noexcept {
  return static_cast<std::int64_t>(segment.epoch) + segment.start_us;
}
std::int64_t end_us(const RecordedSegment& segment) noexcept {
  return begin_us(segment) + segment.duration_us;
}

std::int64_t RecordedTrack::duration_us() const noexcept {
  std::int64_t all = 0;
  for (const auto& segment : segments) all += segment.duration_us;
  return all;
}

std::uint64_t RecordedTrack::bytes() const noexcept {
  std::uint64_t all = 0;
  for (const auto& segment : segments) all += segment.bytes;
  return all;
}

bool RecordingFiles::is_name(std::string_view session) noexcept {
  return !session.empty() && session.size() <= 64 && std::ranges::all_of(session, [](char c) {
    return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
  });
}

fs::path RecordingFiles::folder(const std::string& session) const {
  return root_ / session;
}
fs::path RecordingFiles::folder(const std::string& session, std::uint64_t epoch) const {
  return folder(session) / std::to_string(epoch);
}
fs::path RecordingFiles::init(const std::string& session, std::uint64_t epoch,
                              TrackKind kind) const {
  return folder(session, epoch) / (std::string(kind_name(kind)) + "-init.mp4");
}
fs::path RecordingFiles::segment(const std::string& session, TrackKind kind,
                                 const RecordedSegment& segment) const {
  return folder(session, segment.epoch) /
         (std::string(kind_name(kind)) + "-" + std::to_string(segment.number) + ".m4s");
}
fs::path RecordingFiles::index_of(fs::path segment) {
  return segment.replace_extension(".idx");
}

fs::path RecordingFiles::captions(const std::string& session, std::uint64_t epoch) const {
  return folder(session, epoch) / "captions.txt";
}
fs::path RecordingFiles::thumbnail(const std::string& session, std::uint64_t epoch,
                                   std::int64_t media_us) const {
  return folder(session, epoch) / ("thumb-" + std::to_string(media_us) + ".jpg");
}
fs::path RecordingFiles::description(const std::string& session, std::uint64_t epoch) const {
  return folder(session, epoch) / "publication.json";
}

Result<void> RecordingFiles::write(const fs::path& path, std::string_view bytes) {
  std::ofstream file(path, std::ios::binary | std::ios::trunc);
  file.write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
  file.close();
  if (!file) return error(ErrorCode::io, "cannot write " + path.filename().string());
  return {};
}

std::vector<Track> RecordingFiles::tracks(const std::string& session, std::uint64_t epoch) const {
  return tracks_of(folder(session, epoch));
}

std::vector<RecordedThumbnail> RecordingFiles::load_thumbnails(const std::string& session) const {
  constexpr std::string_view kPrefix = "thumb-";
  std::vector<RecordedThumbnail> all;
  for (const auto epoch : epochs_in(folder(session))) {
    each_entry(folder(session, epoch), [&](const fs::directory_entry& entry) {
      const auto stem = entry.path().stem().string();
      if (entry.path().extension() != ".jpg" || !stem.starts_with(kPrefix)) return;
      std::error_code ec;
      const auto at = number_of(std::string_view(stem).substr(kPrefix.size()));
      const auto bytes = entry.file_size(ec);
      if (at && !ec) all.push_back({epoch, static_cast<std::int64_t>(*at), bytes});
    });
  }
  std::ranges::sort(all, {},
                    [](const RecordedThumbnail& t) { return std::pair(t.epoch, t.media_us); });
  return all;
}

Result<void> RecordingFiles::begin(const std::string& session, std::uint64_t epoch,
                                   const std::vector<Track>& tracks) const {
  std::error_code ec;
  fs::create_directories(folder(session, epoch), ec);
  if (ec) return error(ErrorCode::io, "cannot make the recording's folder: " + ec.message());
  for (const auto& track : tracks) {
    if (auto done = write(init(session, epoch, track.kind), *track.init); !done.ok()) return done;
  }
  return write(description(session, epoch), describe(tracks));
}

std::vector<std::string> RecordingFiles::sessions() const {
  std::vector<std::string> all;
  each_entry(root_, [&](const fs::directory_entry& entry) {
    auto name = entry.path().filename().string();
    if (is_name(name)) all.push_back(std::move(name));
  });
  return all;
}

Recording RecordingFiles::load(const std::string& session) const {
  Recording recording;
  for (const auto epoch : epochs_in(folder(session)))
    load_publication(folder(session, epoch), epoch, recording);
  for (auto& [kind, track] : recording) {
    std::ranges::sort(track.segments, {},
                      [](const RecordedSegment& s) { return std::pair(s.epoch, s.number); });
  }
  return recording;
}

void RecordingFiles::erase(const std::string& session, TrackKind kind,
                           const RecordedSegment& gone) const {
  std::error_code ignored;
  const auto file = segment(session, kind, gone);
  fs::remove(index_of(file), ignored);
  fs::remove(file, ignored);
}
void RecordingFiles::erase(const std::string& session) const {
  std::error_code ignored;
  fs::remove_all(folder(session), ignored);
}
void RecordingFiles::erase(const std::string& session, std::uint64_t epoch) const {
  std::error_code ignored;
  fs::remove_all(folder(session, epoch), ignored);
}

void RecordingFiles::erase_publications(const std::string& session) const {
  for (const auto epoch : epochs_in(folder(session))) erase(session, epoch);
}

Result<std::string> RecordingFiles::read(const fs::path& path, std::optional<std::uint64_t> bytes) {
  std::ifstream file(path, std::ios::binary | std::ios::ate);
  if (!file) return error(ErrorCode::not_found, "not in the recording any more");
  const auto size = static_cast<std::uint64_t>(file.tellg());
  const auto wanted = std::min(size, bytes.value_or(size));
  if (wanted > kMaxReadBytes) return error(ErrorCode::too_large, "a file over 128 MiB");
  std::string text(wanted, '\0');
  file.seekg(0);
  file.read(text.data(), static_cast<std::streamsize>(text.size()));
  if (!file) return error(ErrorCode::io, "cannot read the recording");
  return text;
}

Result<std::string> RecordingFiles::read_range(const fs::path& path, std::uint64_t offset,
                                               std::uint64_t size) {
  std::ifstream file(path, std::ios::binary);
  if (!file) return error(ErrorCode::not_found, "no such file any more");
  std::string bytes(size, '\0');
  file.seekg(static_cast<std::streamoff>(offset));
  file.read(bytes.data(), static_cast<std::streamsize>(size));
  if (!file) return error(ErrorCode::io, "the file cannot be read");
  return bytes;
}

}  // namespace troupe::media
