#include "net/api/relay/wire.hpp"

#include <algorithm>
#include <limits>

#include <boost/json.hpp>
#include <flatbuffers/flatbuffers.h>
#include <sodium.h>

#include "base/ids.hpp"
#include "schemas/relay_generated.h"

namespace troupe::api::relay {
namespace {

namespace json = boost::json;

constexpr std::size_t kMaxName = 128;
constexpr std::int64_t kMaxMediaUs = std::int64_t{10} * 366 * 86'400 * 1'000'000;  // ten years
constexpr std::int64_t kMaxChunkUs = 60'000'000;
constexpr std::int64_t kMaxUnixUs = 253'402'300'799'000'000;  // the end of the year 9999
constexpr std::int64_t kMaxSide = 16'384;

Error bad(std::string what) {
  return error(ErrorCode::corrupt, "relay: " + std::move(what));
}

/// Letters, digits, "-" and "_", if anything.
bool is_plain(std::string_view text) {
  return std::ranges::all_of(
      text, [](unsigned char c) { return std::isalnum(c) != 0 || c == '-' || c == '_'; });
}

std::optional<std::string> from_base64(std::string_view text) {
  std::string out(text.size() / 4 * 3 + 3, '\0');
  std::size_t size = 0;
  if (sodium_base642bin(reinterpret_cast<unsigned char*>(out.data()), out.size(), text.data(),
                        text.size(), nullptr, &size, nullptr, sodium_base64_VARIANT_ORIGINAL) != 0)
    return std::nullopt;
  out.resize(size);
  return out;
}

/// Reads members of one object; the first that is wrong is told by `problem`.
class Reader {
 public:
  explicit Reader(const json::object& from) : from_(from) {}

  template <class T>
  T number(const char* name, T least, T most) {
    const auto* value = from_.if_contains(name);
    boost::system::error_code ec;
    const T out = value != nullptr && value->is_number() && !value->is_double()
                      ? value->to_number<T>(ec)
                      : T{};
    if (value == nullptr || !value->is_number() || value->is_double() || ec || out < least ||
        out > most) {
      fail(name);
      return least;
    }
    return out;
  }
  std::uint64_t count(const char* name) {
    return number<std::uint64_t>(name, 0, std::numeric_limits<std::int64_t>::max());
  }
  std::optional<std::int64_t> maybe_number(const char* name, std::int64_t least,
                                           std::int64_t most) {
    const auto* value = from_.if_contains(name);
    if (value != nullptr && value->is_null()) return std::nullopt;
    return number<std::int64_t>(name, least, most);
  }
  std::string text(const char* name, std::size_t most = kMaxName) {
    const auto* value = from_.if_contains(name);
    if (value == nullptr || !value->is_string() || value->get_string().size() > most) {
      fail(name);
      return {};
    }
    return std::string(value->get_string());
  }
  const json::array& array(const char* name, std::size_t most) {
    static const json::array kNone;
    const auto* value = from_.if_contains(name);
    if (value == nullptr || !value->is_array() || value->get_array().size() > most) {
      fail(name);
      return kNone;
    }
    return value->get_array();
  }
  void fail(const char* name) {
    if (problem_.empty()) problem_ = name;
  }
  [[nodiscard]] bool ok() const noexcept { return problem_.empty(); }
  [[nodiscard]] Error problem() const { return bad(problem_); }

 private:
  const json::object& from_;
  std::string problem_;
};

Result<media::Track> track_of(const json::value& value) {
  if (!value.is_object()) return bad("tracks");
  Reader in(value.get_object());
  media::Track track;
  track.id = in.number<std::uint32_t>("id", 1, std::numeric_limits<std::uint32_t>::max());
  const auto kind = in.text("kind");
  if (kind != "video" && kind != "audio") in.fail("kind");
  track.kind = kind == "audio" ? media::TrackKind::audio : media::TrackKind::video;
  track.codecs = in.text("codecs");
  track.mime = in.text("mime", 2 * kMaxName);
  track.timescale = in.number<std::uint32_t>("timescale", 1, 1'000'000'000);
  track.width = static_cast<int>(in.number<std::int64_t>("width", 0, kMaxSide));
  track.height = static_cast<int>(in.number<std::int64_t>("height", 0, kMaxSide));
  track.sample_rate = static_cast<int>(in.number<std::int64_t>("sample_rate", 0, 1'000'000));
  track.channels = static_cast<int>(in.number<std::int64_t>("channels", 0, 64));
  track.name = in.text("name");
  // It becomes a folder of addresses, and stands in playlists.
  if (!is_plain(track.name)) in.fail("name");
  for (const auto* text : {&track.codecs, &track.mime})
    if (std::ranges::any_of(*text, [](unsigned char c) { return c < 0x20 || c > 0x7E; }))
      in.fail("codecs");
  track.kbit_per_s = static_cast<int>(in.number<std::int64_t>("kbit_per_s", 0, 10'000'000));
  auto init = from_base64(in.text("init", kMaxInitBytes * 4 / 3 + 4));
  if (!init || init->empty()) in.fail("init");
  if (!in.ok()) return in.problem();
  track.init = std::make_shared<const std::string>(std::move(*init));
  return track;
}

Result<std::vector<media::Track>> tracks_of(Reader& in) {
  std::vector<media::Track> out;
  for (const auto& value : in.array("tracks", kMaxTracks)) {
    auto track = track_of(value);
    if (!track.ok()) return track.error();
    if (std::ranges::find(out, track->id, &media::Track::id) != out.end())
      return bad("two tracks of one id");
    out.push_back(std::move(*track));
  }
  if (!in.ok()) return in.problem();
  return out;
}

Result<media::WindowCuts> cuts_of(const json::object& object) {
  Reader in(object);
  media::WindowCuts out;
  out.epoch = in.count("epoch");
  out.segment_us = in.number<std::int64_t>("segment_us", 500'000, 10'000'000);
  out.part_us = in.number<std::int64_t>("part_us", 50'000, 2'000'000);
  out.epoch_wall_us = in.maybe_number("epoch_wall_us", -kMaxUnixUs, kMaxUnixUs);
  out.origin_us = in.maybe_number("origin_us", -kMaxUnixUs, kMaxUnixUs);
  for (const auto& value : in.array("rows", kMaxTracks)) {
    if (!value.is_object()) return bad("rows");
    Reader row_in(value.get_object());
    media::WindowCuts::Row row;
    row.name = row_in.text("name");
    row.number = row_in.number<std::uint64_t>("number", 0, std::uint64_t{1} << 62U);
    row.ordinal = row_in.number<std::uint64_t>("ordinal", 0, row.number);
    row.start_us = row_in.maybe_number("start_us", -kMaxMediaUs, kMaxMediaUs);
    row.discontinuities = row_in.number<std::uint64_t>("discontinuities", 0, row.number + 1);
    row.part_target_us = row_in.number<std::int64_t>("part_target_us", 0, kMaxChunkUs);
    row.chunk_us = row_in.number<std::int64_t>("chunk_us", 0, kMaxChunkUs);
    if (!row_in.ok()) return row_in.problem();
    out.rows.push_back(std::move(row));
  }
  if (!in.ok()) return in.problem();
  return out;
}

Result<Down> publication_of(const json::object& object) {
  Reader in(object);
  Publication out;
  out.epoch = in.number<std::uint64_t>("epoch", 1, static_cast<std::uint64_t>(kMaxUnixUs));
  auto tracks = tracks_of(in);
  if (!tracks.ok()) return tracks.error();
  if (tracks->empty()) return bad("no tracks");
  // The window knows one picture and one sound as they were published.
  if (std::ranges::any_of(*tracks, [](const auto& t) { return !t.name.empty(); }) ||
      std::ranges::count(*tracks, media::TrackKind::video, &media::Track::kind) > 1 ||
      std::ranges::count(*tracks, media::TrackKind::audio, &media::Track::kind) > 1)
    return bad("tracks");
  out.tracks = std::move(*tracks);
  if (const auto* cuts = object.if_contains("cuts"); cuts != nullptr && !cuts->is_null()) {
    if (!cuts->is_object()) return bad("cuts");
    auto parsed = cuts_of(cuts->get_object());
    if (!parsed.ok()) return parsed.error();
    if (parsed->epoch != out.epoch) return bad("cuts of another publication");
    out.cuts = std::move(*parsed);
  }
  return Down(std::move(out));
}

Result<Down> renditions_of(const json::object& object) {
  Reader in(object);
  Renditions out;
  out.epoch = in.count("epoch");
  auto tracks = tracks_of(in);
  if (!tracks.ok()) return tracks.error();
  out.tracks = std::move(*tracks);
  if (std::ranges::any_of(out.tracks, [](const auto& t) {
        return t.name.empty() || t.name == "video" || t.name == "audio" ||
               media::is_captions_folder(t.name);
      }))
    return bad("name");
  return Down(std::move(out));
}

Result<Down> rules_of(const json::object& object) {
  constexpr std::size_t kMaxCodes = 512, kMaxOwner = 512;
  Reader in(object);
  Rules out;
  out.owner = in.text("owner", kMaxOwner);
  const auto access = live::parse_view_access(in.text("access"));
  if (!access.ok()) return bad("access");
  out.rules.access = *access;
  const auto named = in.text("countries");
  const auto* rule = std::ranges::find(kCountryRules, std::string_view(named));
  std::vector<std::string> codes;
  for (const auto& code : in.array("codes", kMaxCodes)) {
    if (!code.is_string()) return bad("codes");
    codes.emplace_back(code.get_string());
  }
  if (!in.ok()) return in.problem();
  if (rule == kCountryRules.end()) return bad("countries");
  if (rule == kCountryRules.begin()) return Down(std::move(out));
  auto countries = live::make_countries(
      static_cast<live::Countries::Rule>(rule - kCountryRules.begin()), std::move(codes));
  if (!countries.ok()) return bad("codes");
  out.rules.countries = std::move(*countries);
  return Down(std::move(out));
}

Result<Viewers> viewers_of(const json::object& object) {
  Reader in(object);
  const Viewers out{in.number<std::int64_t>("sockets", 0, kMaxViewers),
                    in.number<std::int64_t>("players", 0, kMaxViewers)};
  if (!in.ok()) return in.problem();
  return out;
}

Result<Down> greeting_of(const json::object& object) {
  constexpr std::size_t kMaxTexts = 16;
  Reader in(object);
  Greeting out{in.count("ref"), {}};
  for (const auto& text : in.array("texts", kMaxTexts)) {
    if (!text.is_string()) return bad("texts");
    out.texts.emplace_back(text.get_string());
  }
  if (!in.ok()) return in.problem();
  return Down(std::move(out));
}

Result<Down> caption_of(const json::object& object) {
  Reader in(object);
  Caption out{in.count("epoch"),
              in.number<std::int64_t>("media_us", -kMaxMediaUs, kMaxMediaUs),
              in.text("text", 4U << 10),
              {in.text("folder"), in.text("name"), in.text("language", 35)}};
  // The first becomes a folder of addresses; all stand in playlists.
  if (!media::is_captions_folder(out.track.folder) || !is_plain(out.track.folder))
    in.fail("folder");
  if (!is_plain(out.track.language)) in.fail("language");
  if (std::ranges::any_of(out.track.name,
                          [](unsigned char c) { return c < 0x20 || c > 0x7E || c == '"'; }))
    in.fail("name");
  if (!in.ok()) return in.problem();
  return Down(std::move(out));
}

Result<Down> text_of(std::string_view type, const json::object& object) {
  if (type.starts_with("relay_")) return bad("unknown message");
  Reader in(object);
  Text out;
  if (type == "cue") {
    out.cue = Cue{in.count("number"), in.count("epoch"),
                  in.number<std::int64_t>("media_us", 0, kMaxMediaUs), in.text("scheme", 200),
                  in.text("payload", 8U << 10)};
    if (std::ranges::any_of(out.cue->scheme,
                            [](char c) { return c <= 0x20 || c >= 0x7F || c == '"'; }))
      in.fail("scheme");
  } else if (type.empty()) {
    in.fail("type");
  }
  if (!in.ok()) return in.problem();
  return Down(std::move(out));
}

Result<json::object> object_of(std::string_view text, std::size_t most) {
  if (text.size() > most) return error(ErrorCode::too_large, "relay: a text is too long");
  json::parse_options options;
  options.max_depth = 8;
  boost::system::error_code ec;
  auto value = json::parse(text, ec, {}, options);
  if (ec || !value.is_object()) return bad("no JSON object");
  return std::move(value.get_object());
}

}  // namespace

Result<Down> parse_down(std::string_view text) {
  auto object = object_of(text, kMaxTextBytes);
  if (!object.ok()) return object.error();
  Reader in(*object);
  const auto type = in.text("type");
  if (type == "relay_hello") {
    const Hello hello{static_cast<int>(in.number<std::int64_t>("version", 0, 1'000)),
                      in.text("server")};
    if (!in.ok()) return in.problem();
    if (hello.version != kVersion)
      return error(ErrorCode::unsupported,
                   "the origin relays by version " + std::to_string(hello.version));
    return Down(hello);
  }
  if (type == "relay_publication") return publication_of(*object);
  if (type == "relay_renditions") return renditions_of(*object);
  if (type == "relay_rules") return rules_of(*object);
  if (type == "relay_caption") return caption_of(*object);
  if (type == "relay_ready") return Down(Ready{});
  if (type == "relay_stop") return Down(Stop{});
  if (type == "relay_viewers") {
    auto viewers = viewers_of(*object);
    return viewers.ok() ? Result<Down>(Down(*viewers)) : viewers.error();
  }
  if (type == "relay_greeting") return greeting_of(*object);
  if (type == "relay_answer") {
    Answer answer{in.count("ref"), in.text("text", kMaxTextBytes)};
    if (!in.ok()) return in.problem();
    return Down(std::move(answer));
  }
  if (type == "relay_pong") {
    const Pong pong{in.number<std::int64_t>("sent_us", 0, kMaxUnixUs),
                    in.number<std::int64_t>("wall_us", 0, kMaxUnixUs)};
    if (!in.ok()) return in.problem();
    return Down(pong);
  }
  return text_of(type, *object);
}

Result<Up> parse_up(std::string_view text) {
  constexpr std::size_t kMaxUp = 64U << 10, kMaxKinds = 16;
  auto object = object_of(text, kMaxUp);
  if (!object.ok()) return object.error();
  Reader in(*object);
  const auto type = in.text("type");
  Up out;
  if (type == "relay_viewers") {
    auto viewers = viewers_of(*object);
    if (!viewers.ok()) return viewers.error();
    out = *viewers;
  } else if (type == "relay_reactions") {
    Reactions reactions;
    for (const auto& count : in.array("counts", kMaxKinds)) {
      boost::system::error_code ec;
      reactions.counts.push_back(count.is_number() ? count.to_number<std::uint64_t>(ec)
                                                   : kMaxReactions + 1);
      if (ec || reactions.counts.back() > kMaxReactions) in.fail("counts");
    }
    out = std::move(reactions);
  } else if (type == "relay_greet") {
    out = Greet{in.count("ref")};
  } else if (type == "relay_forward") {
    out = Forward{in.count("ref"), in.text("token", kMaxTokenBytes),
                  in.text("message", kMaxSaidBytes)};
  } else if (type == "relay_ping") {
    out = Ping{in.number<std::int64_t>("sent_us", 0, kMaxUnixUs)};
  } else {
    in.fail("unknown message");
  }
  if (!in.ok()) return in.problem();
  return out;
}

Result<Media> parse_media(std::string_view bytes, std::chrono::steady_clock::time_point completed) {
  const auto* data = reinterpret_cast<const std::uint8_t*>(bytes.data());
  if (bytes.size() > kMaxMessageBytes)
    return error(ErrorCode::too_large, "relay: a chunk is too large");
  flatbuffers::Verifier verifier(data, bytes.size());
  if (bytes.size() < 16 || !fbs::VerifyRelayChunkBuffer(verifier)) return bad("no chunk");
  const auto* in = fbs::GetRelayChunk(data);
  auto payload = std::make_shared<const std::string>(
      reinterpret_cast<const char*>(in->bytes()->data()), in->bytes()->size());
  const bool times = in->start_us() >= -kMaxMediaUs && in->start_us() <= kMaxMediaUs &&
                     in->wall_us() >= 0 && in->wall_us() <= kMaxUnixUs;
  if (in->thumbnail()) {
    if (!times || !payload->starts_with("\xFF\xD8\xFF") || payload->size() > kMaxThumbnailBytes)
      return bad("a thumbnail");
    return Media(media::Thumbnail{in->start_us(), in->wall_us(), std::move(payload)});
  }
  const bool fine = times && in->epoch() != 0 && in->sequence() != 0 &&
                    in->sequence() < std::uint64_t{1} << 62U && in->track() != 0 &&
                    in->duration_us() >= 0 && in->duration_us() <= kMaxChunkUs && !payload->empty();
  if (!fine) return bad("a chunk's figures");
  auto chunk = std::make_shared<media::Chunk>();
  chunk->sequence = in->sequence();
  chunk->track = in->track();
  chunk->start_us = in->start_us();
  chunk->duration_us = in->duration_us();
  chunk->frames = in->frames();
  chunk->key = in->key();
  chunk->completed = completed;
  chunk->wall_us = in->wall_us();
  chunk->bytes = std::move(payload);
  return Media(RelayedChunk{in->epoch(), in->made(), std::move(chunk)});
}

Result<std::vector<std::string>> parse_via(std::string_view via, std::string_view self) {
  std::vector<std::string> out;
  while (!via.empty()) {
    const auto end = std::min(via.find(','), via.size());
    const auto name = via.substr(0, end);
    if (!parse_id(name)) return error(ErrorCode::invalid_argument, "via: ids of servers");
    if (name == self || out.size() >= kMaxHops)
      return error(ErrorCode::unsupported, "live.origin points in a circle");
    out.emplace_back(name);
    via.remove_prefix(std::min(end + 1, via.size()));
  }
  return out;
}

}  // namespace troupe::api::relay
