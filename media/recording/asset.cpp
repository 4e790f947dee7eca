#include "media/recording/asset.hpp"

#include <algorithm>
#include <set>
#include <sstream>

#include <boost/json.hpp>
#include <fcntl.h>
#include <unistd.h>

#include "media/recording/trim.hpp"

namespace troupe::media {
namespace {

namespace fs = std::filesystem;

constexpr const char* kIndex = "asset.idx";
constexpr std::string_view kPart = ".part";
constexpr std::string_view kHead = "troupe-asset 1", kTail = "end";
/// Of one asset: captions of days.
constexpr std::size_t kMaxCues = 200'000;

/// Errors: io.
Result<void> sync(const fs::path& path) {
  const int file = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  const bool done = file >= 0 && ::fsync(file) == 0;
  if (file >= 0) ::close(file);
  if (done) return {};
  return error(ErrorCode::io, "cannot sync " + path.filename().string());
}

/// Gives a file a second name, or copies it; then it is synced. Errors: not_found, io.
Result<void> adopt(const fs::path& from, const fs::path& to) {
  std::error_code ec;
  fs::create_hard_link(from, to, ec);
  if (ec == std::errc::no_such_file_or_directory)
    return error(ErrorCode::not_found, "not in the recording any more");
  if (ec) fs::copy_file(from, to, fs::copy_options::overwrite_existing, ec);
  if (ec)
    return error(ErrorCode::io, "cannot keep " + to.filename().string() + ": " + ec.message());
  return sync(to);
}

/// What may still grow or be written anew is copied as it is now. Errors: not_found, io.
Result<void> freeze(const fs::path& from, const fs::path& to) {
  const auto bytes = RecordingFiles::read(from);
  if (!bytes.ok()) return bytes.error();
  if (auto written = RecordingFiles::write(to, *bytes); !written.ok()) return written;
  return sync(to);
}

void read_captions(const fs::path& file, std::uint64_t epoch, CaptionBook& book) {
  const auto text = RecordingFiles::read(file);
  if (!text.ok()) return;
  std::istringstream lines(*text);
  std::string line;
  while (std::getline(lines, line) && !lines.eof()) {
    const auto space = line.find(' ');
    boost::system::error_code ec;
    const auto value = boost::json::parse(line.substr(std::min(space, line.size() - 1) + 1), ec);
    if (ec || !value.is_string()) continue;
    book.add(epoch, std::strtoll(line.c_str(), nullptr, 10), std::string(value.get_string()));
  }
}

/// Numbers from 0 on without holes, whatever the recording lost: manifests count them.
Recording renumbered(Recording recording) {
  for (auto& [kind, track] : recording) {
    std::map<std::uint64_t, std::uint64_t> next;
    for (auto& segment : track.segments) segment.number = next[segment.epoch]++;
  }
  return recording;
}

std::set<std::uint64_t> epochs_of(const Recording& recording) {
  std::set<std::uint64_t> epochs;
  for (const auto& [kind, track] : recording)
    for (const auto& segment : track.segments) epochs.insert(segment.epoch);
  return epochs;
}

}  // namespace

std::int64_t AssetMedia::duration_us() const noexcept {
  return parts.empty() ? 0 : parts.back().at_us + parts.back().duration_us();
}

const AssetPart* AssetMedia::part(std::uint64_t epoch) const noexcept {
  const auto it = std::ranges::find(parts, epoch, &AssetPart::epoch);
  return it == parts.end() ? nullptr : &*it;
}

const RecordedSegment* AssetMedia::segment(TrackKind kind, std::uint64_t epoch,
                                           std::uint64_t number) const noexcept {
  const auto track = recording.find(kind);
  if (track == recording.end()) return nullptr;
  const auto order = [](const RecordedSegment& s) { return std::pair(s.epoch, s.number); };
  const auto& all = track->second.segments;
  const auto it = std::ranges::lower_bound(all, std::pair(epoch, number), {}, order);
  return it == all.end() || order(*it) != std::pair(epoch, number) ? nullptr : &*it;
}

std::string write_asset_index(const Recorder::Snapshot& recorded) {
  std::ostringstream out;
  out << kHead << ' ' << (recorded.complete ? "complete" : "cut") << '\n';
  for (const auto& [kind, track] : recorded.recording) {
    for (const auto& one : track.segments) {
      out << kind_name(kind) << ' ' << one.epoch << ' ' << one.number << ' ' << one.start_us << ' '
          << one.duration_us << ' ' << one.bytes;
      if (!one.key) out << ' ' << kBetween;
      out << '\n';
    }
  }
  for (const auto& one : recorded.thumbnails)
    out << "thumb " << one.epoch << ' ' << one.media_us << ' ' << one.bytes << '\n';
  out << kTail << '\n';
  return std::move(out).str();
}

Result<Recorder::Snapshot> read_asset_index(std::string_view text) {
  const auto damaged = error(ErrorCode::corrupt, "the asset's index is damaged");
  std::istringstream lines{std::string(text)};
  std::string line;
  if (!std::getline(lines, line) || !line.starts_with(kHead)) return damaged;
  Recorder::Snapshot out;
  out.complete = line.ends_with(" complete");
  while (std::getline(lines, line) && line != kTail) {
    std::istringstream words(line);
    std::string what;
    words >> what;
    if (what == "thumb") {
      RecordedThumbnail one;
      if (!(words >> one.epoch >> one.media_us >> one.bytes)) return damaged;
      out.thumbnails.push_back(one);
      continue;
    }
    const auto kind = what == kind_name(TrackKind::video) ? TrackKind::video : TrackKind::audio;
    RecordedSegment one;
    if (what != kind_name(kind) ||
        !(words >> one.epoch >> one.number >> one.start_us >> one.duration_us >> one.bytes))
      return damaged;
    one.key = !(words >> what) || what != kBetween;
    out.recording[kind].segments.push_back(one);
  }
  if (line != kTail || out.recording.empty()) return damaged;
  return out;
}

Result<AssetMedia> AssetFiles::take(const std::string& asset, const RecordingFiles& from,
                                    const std::string& session, const Recorder::Snapshot& recorded,
                                    const std::atomic<bool>& stop) const {
  std::error_code ec;
  if (fs::exists(folder(asset), ec)) return load(asset);
  if (recorded.recording.empty())
    return error(ErrorCode::not_found, "nothing is recorded of the session");
  const auto part = root_ / (asset + std::string(kPart));
  fs::remove_all(part, ec);
  step("begin");
  auto filled = fill(part, from, session, recorded, stop);
  if (!filled.ok()) {
    fs::remove_all(part, ec);
    return filled.error();
  }
  step("name");
  fs::rename(part, folder(asset), ec);
  if (ec) return error(ErrorCode::io, "the asset's folder: " + ec.message());
  if (auto synced = sync(root_); !synced.ok()) return synced.error();
  step("done");
  return load(asset);
}

Result<void> AssetFiles::fill(const fs::path& part, const RecordingFiles& from,
                              const std::string& session, const Recorder::Snapshot& recorded,
                              const std::atomic<bool>& stop) const {
  const RecordingFiles to(part.parent_path());
  const auto name = part.filename().string();
  std::error_code ec;
  for (const auto epoch : epochs_of(recorded.recording)) {
    step("publication");
    fs::create_directories(to.folder(name, epoch), ec);
    if (ec) return error(ErrorCode::io, "the asset's folder: " + ec.message());
    if (auto done = freeze(from.description(session, epoch), to.description(name, epoch));
        !done.ok())
      return done;
    for (const auto& track : from.tracks(session, epoch)) {
      auto done = freeze(from.init(session, epoch, track.kind), to.init(name, epoch, track.kind));
      if (!done.ok()) return done;
    }
    if (fs::exists(from.captions(session, epoch), ec)) {
      auto done = freeze(from.captions(session, epoch), to.captions(name, epoch));
      if (!done.ok()) return done;
    }
  }
  const auto kept = renumbered(recorded.recording);
  for (const auto& [kind, track] : recorded.recording) {
    for (std::size_t i = 0; i < track.segments.size(); ++i) {
      if (stop) return error(ErrorCode::unavailable, "the server stops");
      step("segment");
      auto done = adopt(from.segment(session, kind, track.segments[i]),
                        to.segment(name, kind, kept.at(kind).segments[i]));
      if (!done.ok()) return done;
    }
  }
  std::vector<RecordedThumbnail> thumbnails;
  for (const auto& one : recorded.thumbnails) {
    if (stop) return error(ErrorCode::unavailable, "the server stops");
    auto done = adopt(from.thumbnail(session, one.epoch, one.media_us),
                      to.thumbnail(name, one.epoch, one.media_us));
    if (done.ok()) {
      thumbnails.push_back(one);
    } else if (done.code() != ErrorCode::not_found) {  // one that is gone costs nothing else
      return done;
    }
  }
  step("index");
  if (auto done = RecordingFiles::write(
          part / kIndex, write_asset_index({kept, std::move(thumbnails), recorded.complete}));
      !done.ok())
    return done;
  if (auto done = sync(part / kIndex); !done.ok()) return done;
  for (const auto epoch : epochs_of(recorded.recording))
    if (auto done = sync(to.folder(name, epoch)); !done.ok()) return done;
  return sync(part);
}

Result<AssetMedia> describe_recording(const RecordingFiles& files, const std::string& name,
                                      Recorder::Snapshot recorded) {
  AssetMedia media{.recording = std::move(recorded.recording),
                   .parts = {},
                   .thumbnails = std::move(recorded.thumbnails),
                   .captions = CaptionBook(kMaxCues),
                   .complete = recorded.complete,
                   .bytes = 0};
  media.bytes = bytes_of(media.recording);
  for (const auto& one : media.thumbnails) media.bytes += one.bytes;
  for (const auto epoch : epochs_of(media.recording)) {
    AssetPart part{.epoch = epoch, .tracks = files.tracks(name, epoch)};
    if (part.tracks.empty()) return error(ErrorCode::corrupt, "the asset's description is damaged");
    std::int64_t first_us = INT64_MAX, last_us = 0;
    for (const auto& [kind, track] : media.recording) {
      for (const auto& segment : track.segments) {
        if (segment.epoch != epoch) continue;
        first_us = std::min(first_us, segment.start_us);
        last_us = std::max(last_us, segment.start_us + segment.duration_us);
      }
    }
    part.begin_us = first_us;
    part.end_us = last_us;
    part.at_us = media.duration_us();
    for (const auto& track : part.tracks)
      if (const auto it = media.recording.find(track.kind); it != media.recording.end())
        it->second.track = track;
    read_captions(files.captions(name, epoch), epoch, media.captions);
    media.parts.push_back(std::move(part));
  }
  return media;
}

Result<AssetMedia> AssetFiles::load(const std::string& asset) const {
  const auto text = RecordingFiles::read(folder(asset) / kIndex);
  if (!text.ok()) return error(ErrorCode::not_found, "no such asset");
  auto index = read_asset_index(*text);
  if (!index.ok()) return index.error();
  return describe_recording(media_, asset, std::move(*index));
}

void AssetFiles::erase(const std::string& asset) const {
  std::error_code ignored;
  fs::remove_all(folder(asset), ignored);
}

std::vector<std::string> AssetFiles::clean() const {
  std::vector<std::string> whole;
  std::vector<fs::path> half;
  std::error_code ec;
  for (fs::directory_iterator it(root_, ec), end; !ec && it != end; it.increment(ec)) {
    auto name = it->path().filename().string();
    if (name.ends_with(kPart))
      half.push_back(it->path());
    else if (RecordingFiles::is_name(name))
      whole.push_back(std::move(name));
  }
  for (const auto& path : half) fs::remove_all(path, ec);
  return whole;
}

}  // namespace troupe::media
