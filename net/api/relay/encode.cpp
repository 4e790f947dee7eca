// How messages of the relay are written; wire.cpp reads them.
#include <boost/json.hpp>
#include <flatbuffers/flatbuffers.h>
#include <sodium.h>

#include "net/api/relay/wire.hpp"
#include "schemas/relay_generated.h"

namespace troupe::api::relay {
namespace {

namespace json = boost::json;

std::string base64(const std::string& bytes) {
  const auto size = sodium_base64_ENCODED_LEN(bytes.size(), sodium_base64_VARIANT_ORIGINAL);
  std::string out(size, '\0');
  sodium_bin2base64(out.data(), size, reinterpret_cast<const unsigned char*>(bytes.data()),
                    bytes.size(), sodium_base64_VARIANT_ORIGINAL);
  out.resize(size - 1);  // without the end of a C string
  return out;
}

json::object describe(const media::Track& track) {
  return {{"id", track.id},
          {"kind", track.kind == media::TrackKind::video ? "video" : "audio"},
          {"codecs", track.codecs},
          {"mime", track.mime},
          {"timescale", track.timescale},
          {"width", track.width},
          {"height", track.height},
          {"sample_rate", track.sample_rate},
          {"channels", track.channels},
          {"name", track.name},
          {"kbit_per_s", track.kbit_per_s},
          {"init", track.init ? base64(*track.init) : std::string()}};
}

json::array describe(const std::vector<media::Track>& tracks) {
  json::array out;
  for (const auto& track : tracks) out.push_back(describe(track));
  return out;
}

json::value maybe(const std::optional<std::int64_t>& value) {
  return value ? json::value(*value) : json::value(nullptr);
}

json::object describe(const media::WindowCuts& cuts) {
  json::array rows;
  for (const auto& row : cuts.rows) {
    rows.push_back(json::object{{"name", row.name},
                                {"number", row.number},
                                {"ordinal", row.ordinal},
                                {"start_us", maybe(row.start_us)},
                                {"discontinuities", row.discontinuities},
                                {"part_target_us", row.part_target_us},
                                {"chunk_us", row.chunk_us}});
  }
  return {{"epoch", cuts.epoch},
          {"segment_us", cuts.segment_us},
          {"part_us", cuts.part_us},
          {"epoch_wall_us", maybe(cuts.epoch_wall_us)},
          {"origin_us", maybe(cuts.origin_us)},
          {"rows", std::move(rows)}};
}

std::string typed(const char* type, json::object members) {
  members["type"] = type;
  return json::serialize(members);
}

}  // namespace

std::string encode(const Hello& hello) {
  return typed("relay_hello", {{"version", hello.version}, {"server", hello.server}});
}
std::string encode(const Publication& publication) {
  json::object out{
      {"epoch", publication.epoch}, {"tracks", describe(publication.tracks)}, {"cuts", nullptr}};
  if (publication.cuts) out["cuts"] = describe(*publication.cuts);
  return typed("relay_publication", std::move(out));
}
std::string encode(const Renditions& renditions) {
  return typed("relay_renditions",
               {{"epoch", renditions.epoch}, {"tracks", describe(renditions.tracks)}});
}
std::string encode(const Rules& rules) {
  const auto& countries = rules.rules.countries;
  return typed("relay_rules",
               {{"access", live::to_string(rules.rules.access)},
                {"owner", rules.owner},
                {"countries", kCountryRules[static_cast<std::size_t>(countries.rule)]},
                {"codes", json::array(countries.codes.begin(), countries.codes.end())}});
}
std::string encode(const Caption& caption) {
  return typed("relay_caption", {{"epoch", caption.epoch},
                                 {"media_us", caption.media_us},
                                 {"text", caption.text},
                                 {"folder", caption.track.folder},
                                 {"name", caption.track.name},
                                 {"language", caption.track.language}});
}
std::string encode(const Ready&) {
  return typed("relay_ready", {});
}
std::string encode(const Stop&) {
  return typed("relay_stop", {});
}
std::string encode(const Viewers& viewers) {
  return typed("relay_viewers", {{"sockets", viewers.sockets}, {"players", viewers.players}});
}
std::string encode(const Greeting& greeting) {
  return typed("relay_greeting",
               {{"ref", greeting.ref},
                {"texts", json::array(greeting.texts.begin(), greeting.texts.end())}});
}
std::string encode(const Answer& answer) {
  return typed("relay_answer", {{"ref", answer.ref}, {"text", answer.text}});
}
std::string encode(const Pong& pong) {
  return typed("relay_pong", {{"sent_us", pong.sent_us}, {"wall_us", pong.wall_us}});
}
std::string encode(const Reactions& reactions) {
  return typed("relay_reactions",
               {{"counts", json::array(reactions.counts.begin(), reactions.counts.end())}});
}
std::string encode(const Greet& greet) {
  return typed("relay_greet", {{"ref", greet.ref}});
}
std::string encode(const Forward& forward) {
  return typed("relay_forward",
               {{"ref", forward.ref}, {"token", forward.token}, {"message", forward.message}});
}
std::string encode(const Ping& ping) {
  return typed("relay_ping", {{"sent_us", ping.sent_us}});
}

std::string error_text(const Error& why) {
  return json::serialize(
      json::object{{"type", "error"}, {"code", to_string(why.code)}, {"detail", why.detail}});
}

std::string encode(std::uint64_t epoch, bool made, const media::Chunk& chunk) {
  constexpr std::size_t kRoom = 256;
  flatbuffers::FlatBufferBuilder builder(chunk.bytes->size() + kRoom);
  const auto bytes = builder.CreateVector(
      reinterpret_cast<const std::uint8_t*>(chunk.bytes->data()), chunk.bytes->size());
  fbs::RelayChunkBuilder out(builder);
  out.add_epoch(epoch);
  out.add_sequence(chunk.sequence);
  out.add_track(chunk.track);
  out.add_made(made);
  out.add_key(chunk.key);
  out.add_frames(chunk.frames);
  out.add_start_us(chunk.start_us);
  out.add_duration_us(chunk.duration_us);
  out.add_wall_us(chunk.wall_us);
  out.add_bytes(bytes);
  fbs::FinishRelayChunkBuffer(builder, out.Finish());
  return {reinterpret_cast<const char*>(builder.GetBufferPointer()), builder.GetSize()};
}

std::string encode(const media::Thumbnail& thumbnail) {
  flatbuffers::FlatBufferBuilder builder;
  const auto bytes = builder.CreateVector(
      reinterpret_cast<const std::uint8_t*>(thumbnail.jpeg->data()), thumbnail.jpeg->size());
  fbs::RelayChunkBuilder out(builder);
  out.add_start_us(thumbnail.media_us);
  out.add_wall_us(thumbnail.wall_us);
  out.add_bytes(bytes);
  out.add_thumbnail(true);
  fbs::FinishRelayChunkBuffer(builder, out.Finish());
  return {reinterpret_cast<const char*>(builder.GetBufferPointer()), builder.GetSize()};
}

}  // namespace troupe::api::relay
