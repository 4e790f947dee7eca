#include "net/udp/server_message.hpp"

#include "schemas/game_generated.h"

namespace troupe::udp {
namespace {

template <class Body>
std::string finish(flatbuffers::FlatBufferBuilder& builder, fbs::ServerBody type, Body body) {
  builder.Finish(fbs::CreateServerMessage(builder, type, body.Union()));
  return {reinterpret_cast<const char*>(builder.GetBufferPointer()), builder.GetSize()};
}

}  // namespace

std::string encode_welcome(const match::Welcome& place) {
  flatbuffers::FlatBufferBuilder builder(128);
  const auto match = builder.CreateString(place.match);
  const auto game = builder.CreateString(place.game);
  return finish(builder, fbs::ServerBody::Welcome,
                fbs::CreateWelcome(builder, static_cast<std::uint8_t>(place.slot),
                                   static_cast<std::uint8_t>(place.tick_hz), match, game));
}

std::string encode_ended(const std::vector<match::Placement>& result) {
  flatbuffers::FlatBufferBuilder builder(512);
  std::vector<flatbuffers::Offset<fbs::MatchPlacement>> rows;
  for (const auto& row : result) {
    const auto player = builder.CreateString(row.player);
    rows.push_back(fbs::CreateMatchPlacement(builder, player, static_cast<std::uint8_t>(row.place),
                                             row.score));
  }
  return finish(builder, fbs::ServerBody::MatchEnded,
                fbs::CreateMatchEnded(builder, builder.CreateVector(rows)));
}

std::string encode_tables(const game::PackedTables& tables) {
  flatbuffers::FlatBufferBuilder builder(tables.bytes.size() + 128);
  const auto bytes = builder.CreateVector(
      reinterpret_cast<const std::uint8_t*>(tables.bytes.data()), tables.bytes.size());
  return finish(builder, fbs::ServerBody::Tables,
                fbs::CreateTables(builder, tables.epoch, tables.version, bytes, tables.checksum));
}

std::string encode_probe(std::uint32_t number) {
  flatbuffers::FlatBufferBuilder builder(64);
  return finish(builder, fbs::ServerBody::Probe, fbs::CreateProbe(builder, number));
}

std::string encode_queue_state(const QueueStanding& standing) {
  flatbuffers::FlatBufferBuilder builder(1'024);
  const auto text = [&builder](const std::string& value) { return builder.CreateString(value); };
  const auto state = text(standing.state);
  const auto reason = text(standing.reason);
  const auto ticket = text(standing.ticket);
  const auto mode = text(standing.mode);
  const auto region = text(standing.region);
  const auto match = text(standing.match);
  const auto host = text(standing.host);
  const auto ws = text(standing.ws);
  const auto token = text(standing.token);
  return finish(builder, fbs::ServerBody::QueueState,
                fbs::CreateQueueState(builder, state, reason, ticket, mode, standing.deadline_ms,
                                      standing.ping_ms, region, match, standing.team, host,
                                      standing.port, ws, token));
}

}  // namespace troupe::udp
