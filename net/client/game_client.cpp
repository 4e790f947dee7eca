#include "net/client/game_client.hpp"

#include <algorithm>
#include <chrono>
#include <cmath>

#include <enet/enet.h>

#include "game/registry.hpp"
#include "net/client/game_client_impl.hpp"
#include "schemas/game_generated.h"

namespace troupe::client {

void GameClient::Impl::say_hello() {
  said_hello = Clock::now();
  flatbuffers::FlatBufferBuilder builder(512);
  const auto text = builder.CreateString(token);
  const auto hello = fbs::CreateHello(builder, text, prediction.newest() > 0);
  builder.Finish(fbs::CreateClientMessage(builder, fbs::ClientBody::Hello, hello.Union()));
  auto* packet =
      enet_packet_create(builder.GetBufferPointer(), builder.GetSize(), ENET_PACKET_FLAG_RELIABLE);
  if (enet_peer_send(peer, game::kReliableChannel, packet) < 0) enet_packet_destroy(packet);
}

void GameClient::Impl::on_packet(std::uint8_t channel, std::string_view bytes) {
  heard = Clock::now();
  if (channel == game::kUnreliableChannel) return on_snapshot(bytes);
  const auto* data = reinterpret_cast<const std::uint8_t*>(bytes.data());
  flatbuffers::Verifier verifier(data, bytes.size());
  if (!verifier.VerifyBuffer<fbs::ServerMessage>(nullptr)) return;
  const auto* message = flatbuffers::GetRoot<fbs::ServerMessage>(data);
  if (const auto* ended = message->body_as_MatchEnded(); ended != nullptr) return on_ended(*ended);
  if (const auto* tables = message->body_as_Tables(); tables != nullptr) return on_tables(*tables);
  if (const auto* welcome = message->body_as_Welcome(); welcome != nullptr) on_welcome(*welcome);
}

void GameClient::Impl::on_welcome(const fbs::Welcome& welcome) {
  const auto* named = welcome.game() != nullptr ? game::find_game(welcome.game()->str()) : nullptr;
  if (named == nullptr) {  // a game that this client does not have
    state = State::closed;
    tickets = nullptr;
    return enet_peer_disconnect(peer, 0);
  }
  if (named != rules) replica.emplace(*named);
  if (named != rules || slot != welcome.slot()) prediction.use(named->predictor(welcome.slot()));
  rules = named;
  slot = welcome.slot();
  const int hz = std::max<int>(1, welcome.tick_hz());
  if (state != State::playing || hz != tick_hz) clock = ClockSync(hz);
  tick_hz = hz;
  state = State::playing;
  if (lost_at != Clock::time_point{}) ++statistics.reconnects;
  lost_at = {};
}

void GameClient::Impl::on_ended(const fbs::MatchEnded& ended) {
  result.clear();
  if (ended.placements() == nullptr) return;
  for (const auto* row : *ended.placements())
    result.push_back({row->player()->str(), row->place(), row->score()});
}

void GameClient::Impl::on_tables(const fbs::Tables& in) {
  if (!replica) return;
  replica->take_tables({in.epoch(), in.version(),
                        std::string(in.bytes()->begin(), in.bytes()->end()), in.checksum()});
}

void GameClient::Impl::on_snapshot(std::string_view bytes) {
  using Outcome = game::ReplicaReader::Outcome;
  if (!replica) return;  // it overtook the Welcome; more come
  const auto epoch = replica->head().epoch;
  const auto seen = replica->latest() != nullptr ? replica->latest()->tick : 0;
  const auto outcome = replica->read(bytes, prediction.newest());
  if (outcome == Outcome::late) return;
  // A mismatch is told to the server, which starts over.
  if (outcome == Outcome::mismatch) ++statistics.mismatches;
  if (outcome == Outcome::malformed || outcome == Outcome::no_baseline) ++statistics.undecodable;
  if (outcome != Outcome::taken) return;
  const auto& head = replica->head();
  if (head.epoch != epoch) {
    if (seen >= head.tick) statistics.lost_ticks += seen - head.tick + 1;
    prediction.forget_place();
    clock.restart();
  }
  if (state == State::playing)
    clock.received(head.tick, head.input_sequence, head.waiting, Clock::now());
  const auto now = Clock::now();
  if (snapshot_at != Clock::time_point{}) {
    statistics.longest_silence_ms =
        std::max(statistics.longest_silence_ms,
                 std::chrono::duration<double, std::milli>(now - snapshot_at).count());
  }
  snapshot_at = now;
  ++statistics.snapshots;
  statistics.snapshot_bytes += bytes.size();
  prediction.reconcile(*replica->latest(), head.input_sequence);
}

double GameClient::Impl::seen_tick() const {
  const double newest = replica->latest() != nullptr ? replica->latest()->tick : 0;
  return std::max(0.0, newest - drawn_behind);
}

void GameClient::Impl::send(const game::PackedCommand& wanted) {
  if (state != State::playing || peer == nullptr) return;
  auto command = rules->verify(wanted.view());
  if (!command) return;
  rules->stamp(*command, static_cast<std::uint64_t>(std::llround(seen_tick() * 256)));
  if (const auto sequence = prediction.predict(*command)) {
    clock.sent(*sequence, Clock::now());
    ++statistics.commands;
  } else {
    ++statistics.held;
  }
  const auto& unconfirmed = prediction.unconfirmed();
  const auto count = std::min<std::size_t>(unconfirmed.size(), game::kMaxCommandsPerPacket);
  std::vector<std::uint8_t> commands;
  for (auto it = unconfirmed.end() - static_cast<std::ptrdiff_t>(count); it != unconfirmed.end();
       ++it) {
    const auto& bytes = it->command.bytes;
    commands.insert(commands.end(), bytes.begin(), bytes.begin() + it->command.size);
  }
  flatbuffers::FlatBufferBuilder builder(256);
  const auto first =
      count == 0 ? 0 : unconfirmed.back().sequence + 1 - static_cast<std::uint32_t>(count);
  const auto list = builder.CreateVector(commands);
  const auto wrong = replica->mismatch().value_or(game::ReplicaReader::Mismatch{});
  const auto body = fbs::CreateCommands(builder, replica->to_acknowledge(), replica->head().epoch,
                                        first, command->size, list, wrong.tick, wrong.hash,
                                        replica->tables_to_acknowledge(), replica->taken());
  builder.Finish(fbs::CreateClientMessage(builder, fbs::ClientBody::Commands, body.Union()));
  auto* packet = enet_packet_create(builder.GetBufferPointer(), builder.GetSize(), 0);
  if (enet_peer_send(peer, game::kUnreliableChannel, packet) < 0) enet_packet_destroy(packet);
}

GameClient::GameClient(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
GameClient::~GameClient() {
  if (impl_->forget) impl_->forget(impl_.get());
  if (impl_->peer == nullptr) return;
  impl_->peer->data = nullptr;
  enet_peer_disconnect_now(impl_->peer, 0);
}

State GameClient::state() const noexcept {
  return impl_->state;
}
game::Goodbye GameClient::goodbye() const noexcept {
  return impl_->goodbye;
}
int GameClient::slot() const noexcept {
  return impl_->slot;
}
int GameClient::tick_hz() const noexcept {
  return impl_->tick_hz;
}
std::chrono::nanoseconds GameClient::command_period() const {
  return impl_->clock.command_period();
}
std::optional<double> GameClient::server_tick() const {
  return impl_->clock.server_tick(Impl::Clock::now());
}
const game::Game* GameClient::rules() const noexcept {
  return impl_->rules;
}
void GameClient::send(const game::PackedCommand& command) {
  impl_->send(command);
}
const game::View* GameClient::latest() const noexcept {
  return impl_->replica ? impl_->replica->latest() : nullptr;
}
const game::Predictor* GameClient::predicted() const noexcept {
  return latest() != nullptr ? impl_->prediction.predictor() : nullptr;
}

Statistics GameClient::statistics() const noexcept {
  auto out = impl_->statistics;
  const auto& prediction = impl_->prediction.statistics();
  out.corrections = prediction.corrections;
  out.largest_correction = prediction.largest_correction;
  out.largest_divergence = prediction.largest_divergence;
  out.round_trip_ms = impl_->clock.round_trip_ms();
  out.jitter_ms = impl_->clock.jitter_ms();
  out.waiting = impl_->clock.waiting();
  return out;
}

game::ViewPtr GameClient::interpolated(double behind_ticks) const {
  impl_->drawn_behind = behind_ticks;
  if (!impl_->replica || impl_->replica->history().size() < 2) return nullptr;
  const auto& history = impl_->replica->history();
  const double time = static_cast<double>(history.back()->tick) - behind_ticks;
  auto after = std::find_if(history.begin(), history.end(), [time](const game::ViewPtr& view) {
    return static_cast<double>(view->tick) >= time;
  });
  if (after == history.begin()) ++after;
  if (after == history.end()) --after;
  const auto& from = *(after - 1);
  const double span = static_cast<double>((*after)->tick - from->tick);
  const double share = std::clamp((time - static_cast<double>(from->tick)) / span, 0.0, 1.0);
  return impl_->rules->between(from, *after, share);
}

void GameClient::disconnect() {
  impl_->tickets = nullptr;
  if (impl_->peer == nullptr) return;
  auto* host = impl_->peer->host;
  enet_peer_disconnect(impl_->peer, 0);
  enet_host_flush(host);  // it may be destroyed before the next service()
}

void GameClient::drop() {
  impl_->tickets = nullptr;
  if (impl_->peer == nullptr) return;
  impl_->peer->data = nullptr;
  enet_peer_reset(std::exchange(impl_->peer, nullptr));
  impl_->state = State::closed;
}

const std::vector<Placement>& GameClient::result() const noexcept {
  return impl_->result;
}

}  // namespace troupe::client
