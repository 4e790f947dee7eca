#include "tests/support/live_replay.hpp"

#include <algorithm>
#include <fstream>
#include <stdexcept>

#include <fmt/format.h>

#include "sim/child_process.hpp"
#include "tests/support/temp_dir.hpp"

namespace troupe::test {
namespace {

constexpr std::int64_t kMicros = 1'000'000;

std::uint64_t number(const std::string& bytes, std::size_t at, std::size_t size) {
  std::uint64_t value = 0;
  for (std::size_t i = 0; i < size; ++i)
    value = value << 8 | static_cast<unsigned char>(bytes.at(at + i));
  return value;
}
void put(std::string& bytes, std::size_t at, std::size_t size, std::uint64_t value) {
  for (std::size_t i = 0; i < size; ++i)
    bytes.at(at + size - 1 - i) = static_cast<char>(value >> (8 * i));
}

/// Splits a file into its top-level boxes: type and bytes.
std::vector<std::pair<std::string, std::string>> boxes(const std::string& file) {
  std::vector<std::pair<std::string, std::string>> out;
  for (std::size_t at = 0; at + 8 <= file.size();) {
    const auto size = number(file, at, 4);
    if (size < 8 || at + size > file.size()) throw std::runtime_error("not a fragmented file");
    out.emplace_back(file.substr(at + 4, 4), file.substr(at, size));
    at += size;
  }
  return out;
}

std::string read_file(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

/// The offset of the content of box `type`, found by its name: good enough for files that we made
/// ourselves.
std::size_t content_of(const std::string& bytes, const char* type) {
  const auto at = bytes.find(type);
  if (at == std::string::npos) throw std::runtime_error(std::string("no box ") + type);
  return at + 4;
}

void add_track(Clip& clip, const std::string& path, media::Track track) {
  std::string init, pending;
  for (const auto& [type, bytes] : boxes(read_file(path))) {
    if (type == "ftyp" || type == "moov") init += bytes;
    if (type == "prft") pending = bytes;
    if (type == "moof") pending += bytes;
    if (type != "mdat") continue;
    pending += bytes;
    media::Chunk chunk;
    chunk.track = track.id;
    const auto tfdt = content_of(pending, "tfdt");
    chunk.start_us =
        static_cast<std::int64_t>(number(pending, tfdt + 4, 8)) * kMicros / track.timescale;
    put(pending, content_of(pending, "tfhd") + 4, 4, track.id);
    chunk.bytes = std::make_shared<const std::string>(std::move(pending));
    pending.clear();
    clip.chunks.push_back(std::move(chunk));
  }
  put(init, content_of(init, "tkhd") + 12, 4, track.id);
  put(init, content_of(init, "trex") + 4, 4, track.id);
  track.init = std::make_shared<const std::string>(std::move(init));
  clip.tracks.push_back(std::move(track));
}

void run(const std::vector<std::string>& argv) {
  auto child =
      sim::ChildProcess::start(argv, {.stdout_path = {}, .stderr_path = "-", .pipe_stdin = false});
  if (!child.ok() || child->wait(std::chrono::seconds(60)) != 0)
    throw std::runtime_error("ffmpeg failed");
}

/// Durations follow from the next chunk of the same track; the last one ends with the clip.
void set_durations(Clip& clip) {
  for (auto it = clip.chunks.begin(); it != clip.chunks.end(); ++it) {
    const auto next = std::find_if(it + 1, clip.chunks.end(),
                                   [&](const auto& c) { return c.track == it->track; });
    it->duration_us =
        (next == clip.chunks.end() ? clip.duration_us : next->start_us) - it->start_us;
  }
}

}  // namespace

Clip make_clip(const ClipOptions& options) {
  TempDir dir;
  const auto rate = fmt::format("{}k", options.video_kbit);
  const auto seconds = std::to_string(options.seconds);
  const std::string flags = "+cmaf+frag_every_frame+skip_trailer+default_base_moof";
  run({"ffmpeg",
       "-hide_banner",
       "-loglevel",
       "error",
       "-nostdin",
       "-y",
       "-f",
       "lavfi",
       "-i",
       fmt::format("testsrc2=size={}:rate={}", options.size, options.fps),
       "-t",
       seconds,
       "-c:v",
       "libx264",
       "-preset",
       "ultrafast",
       "-tune",
       "zerolatency",
       "-profile:v",
       "baseline",
       "-pix_fmt",
       "yuv420p",
       "-g",
       std::to_string(options.fps),
       "-b:v",
       rate,
       "-minrate",
       rate,
       "-maxrate",
       rate,
       "-bufsize",
       rate,
       "-x264-params",
       "nal-hrd=cbr",
       "-video_track_timescale",
       "90000",
       "-f",
       "mp4",
       "-movflags",
       flags,
       "-write_prft",
       "wallclock",
       dir / "v.mp4"});
  run({"ffmpeg",
       "-hide_banner",
       "-loglevel",
       "error",
       "-nostdin",
       "-y",
       "-f",
       "lavfi",
       "-i",
       "sine=frequency=440:sample_rate=48000",
       "-t",
       seconds,
       "-c:a",
       options.opus ? "libopus" : "aac",
       "-b:a",
       "96k",
       "-f",
       "mp4",
       "-movflags",
       "+cmaf+empty_moov+skip_trailer+default_base_moof",
       "-frag_duration",
       "100000",
       dir / "a.mp4"});
  Clip clip;
  clip.duration_us = options.seconds * kMicros;
  media::Track video;
  video.id = 1;
  video.codecs = "avc1.42c01f";
  video.mime = "video/mp4; codecs=\"avc1.42c01f\"";
  video.timescale = 90'000;
  const auto by = options.size.find('x');
  video.width = std::stoi(options.size.substr(0, by));
  video.height = std::stoi(options.size.substr(by + 1));
  add_track(clip, dir / "v.mp4", video);
  media::Track audio;
  audio.id = 2;
  audio.kind = media::TrackKind::audio;
  audio.codecs = options.opus ? "opus" : "mp4a.40.2";
  audio.mime = "audio/mp4; codecs=\"" + audio.codecs + "\"";
  audio.timescale = 48'000;
  audio.sample_rate = 48'000;
  audio.channels = 1;
  add_track(clip, dir / "a.mp4", audio);
  set_durations(clip);
  int picture = 0;
  for (auto& chunk : clip.chunks) {
    chunk.key = chunk.track == 2 || picture++ % options.fps == 0;
    chunk.frames = 1;  // pictures; nobody counts the sound's
  }
  std::stable_sort(clip.chunks.begin(), clip.chunks.end(), [](const auto& a, const auto& b) {
    return a.start_us + a.duration_us < b.start_us + b.duration_us;
  });
  return clip;
}

std::int64_t clip_due_us(const Clip& clip, std::uint64_t index) {
  const auto& chunk = clip.chunks[index % clip.chunks.size()];
  return static_cast<std::int64_t>(index / clip.chunks.size()) * clip.duration_us + chunk.start_us +
         chunk.duration_us;
}

media::ChunkPtr clip_chunk(const Clip& clip, std::uint64_t index) {
  const auto round = index / clip.chunks.size();
  auto chunk = std::make_shared<media::Chunk>(clip.chunks[index % clip.chunks.size()]);
  const auto at = index % clip.chunks.size();
  std::uint64_t before = 0, all = 0;
  for (std::size_t i = 0; i < clip.chunks.size(); ++i) {
    if (clip.chunks[i].track != chunk->track) continue;
    ++all;
    before += i < at ? 1 : 0;
  }
  chunk->sequence = index + 1;
  chunk->start_us += static_cast<std::int64_t>(round) * clip.duration_us;
  chunk->completed = std::chrono::steady_clock::now();
  chunk->wall_us = std::chrono::duration_cast<std::chrono::microseconds>(
                       std::chrono::system_clock::now().time_since_epoch())
                       .count();
  auto bytes = *chunk->bytes;
  put(bytes, content_of(bytes, "mfhd") + 4, 4, round * all + before + 1);
  const auto timescale = clip.tracks[chunk->track - 1].timescale;
  const auto offset = round * static_cast<std::uint64_t>(clip.duration_us) * timescale / kMicros;
  const auto tfdt = content_of(bytes, "tfdt");
  put(bytes, tfdt + 4, 8, number(bytes, tfdt + 4, 8) + offset);
  if (bytes.compare(4, 4, "prft") == 0) {
    constexpr std::int64_t kNtpToUnix = 2'208'988'800;
    const auto seconds = static_cast<std::uint64_t>(chunk->wall_us / kMicros + kNtpToUnix);
    const auto fraction = (static_cast<std::uint64_t>(chunk->wall_us % kMicros) << 32) / kMicros;
    put(bytes, 16, 8, seconds << 32 | fraction);
  }
  chunk->bytes = std::make_shared<const std::string>(std::move(bytes));
  return chunk;
}

}  // namespace troupe::test
