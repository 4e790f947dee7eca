#include "media/playlist/hls.hpp"

#include <algorithm>
#include <charconv>

#include "media/playlist/text.hpp"

namespace troupe::media {
namespace {

/// Delta updates skip what is older than this many target durations (section 4.4.3.8: at least
/// six).
constexpr std::int64_t kSkipDurations = 6;
constexpr std::int64_t kPartDurations = 3;  ///< parts are listed this far from the end

/// A segment of the publication before `epoch` that was not cut off by its end; null: none is left.
/// The encoder is likely the same one.
const Segment* usual_of_before(const Rendition& lead, std::uint64_t epoch) {
  const Segment *usual = nullptr, *later = nullptr;
  for (auto one = lead.segments.rbegin(); one != lead.segments.rend() && usual == nullptr; ++one) {
    if (one->epoch >= epoch) continue;
    if (later != nullptr && later->epoch == one->epoch) usual = &*one;
    later = &*one;
  }
  return usual;
}

/// The part to ask for before it is there. Most encoders place key frames evenly: once a segment is
/// as long as the leading one before, it is over, and a hint at one more part of it would end in
/// 404, which players take for a fault and try again.
Rendition::Position likely_next(const SegmentWindow& window, const Rendition& rendition) {
  const auto next = rendition.next();
  const auto* lead = window.leading();
  if (lead == nullptr || rendition.segments.empty() || rendition.segments.back().complete)
    return next;
  const auto& last = rendition.segments.back();
  const Segment *same = nullptr, *before = nullptr;
  for (const auto& segment : lead->segments) {
    if (segment.epoch != last.epoch) continue;
    if (segment.ordinal == last.ordinal) same = &segment;
    if (segment.ordinal + 1 == last.ordinal) before = &segment;
  }
  if (before == nullptr && last.ordinal == 0) before = usual_of_before(*lead, last.epoch);
  if (same == nullptr || before == nullptr) return next;
  const auto length_us = same->complete ? same->duration_us : before->duration_us;
  const auto end_us = last.start_us + last.duration_us + rendition.chunk_us / 2;
  return end_us < same->start_us + length_us ? next : Rendition::Position{last.number + 1, 0};
}

template <class Number>
bool read_number(std::string_view text, Number& out) {
  const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), out);
  return problem == std::errc() && end == text.data() + text.size();
}

enum class Captions : std::uint8_t { none, webvtt };

/// Media or captions: these have no init segments, and names of their own.
std::string name_of(MediaFile file, Captions captions) {
  if (captions == Captions::webvtt) file.epoch = 0;
  auto name = file_name(file);
  if (captions == Captions::webvtt) name.replace(name.rfind('.'), std::string::npos, ".vtt");
  return name;
}

void append_part(std::string& out, const Rendition& rendition, const Segment& segment,
                 std::size_t index, std::string_view prefix, Captions captions) {
  const auto& part = segment.parts[index];
  out += "#EXT-X-PART:DURATION=" +
         seconds_text(std::min(part.duration_us, rendition.part_target_us), 5);
  if (part.independent) out += ",INDEPENDENT=YES";
  out += ",URI=\"" + std::string(prefix) +
         name_of({MediaFile::Kind::part, segment.number, index, segment.epoch}, captions) + "\"\n";
}

/// EXT-X-DATERANGE (section 4.4.5.1); nothing when its moment is not in the window any more.
std::string date_range(const Rendition& rendition, const Mark& mark) {
  const auto in = std::ranges::find(rendition.segments, mark.epoch, &Segment::epoch);
  if (in == rendition.segments.end() || mark.media_us < in->start_us ||
      (in->parts.empty() && !in->complete)) {
    return {};
  }
  std::string out =
      "#EXT-X-DATERANGE:ID=\"" + mark.id + "\",CLASS=\"" + mark.scheme + "\",START-DATE=\"" +
      date_time_text(in->wall_us + (mark.media_us - in->start_us)) + "\",DURATION=0.0,X-PAYLOAD=0x";
  constexpr std::string_view kDigits = "0123456789ABCDEF";
  // A hexadecimal-sequence has a digit at least.
  const std::string_view bytes =
      mark.payload.empty() ? std::string_view("\0", 1) : std::string_view(mark.payload);
  for (const char c : bytes) {
    const auto byte = static_cast<unsigned char>(c);
    out += kDigits[byte >> 4];
    out += kDigits[byte & 15];
  }
  return out + "\n";
}

/// Playlists do not list a segment before its first part is whole.
bool listed(const Segment& segment) {
  return segment.complete || !segment.parts.empty();
}

/// Null: a playlist of it lists none.
const Segment* last_listed(const Rendition& rendition) {
  const auto last = std::find_if(rendition.segments.rbegin(), rendition.segments.rend(), listed);
  return last == rendition.segments.rend() ? nullptr : &*last;
}

class Writer {
 public:
  Writer(const SegmentWindow& window, const Rendition& rendition, std::string_view prefix,
         Captions captions = Captions::none)
      : window_(window), rendition_(rendition), prefix_(prefix), captions_(captions) {}

  std::string write(bool skip) {
    head();
    const auto first = skip ? skipped() : 0;
    if (first > 0) out_ += "#EXT-X-SKIP:SKIPPED-SEGMENTS=" + std::to_string(first) + "\n";
    const auto parts_from = first_with_parts();
    std::optional<std::uint64_t> epoch;
    // A client merges a delta with what it has, so a MAP before the skipped segments still holds.
    if (first > 0) epoch = rendition_.segments[first - 1].epoch;
    for (std::size_t i = first; i < rendition_.segments.size(); ++i)
      segment(rendition_.segments[i], i >= parts_from, epoch);
    tail();
    return std::move(out_);
  }

 private:
  void head() {
    const auto target = window_.target_duration_s();
    out_ = "#EXTM3U\n#EXT-X-VERSION:9\n#EXT-X-TARGETDURATION:" + std::to_string(target) + "\n";
    if (rendition_.part_target_us > 0) {
      out_ += "#EXT-X-SERVER-CONTROL:CAN-BLOCK-RELOAD=YES,CAN-SKIP-UNTIL=" +
              std::to_string(kSkipDurations * target) +
              ".0,PART-HOLD-BACK=" + seconds_text(3 * rendition_.part_target_us, 3) +
              ",HOLD-BACK=" + std::to_string(3 * target) + ".0\n";
      out_ += "#EXT-X-PART-INF:PART-TARGET=" + seconds_text(rendition_.part_target_us, 3) + "\n";
    }
    const auto number =
        rendition_.segments.empty() ? rendition_.next_number : rendition_.segments.front().number;
    out_ += "#EXT-X-MEDIA-SEQUENCE:" + std::to_string(number) + "\n";
    if (rendition_.discontinuities_gone > 0)
      out_ +=
          "#EXT-X-DISCONTINUITY-SEQUENCE:" + std::to_string(rendition_.discontinuities_gone) + "\n";
    // Delta updates too: they skip segments, not date ranges.
    if (captions_ != Captions::none) return;
    for (const auto& mark : window_.marks()) out_ += date_range(rendition_, mark);
  }

  /// How many segments from the start a delta update leaves out. None from a discontinuity on:
  /// shaka-player 5.2 counts those that it is told of and not the others, hls.js had faults there.
  std::size_t skipped() const {
    const auto boundary_us = kSkipDurations * window_.target_duration_s() * 1'000'000;
    std::int64_t after_us = 0;
    const auto& all = rendition_.segments;
    auto i = all.size();
    while (i > 0 && after_us < boundary_us) after_us += all[--i].duration_us;
    const auto broken = std::ranges::find_if(all, &Segment::discontinuity);
    return std::min(i, static_cast<std::size_t>(broken - all.begin()));
  }

  std::size_t first_with_parts() const {
    const auto boundary_us = kPartDurations * window_.target_duration_s() * 1'000'000;
    std::int64_t after_us = 0;
    auto i = rendition_.segments.size();
    while (i > 0 && after_us + rendition_.segments[i - 1].duration_us <= boundary_us)
      after_us += rendition_.segments[--i].duration_us;
    return i;
  }

  void segment(const Segment& segment, bool with_parts, std::optional<std::uint64_t>& epoch) {
    if (!listed(segment)) return;
    if (segment.discontinuity) out_ += "#EXT-X-DISCONTINUITY\n";
    if (captions_ == Captions::none && (!epoch || *epoch != segment.epoch)) {
      out_ += "#EXT-X-MAP:URI=\"" + prefix_ + file_name({MediaFile::Kind::init, segment.epoch, 0}) +
              "\"\n";
      epoch = segment.epoch;
    }
    out_ += "#EXT-X-PROGRAM-DATE-TIME:" + date_time_text(segment.wall_us) + "\n";
    if (with_parts && !window_.ended()) {
      for (std::size_t i = 0; i < segment.parts.size(); ++i)
        append_part(out_, rendition_, segment, i, prefix_, captions_);
    }
    if (!segment.complete) return;
    out_ += "#EXTINF:" + seconds_text(segment.duration_us, 5) + ",\n" + prefix_ +
            name_of({MediaFile::Kind::segment, segment.number, 0}, captions_) + "\n";
  }

  void tail() {
    if (window_.ended()) {
      out_ += "#EXT-X-ENDLIST\n";
      return;
    }
    if (window_.on_air()) {
      const auto next = likely_next(window_, rendition_);
      const MediaFile file{MediaFile::Kind::part, next.number, next.part, window_.epoch()};
      out_ += "#EXT-X-PRELOAD-HINT:TYPE=PART,URI=\"" + prefix_ + name_of(file, captions_) + "\"\n";
    }
    for (const auto& other : window_.renditions()) {
      if (&other == &rendition_ && captions_ == Captions::none) continue;
      const auto* last = last_listed(other);
      if (last == nullptr) continue;
      out_ += "#EXT-X-RENDITION-REPORT:URI=\"../" + other.name +
              "/index.m3u8\",LAST-MSN=" + std::to_string(last->number);
      if (!last->parts.empty()) out_ += ",LAST-PART=" + std::to_string(last->parts.size() - 1);
      out_ += "\n";
    }
  }

  const SegmentWindow& window_;
  const Rendition& rendition_;
  const std::string prefix_;
  const Captions captions_;
  std::string out_;
};

}  // namespace

Result<Reload> parse_reload(const std::optional<std::string>& msn,
                            const std::optional<std::string>& part,
                            const std::optional<std::string>& skip) {
  Reload reload;
  if (msn) {
    if (!read_number(*msn, reload.number.emplace()))
      return error(ErrorCode::invalid_argument, "_HLS_msn: a number");
  }
  if (part) {
    if (!msn) return error(ErrorCode::invalid_argument, "_HLS_part needs _HLS_msn");
    if (!read_number(*part, reload.part.emplace()))
      return error(ErrorCode::invalid_argument, "_HLS_part: a number");
  }
  if (skip) {
    if (*skip != "YES" && *skip != "v2")
      return error(ErrorCode::invalid_argument, "_HLS_skip: YES or v2");
    reload.skip = true;
  }
  return reload;
}

std::int64_t max_hold_s(const SegmentWindow& window) noexcept {
  return 3 * window.target_duration_s();
}

Result<bool> is_ready(const SegmentWindow& window, const Rendition& rendition,
                      const Reload& reload) {
  if (!reload.number || window.ended()) return true;
  const auto next = rendition.next();
  const auto last = next.part == 0 && next.number > 0 ? next.number - 1 : next.number;
  if (*reload.number > last + 2)
    return error(ErrorCode::invalid_argument, "_HLS_msn: too far ahead");
  if (!reload.part) return next.number > *reload.number;  // the whole segment
  // What lies beyond a segment's last part is the first part of the next.
  Rendition::Position wanted{*reload.number, *reload.part};
  if (const auto* segment = rendition.find(wanted.number);
      segment != nullptr && segment->complete && !segment->parts.empty() &&
      wanted.part >= segment->parts.size()) {
    wanted = {wanted.number + 1, 0};
  }
  if (wanted.number < next.number || (wanted.number == next.number && wanted.part < next.part))
    return true;
  const auto target_us = std::max<std::int64_t>(rendition.part_target_us, 1);
  const auto ahead =
      target_us < 1'000'000 ? static_cast<std::size_t>((3'000'000 + target_us - 1) / target_us) : 3;
  if (wanted.number == next.number && wanted.part > next.part + ahead)
    return error(ErrorCode::invalid_argument, "_HLS_part: too far ahead");
  return false;
}

std::string media_playlist(const SegmentWindow& window, const Rendition& rendition, bool skip,
                           std::string_view prefix) {
  return Writer(window, rendition, prefix).write(skip);
}

std::string caption_playlist(const SegmentWindow& window, const Rendition& video, bool skip,
                             std::string_view prefix) {
  return Writer(window, video, prefix, Captions::webvtt).write(skip);
}

std::optional<MediaFile> parse_caption_file(std::string_view name) {
  constexpr std::string_view kEnding = ".vtt";
  if (!name.ends_with(kEnding)) return std::nullopt;
  auto file = parse_media_file(std::string(name.substr(0, name.size() - kEnding.size())) + ".m4s");
  const bool named = file && file->kind != MediaFile::Kind::init && file->epoch == 0;
  return named ? file : std::nullopt;
}

std::optional<Span> span_of(const Rendition& video, const MediaFile& file) {
  const auto* segment = video.find(file.number);
  if (segment == nullptr) return std::nullopt;
  Span span{segment->epoch, segment->start_us, segment->start_us + segment->duration_us};
  if (file.kind == MediaFile::Kind::segment)
    return segment->complete ? std::optional(span) : std::nullopt;
  if (file.part >= segment->parts.size()) return std::nullopt;
  for (std::size_t i = 0; i < file.part; ++i) span.from_us += segment->parts[i].duration_us;
  span.to_us = span.from_us + segment->parts[file.part].duration_us;
  return span;
}

namespace {
/// What follows "7-", when `text` begins so. Nothing: what stands there is no publication.
std::optional<std::string_view> after_epoch(std::string_view text, std::uint64_t& epoch) {
  const auto dash = text.find('-');
  if (dash == std::string_view::npos) return text;
  if (!read_number(text.substr(0, dash), epoch) || epoch == 0) return std::nullopt;
  return text.substr(dash + 1);
}
}  // namespace

std::optional<MediaFile> parse_media_file(std::string_view name) noexcept {
  const auto between = [&](std::string_view prefix,
                           std::string_view suffix) -> std::optional<std::string_view> {
    if (name.size() <= prefix.size() + suffix.size() || !name.starts_with(prefix) ||
        !name.ends_with(suffix))
      return std::nullopt;
    return name.substr(prefix.size(), name.size() - prefix.size() - suffix.size());
  };
  MediaFile file;
  if (const auto epoch = between("init-", ".mp4")) {
    if (read_number(*epoch, file.number)) return file;
  } else if (const auto segment = between("segment-", ".m4s")) {
    file.kind = MediaFile::Kind::segment;
    if (const auto number = after_epoch(*segment, file.epoch))
      if (read_number(*number, file.number)) return file;
  } else if (const auto part = between("part-", ".m4s")) {
    file.kind = MediaFile::Kind::part;
    const auto both = after_epoch(*part, file.epoch);
    const auto dot = both ? both->find('.') : std::string_view::npos;
    if (dot != std::string_view::npos && read_number(both->substr(0, dot), file.number) &&
        read_number(both->substr(dot + 1), file.part))
      return file;
  }
  return std::nullopt;
}

std::string file_name(const MediaFile& file) {
  auto number = std::to_string(file.number);
  if (file.kind == MediaFile::Kind::init) return "init-" + number + ".mp4";
  if (file.epoch != 0) number = std::to_string(file.epoch) + "-" + number;
  if (file.kind == MediaFile::Kind::segment) return "segment-" + number + ".m4s";
  return "part-" + number + "." + std::to_string(file.part) + ".m4s";
}

namespace {
/// The number of a publication's last segment; the greatest there is when there is none of it.
std::uint64_t last_of(const Rendition& rendition, std::uint64_t epoch) {
  const auto& all = rendition.segments;
  const auto last = std::find_if(all.rbegin(), all.rend(),
                                 [&](const Segment& segment) { return segment.epoch == epoch; });
  return last == all.rend() ? UINT64_MAX : last->number;
}
}  // namespace

FoundFile find_file(const SegmentWindow& window, const Rendition& rendition,
                    const MediaFile& file) {
  if (file.kind == MediaFile::Kind::init) {
    const auto init = rendition.inits.find(file.number);
    return {.bytes = init == rendition.inits.end() ? nullptr : init->second};
  }
  const auto* segment = rendition.find(file.number);
  if (file.kind == MediaFile::Kind::segment) {
    // A segment under way is asked for by players of DASH with low latency, and the one after it by
    // those that are just in time.
    const auto epoch = segment == nullptr ? window.epoch() : segment->epoch;
    if (file.epoch != 0 && file.epoch != epoch)
      return {.beyond = file.epoch != window.epoch() && rendition.inits.contains(file.epoch) &&
                        file.number > last_of(rendition, file.epoch)};
    if (segment == nullptr)
      return {.may_come = !window.ended() && file.number == rendition.next_number};
    return {.bytes = segment->bytes, .under_way = !segment->complete};
  }
  const auto epoch = segment == nullptr ? window.epoch() : segment->epoch;
  if (file.epoch != 0 && file.epoch != epoch) return {};
  if (segment != nullptr && file.part < segment->parts.size())
    return {.bytes = bytes_of(*segment, file.part)};
  const auto next = rendition.next();
  const bool continues = file.number == next.number && file.part == next.part;
  const bool begins = file.number == rendition.next_number && file.part == 0;
  return {.may_come = window.on_air() && (continues || begins)};
}

}  // namespace troupe::media
