#include "media/mp4_fragments.hpp"

#include <algorithm>
#include <optional>

#include "media/mp4_boxes.hpp"

namespace troupe::media {
namespace {

/// The media time of the first edit that shows something.
Result<std::int64_t> media_time(std::string_view elst) {
  BoxReader reader(elst);
  const bool wide = read_full_box(reader).version == 1;
  for (auto count = reader.u32(); count > 0 && !reader.short_of(); --count) {
    reader.skip(wide ? 8 : 4);
    const auto time = wide ? static_cast<std::int64_t>(reader.u64()) : reader.i32();
    reader.skip(4);
    if (!reader.short_of() && time >= 0) return time;
  }
  return 0;
}

Result<void> read_sample_table(std::string_view stbl) {
  return each_box(stbl, [](std::uint32_t type, std::string_view payload) -> Result<void> {
    if (type != box_type("stsz") && type != box_type("stz2")) return {};
    BoxReader reader(payload);
    reader.skip(8);
    if (reader.u32() != 0)
      return error(ErrorCode::unsupported, "the MP4 is not fragmented: its moov holds samples");
    return {};
  });
}

Result<Mp4Track> read_track(std::string_view trak) {
  Mp4Track track;
  const VisitBox visit = [&](std::uint32_t type, std::string_view payload) -> Result<void> {
    if (type == box_type("tkhd")) {
      BoxReader reader(payload);
      reader.skip(read_full_box(reader).version == 1 ? 16 : 8);
      track.id = reader.u32();
      if (reader.short_of()) return broken_box("tkhd");
    } else if (type == box_type("elst")) {
      auto time = media_time(payload);
      if (!time.ok()) return time.error();
      track.media_time = *time;
    } else if (type == box_type("stbl")) {
      return read_sample_table(payload);
    } else if (type == box_type("edts") || type == box_type("mdia") || type == box_type("minf")) {
      return each_box(payload, visit);
    }
    return {};
  };
  if (auto done = each_box(trak, visit); !done.ok()) return done.error();
  if (track.id == 0) return broken_box("trak");
  return track;
}

Mp4Track* find(std::vector<Mp4Track>& tracks, std::uint32_t id) {
  const auto it = std::find_if(tracks.begin(), tracks.end(),
                               [id](const Mp4Track& track) { return track.id == id; });
  return it == tracks.end() ? nullptr : &*it;
}

/// One `traf` while it is read.
class TrackFragment {
 public:
  /// `count`: of all samples of the fragment so far, those of unknown tracks too.
  TrackFragment(std::vector<Mp4Track>& tracks, std::uint64_t moof, std::uint64_t implicit_base,
                std::size_t& count, std::vector<Mp4Sample>& out)
      : tracks_(tracks),
        moof_(moof),
        base_(implicit_base),
        at_(implicit_base),
        count_(count),
        out_(out) {}

  Result<void> box(std::uint32_t type, std::string_view payload) {
    if (type == box_type("tfhd")) return header(payload);
    if (type == box_type("tfdt")) return decode_time(payload);
    if (type == box_type("trun")) return run(payload);
    return {};
  }
  /// Where the next `traf` begins unless it says otherwise.
  [[nodiscard]] std::uint64_t end() const noexcept { return at_; }

 private:
  Result<void> header(std::string_view payload) {
    constexpr std::uint32_t kBase = 1, kDescription = 2, kDuration = 8, kSize = 16, kFlags = 32,
                            kMoofIsBase = 0x20000;
    BoxReader reader(payload);
    const auto flags = read_full_box(reader).flags;
    const auto id = reader.u32();
    track_ = find(tracks_, id);
    if (track_ != nullptr) {
      defaults_ = *track_;
      dts_ = track_->next_dts;
    }
    if ((flags & kBase) != 0) {
      base_ = reader.u64();
    } else if ((flags & kMoofIsBase) != 0) {
      base_ = moof_;
    }
    if ((flags & kDescription) != 0) reader.skip(4);
    if ((flags & kDuration) != 0) defaults_.duration = reader.u32();
    if ((flags & kSize) != 0) defaults_.size = reader.u32();
    if ((flags & kFlags) != 0) defaults_.flags = reader.u32();
    at_ = base_;
    headed_ = true;
    return reader.short_of() ? Result<void>(broken_box("tfhd")) : Result<void>();
  }

  Result<void> decode_time(std::string_view payload) {
    BoxReader reader(payload);
    const bool wide = read_full_box(reader).version == 1;
    const auto time = wide ? reader.u64() : reader.u32();
    if (reader.short_of() || time > static_cast<std::uint64_t>(INT64_MAX / 4))
      return broken_box("tfdt");
    dts_ = static_cast<std::int64_t>(time);
    return {};
  }

  Result<void> run(std::string_view payload) {
    constexpr std::uint32_t kOffset = 1, kFirstFlags = 4, kDuration = 0x100, kSize = 0x200,
                            kFlags = 0x400, kComposition = 0x800, kNotSync = 0x10000;
    if (!headed_) return broken_box("traf");
    BoxReader reader(payload);
    const auto head = read_full_box(reader);
    const auto flags = head.flags;
    const auto count = reader.u32();
    if (count > kMaxFragmentSamples - count_)
      return error(ErrorCode::too_large, "MP4: more than 10,000 samples in a fragment");
    count_ += count;
    if ((flags & kOffset) != 0)
      at_ = base_ + static_cast<std::uint64_t>(static_cast<std::int64_t>(reader.i32()));
    std::optional<std::uint32_t> first_flags;
    if ((flags & kFirstFlags) != 0) first_flags = reader.u32();
    for (std::uint32_t i = 0; i < count; ++i) {
      const auto duration = (flags & kDuration) != 0 ? reader.u32() : defaults_.duration;
      const auto size = (flags & kSize) != 0 ? reader.u32() : defaults_.size;
      auto sample_flags = (flags & kFlags) != 0 ? reader.u32() : defaults_.flags;
      if (i == 0 && first_flags) sample_flags = *first_flags;
      // Version 0 has them unsigned; what encoders mean by the upper half is a negative offset.
      const std::int64_t composition = (flags & kComposition) != 0 ? reader.i32() : 0;
      if (reader.short_of()) return broken_box("trun");
      if (track_ != nullptr) {
        out_.push_back({track_->id, dts_ - defaults_.media_time, composition,
                        (sample_flags & kNotSync) == 0, at_, size});
      }
      dts_ += duration;
      at_ += size;
    }
    if (track_ != nullptr) track_->next_dts = dts_;
    return {};
  }

  std::vector<Mp4Track>& tracks_;
  const std::uint64_t moof_;
  std::uint64_t base_, at_;
  std::size_t& count_;
  std::vector<Mp4Sample>& out_;
  Mp4Track* track_ = nullptr;  ///< null: a track that the moov does not have
  Mp4Track defaults_;
  std::int64_t dts_ = 0;
  bool headed_ = false;
};

}  // namespace

Result<std::vector<Mp4Track>> parse_mp4_tracks(std::string_view moov) {
  std::vector<Mp4Track> tracks;
  const auto extends = [&](std::uint32_t type, std::string_view payload) -> Result<void> {
    if (type != box_type("trex")) return {};
    BoxReader reader(payload);
    static_cast<void>(read_full_box(reader));
    auto* track = find(tracks, reader.u32());
    reader.skip(4);
    const auto duration = reader.u32(), size = reader.u32(), flags = reader.u32();
    if (reader.short_of()) return broken_box("trex");
    if (track == nullptr) return {};
    track->duration = duration;
    track->size = size;
    track->flags = flags;
    return {};
  };
  bool extended = false;
  const auto read = [&](bool tracks_first) {
    return each_box(moov, [&](std::uint32_t type, std::string_view payload) -> Result<void> {
      if (tracks_first && type == box_type("trak")) {
        if (tracks.size() == kMaxMp4Tracks)
          return error(ErrorCode::corrupt, "MP4: too many tracks");
        auto track = read_track(payload);
        if (!track.ok()) return track.error();
        tracks.push_back(*track);
      } else if (!tracks_first && type == box_type("mvex")) {
        extended = true;
        return each_box(payload, extends);
      }
      return {};
    });
  };
  if (auto done = read(true); !done.ok()) return done.error();
  if (auto done = read(false); !done.ok()) return done.error();
  if (!extended) return error(ErrorCode::unsupported, "the MP4 is not fragmented: it has no mvex");
  return tracks;
}

Result<std::vector<Mp4Sample>> parse_mp4_fragment(std::string_view moof, std::uint64_t position,
                                                  std::vector<Mp4Track>& tracks) {
  std::vector<Mp4Sample> samples;
  std::size_t count = 0;
  auto base = position;
  const auto done =
      each_box(moof, [&](std::uint32_t type, std::string_view payload) -> Result<void> {
        if (type != box_type("traf")) return {};
        TrackFragment fragment(tracks, position, base, count, samples);
        auto read = each_box(payload, [&](std::uint32_t inner, std::string_view bytes) {
          return fragment.box(inner, bytes);
        });
        base = fragment.end();
        return read;
      });
  if (!done.ok()) return done.error();
  std::stable_sort(samples.begin(), samples.end(),
                   [](const Mp4Sample& a, const Mp4Sample& b) { return a.position < b.position; });
  return samples;
}

}  // namespace troupe::media
