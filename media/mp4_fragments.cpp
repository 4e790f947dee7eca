#include "media/mp4_fragments.hpp"

#include <algorithm>
#include <functional>
#include <optional>

namespace troupe::media {
namespace {

constexpr std::uint32_t type_of(const char (&name)[5]) {
  return static_cast<std::uint32_t>(static_cast<unsigned char>(name[0])) << 24 |
         static_cast<std::uint32_t>(static_cast<unsigned char>(name[1])) << 16 |
         static_cast<std::uint32_t>(static_cast<unsigned char>(name[2])) << 8 |
         static_cast<std::uint32_t>(static_cast<unsigned char>(name[3]));
}

/// Big-endian numbers; beyond the end all are 0 and `short_of` is true.
class Reader {
 public:
  explicit Reader(std::string_view bytes) : bytes_(bytes) {}

  std::uint64_t number(unsigned size) {
    if (bytes_.size() - at_ < size) {
      short_of_ = true;
      at_ = bytes_.size();
      return 0;
    }
    std::uint64_t value = 0;
    for (unsigned i = 0; i < size; ++i)
      value = value << 8 | static_cast<std::uint8_t>(bytes_[at_++]);
    return value;
  }
  std::uint32_t u32() { return static_cast<std::uint32_t>(number(4)); }
  std::int32_t i32() { return static_cast<std::int32_t>(u32()); }
  std::uint64_t u64() { return number(8); }
  void skip(std::size_t size) {
    short_of_ = short_of_ || bytes_.size() - at_ < size;
    at_ += std::min(size, bytes_.size() - at_);
  }
  [[nodiscard]] bool short_of() const noexcept { return short_of_; }
  [[nodiscard]] bool at_end() const noexcept { return at_ == bytes_.size(); }
  std::string_view take(std::uint64_t size) {
    const auto at = at_;
    skip(static_cast<std::size_t>(std::min<std::uint64_t>(size, SIZE_MAX)));
    return bytes_.substr(at, at_ - at);
  }

 private:
  std::string_view bytes_;
  std::size_t at_ = 0;
  bool short_of_ = false;
};

Error broken(const char* box) {
  return error(ErrorCode::corrupt, std::string("MP4: a broken ") + box);
}

using Visit = std::function<Result<void>(std::uint32_t type, std::string_view payload)>;

/// The boxes that stand one behind the other in `bytes`.
Result<void> each_box(std::string_view bytes, const Visit& visit) {
  Reader reader(bytes);
  while (!reader.at_end()) {
    const std::uint64_t size = reader.u32();
    const auto type = reader.u32();
    constexpr std::uint64_t kHeader = 8;
    if (reader.short_of() || size < kHeader) return broken("box");
    const auto payload = reader.take(size - kHeader);
    if (reader.short_of()) return broken("box");
    if (auto done = visit(type, payload); !done.ok()) return done;
  }
  return {};
}

/// Version and flags of a full box.
struct Full {
  std::uint8_t version;
  std::uint32_t flags;
};
Full full(Reader& reader) {
  const auto both = reader.u32();
  return {static_cast<std::uint8_t>(both >> 24), both & 0xFFFFFFU};
}

/// The media time of the first edit that shows something.
Result<std::int64_t> media_time(std::string_view elst) {
  Reader reader(elst);
  const bool wide = full(reader).version == 1;
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
    if (type != type_of("stsz") && type != type_of("stz2")) return {};
    Reader reader(payload);
    reader.skip(8);
    if (reader.u32() != 0)
      return error(ErrorCode::unsupported, "the MP4 is not fragmented: its moov holds samples");
    return {};
  });
}

Result<Mp4Track> read_track(std::string_view trak) {
  Mp4Track track;
  const Visit visit = [&](std::uint32_t type, std::string_view payload) -> Result<void> {
    if (type == type_of("tkhd")) {
      Reader reader(payload);
      reader.skip(full(reader).version == 1 ? 16 : 8);
      track.id = reader.u32();
      if (reader.short_of()) return broken("tkhd");
    } else if (type == type_of("elst")) {
      auto time = media_time(payload);
      if (!time.ok()) return time.error();
      track.media_time = *time;
    } else if (type == type_of("stbl")) {
      return read_sample_table(payload);
    } else if (type == type_of("edts") || type == type_of("mdia") || type == type_of("minf")) {
      return each_box(payload, visit);
    }
    return {};
  };
  if (auto done = each_box(trak, visit); !done.ok()) return done.error();
  if (track.id == 0) return broken("trak");
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
  TrackFragment(std::vector<Mp4Track>& tracks, std::uint64_t moof, std::uint64_t implicit_base,
                std::vector<Mp4Sample>& out)
      : tracks_(tracks), moof_(moof), base_(implicit_base), at_(implicit_base), out_(out) {}

  Result<void> box(std::uint32_t type, std::string_view payload) {
    if (type == type_of("tfhd")) return header(payload);
    if (type == type_of("tfdt")) return decode_time(payload);
    if (type == type_of("trun")) return run(payload);
    return {};
  }
  /// Where the next `traf` begins unless it says otherwise.
  [[nodiscard]] std::uint64_t end() const noexcept { return at_; }

 private:
  Result<void> header(std::string_view payload) {
    constexpr std::uint32_t kBase = 1, kDescription = 2, kDuration = 8, kSize = 16, kFlags = 32,
                            kMoofIsBase = 0x20000;
    Reader reader(payload);
    const auto flags = full(reader).flags;
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
    return reader.short_of() ? Result<void>(broken("tfhd")) : Result<void>();
  }

  Result<void> decode_time(std::string_view payload) {
    Reader reader(payload);
    const bool wide = full(reader).version == 1;
    const auto time = wide ? reader.u64() : reader.u32();
    if (reader.short_of() || time > static_cast<std::uint64_t>(INT64_MAX / 4))
      return broken("tfdt");
    dts_ = static_cast<std::int64_t>(time);
    return {};
  }

  Result<void> run(std::string_view payload) {
    constexpr std::uint32_t kOffset = 1, kFirstFlags = 4, kDuration = 0x100, kSize = 0x200,
                            kFlags = 0x400, kComposition = 0x800, kNotSync = 0x10000;
    if (!headed_) return broken("traf");
    Reader reader(payload);
    const auto head = full(reader);
    const auto flags = head.flags;
    const auto count = reader.u32();
    if (count > kMaxFragmentSamples - out_.size())
      return error(ErrorCode::too_large, "MP4: more than 10,000 samples in a fragment");
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
      if (reader.short_of()) return broken("trun");
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
    if (type != type_of("trex")) return {};
    Reader reader(payload);
    static_cast<void>(full(reader));
    auto* track = find(tracks, reader.u32());
    reader.skip(4);
    const auto duration = reader.u32(), size = reader.u32(), flags = reader.u32();
    if (reader.short_of()) return broken("trex");
    if (track == nullptr) return {};
    track->duration = duration;
    track->size = size;
    track->flags = flags;
    return {};
  };
  bool extended = false;
  const auto read = [&](bool tracks_first) {
    return each_box(moov, [&](std::uint32_t type, std::string_view payload) -> Result<void> {
      if (tracks_first && type == type_of("trak")) {
        if (tracks.size() == kMaxMp4Tracks)
          return error(ErrorCode::corrupt, "MP4: too many tracks");
        auto track = read_track(payload);
        if (!track.ok()) return track.error();
        tracks.push_back(*track);
      } else if (!tracks_first && type == type_of("mvex")) {
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
  auto base = position;
  const auto done =
      each_box(moof, [&](std::uint32_t type, std::string_view payload) -> Result<void> {
        if (type != type_of("traf")) return {};
        TrackFragment fragment(tracks, position, base, samples);
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
