#include "net/client/game_client.hpp"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdlib>
#include <mutex>

#include <enet/enet.h>

#include "game/replica.hpp"
#include "net/client/clock_sync.hpp"
#include "net/client/prediction.hpp"
#include "schemas/game_generated.h"

namespace troupe::client {
namespace {

/// Hello is said again when no Welcome came for this long: it was lost with a match that crashed.
constexpr auto kHelloAgain = std::chrono::seconds(2);
using Clock = std::chrono::steady_clock;

std::once_flag enet_once;

const game::PlayerView* find(const game::Snapshot& snapshot, int slot) {
  for (const auto& player : snapshot.players) {
    if (player.slot == slot) return &player;
  }
  return nullptr;
}

}  // namespace

struct GameClient::Impl {
  ENetPeer* peer = nullptr;
  std::string token;
  State state = State::connecting;
  game::Goodbye goodbye = game::Goodbye::none;
  int slot = -1;
  int tick_hz = 30;
  game::ReplicaReader replica;
  Prediction prediction;
  ClockSync clock;
  Statistics statistics;
  std::vector<Placement> result;
  Clock::time_point said_hello{};  ///< zero: not connected yet

  void say_hello() {
    said_hello = Clock::now();
    flatbuffers::FlatBufferBuilder builder(512);
    const auto text = builder.CreateString(token);
    const auto hello = fbs::CreateHello(builder, text);
    builder.Finish(fbs::CreateClientMessage(builder, fbs::ClientBody::Hello, hello.Union()));
    auto* packet = enet_packet_create(builder.GetBufferPointer(), builder.GetSize(),
                                      ENET_PACKET_FLAG_RELIABLE);
    enet_peer_send(peer, game::kReliableChannel, packet);
  }

  void on_packet(std::uint8_t channel, std::string_view bytes) {
    if (channel == game::kUnreliableChannel) return on_snapshot(bytes);
    const auto* data = reinterpret_cast<const std::uint8_t*>(bytes.data());
    flatbuffers::Verifier verifier(data, bytes.size());
    if (!verifier.VerifyBuffer<fbs::ServerMessage>(nullptr)) return;
    const auto* message = flatbuffers::GetRoot<fbs::ServerMessage>(data);
    if (const auto* ended = message->body_as_MatchEnded(); ended != nullptr)
      return on_ended(*ended);
    if (const auto* tables = message->body_as_Tables(); tables != nullptr)
      return on_tables(*tables);
    const auto* welcome = message->body_as_Welcome();
    if (welcome == nullptr) return;
    slot = welcome->slot();
    const int hz = std::max<int>(1, welcome->tick_hz());
    if (state != State::playing || hz != tick_hz) clock = ClockSync(hz);
    tick_hz = hz;
    state = State::playing;
  }

  void on_ended(const fbs::MatchEnded& ended) {
    result.clear();
    if (ended.placements() == nullptr) return;
    for (const auto* row : *ended.placements())
      result.push_back({row->player()->str(), row->place(), row->score()});
  }

  void on_tables(const fbs::Tables& in) {
    replica.take_tables({in.epoch(), in.version(),
                         std::string(in.bytes()->begin(), in.bytes()->end()), in.checksum()});
  }

  void on_snapshot(std::string_view bytes) {
    using Outcome = game::ReplicaReader::Outcome;
    const auto epoch = replica.head().epoch;
    const auto outcome = replica.read(bytes, prediction.newest());
    if (outcome == Outcome::late) return;
    // A mismatch is told to the server, which starts over.
    if (outcome == Outcome::mismatch) ++statistics.mismatches;
    if (outcome == Outcome::malformed || outcome == Outcome::no_baseline) ++statistics.undecodable;
    if (outcome != Outcome::taken) return;
    const auto& head = replica.head();
    if (head.epoch != epoch) {
      prediction.forget_place();
      clock.restart();
    }
    if (state == State::playing)
      clock.received(head.tick, head.input_sequence, head.waiting, Clock::now());
    ++statistics.snapshots;
    statistics.snapshot_bytes += bytes.size();
    if (const auto* own = find(*replica.latest(), slot); own != nullptr)
      prediction.reconcile(*own, head.input_sequence);
  }

  void send(const game::Command& command) {
    if (state != State::playing) return;
    if (const auto sequence = prediction.predict(game::sanitise(command))) {
      clock.sent(*sequence, Clock::now());
      ++statistics.commands;
    } else {
      ++statistics.held;
    }
    const auto& unconfirmed = prediction.unconfirmed();
    std::vector<fbs::GameCommand> commands;
    const auto count = std::min<std::size_t>(unconfirmed.size(), game::kMaxCommandsPerPacket);
    for (auto it = unconfirmed.end() - static_cast<std::ptrdiff_t>(count); it != unconfirmed.end();
         ++it) {
      commands.emplace_back(it->sequence, it->command.move_x, it->command.move_y, it->command.aim,
                            it->command.fire);
    }
    flatbuffers::FlatBufferBuilder builder(256);
    const auto list = builder.CreateVectorOfStructs(commands);
    const auto wrong = replica.mismatch().value_or(game::ReplicaReader::Mismatch{});
    const auto body =
        fbs::CreateCommands(builder, replica.to_acknowledge(), replica.head().epoch, list,
                            wrong.tick, wrong.hash, replica.tables_to_acknowledge());
    builder.Finish(fbs::CreateClientMessage(builder, fbs::ClientBody::Commands, body.Union()));
    auto* packet = enet_packet_create(builder.GetBufferPointer(), builder.GetSize(), 0);
    if (enet_peer_send(peer, game::kUnreliableChannel, packet) < 0) enet_packet_destroy(packet);
  }
};

GameClient::GameClient(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
GameClient::~GameClient() {
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
  return impl_->clock.server_tick(Clock::now());
}
void GameClient::send(const game::Command& command) {
  impl_->send(command);
}
const game::Snapshot* GameClient::latest() const noexcept {
  return impl_->replica.latest();
}
std::optional<game::Player> GameClient::predicted() const noexcept {
  return impl_->prediction.player();
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

std::optional<game::Snapshot> GameClient::interpolated(double behind_ticks) const {
  const auto& history = impl_->replica.history();
  if (history.size() < 2) return std::nullopt;
  const double time = static_cast<double>(history.back().tick) - behind_ticks;
  auto after = std::find_if(history.begin(), history.end(), [time](const game::Snapshot& s) {
    return static_cast<double>(s.tick) >= time;
  });
  if (after == history.begin()) ++after;
  if (after == history.end()) --after;
  const auto& from = *(after - 1);
  auto out = *after;
  const double span = static_cast<double>(out.tick - from.tick);
  const double share = std::clamp((time - static_cast<double>(from.tick)) / span, 0.0, 1.0);
  for (auto& player : out.players) {
    const auto* before = find(from, player.slot);
    if (before == nullptr || !before->alive || !player.alive) continue;
    player.x = static_cast<std::uint16_t>(std::lround(before->x + share * (player.x - before->x)));
    player.y = static_cast<std::uint16_t>(std::lround(before->y + share * (player.y - before->y)));
  }
  return out;
}

void GameClient::disconnect() {
  if (impl_->peer != nullptr) enet_peer_disconnect(impl_->peer, 0);
}

void GameClient::drop() {
  if (impl_->peer == nullptr) return;
  impl_->peer->data = nullptr;
  enet_peer_reset(std::exchange(impl_->peer, nullptr));
  impl_->state = State::closed;
}

const std::vector<Placement>& GameClient::result() const noexcept {
  return impl_->result;
}

struct ClientHost::Impl {
  ENetHost* host = nullptr;
  Clock::time_point looked{};

  void repeat_hellos() {
    const auto now = Clock::now();
    if (now - looked < kHelloAgain / 4) return;
    looked = now;
    for (std::size_t i = 0; i < host->peerCount; ++i) {
      auto* client = static_cast<GameClient::Impl*>(host->peers[i].data);
      const bool waits = client != nullptr && client->state == State::connecting &&
                         client->said_hello != Clock::time_point{};
      if (waits && now - client->said_hello > kHelloAgain) client->say_hello();
    }
  }
  ~Impl() {
    if (host != nullptr) enet_host_destroy(host);
  }
};

ClientHost::ClientHost(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
ClientHost::~ClientHost() = default;

Result<std::unique_ptr<ClientHost>> ClientHost::create(std::size_t max_clients) {
  std::call_once(enet_once, [] { enet_initialize(); });
  auto impl = std::make_unique<Impl>();
  impl->host = enet_host_create(nullptr, max_clients, game::kChannels, 0, 0);
  if (impl->host == nullptr) return error(ErrorCode::io, "no UDP socket");
  return std::unique_ptr<ClientHost>(new ClientHost(std::move(impl)));
}

Result<std::unique_ptr<GameClient>> ClientHost::connect(const std::string& host, std::uint16_t port,
                                                        std::string token) {
  ENetAddress address{};
  address.port = port;
  if (enet_address_set_host_ip(&address, host.c_str()) != 0)
    return error(ErrorCode::invalid_argument, "not an address: " + host);
  auto impl = std::make_unique<GameClient::Impl>();
  impl->token = std::move(token);
  impl->peer = enet_host_connect(impl_->host, &address, game::kChannels, 0);
  if (impl->peer == nullptr)
    return error(ErrorCode::overloaded, "the host has no place for another client");
  impl->peer->data = impl.get();
  return std::unique_ptr<GameClient>(new GameClient(std::move(impl)));
}

void ClientHost::service(std::uint32_t wait_ms) {
  ENetEvent event;
  for (auto wait = wait_ms; enet_host_service(impl_->host, &event, wait) > 0; wait = 0) {
    auto* client = static_cast<GameClient::Impl*>(event.peer->data);
    if (event.type == ENET_EVENT_TYPE_RECEIVE) {
      if (client != nullptr) {
        client->on_packet(event.channelID, {reinterpret_cast<const char*>(event.packet->data),
                                            event.packet->dataLength});
      }
      enet_packet_destroy(event.packet);
    } else if (client != nullptr && event.type == ENET_EVENT_TYPE_CONNECT) {
      client->say_hello();
    } else if (client != nullptr && event.type == ENET_EVENT_TYPE_DISCONNECT) {
      client->state = State::closed;
      client->goodbye = static_cast<game::Goodbye>(event.data);
      client->peer = nullptr;
      event.peer->data = nullptr;
    }
  }
  impl_->repeat_hellos();
}

}  // namespace troupe::client
