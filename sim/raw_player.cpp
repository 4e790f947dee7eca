#include "sim/raw_player.hpp"

#include <chrono>

#include <enet/enet.h>

#include "schemas/game_generated.h"

namespace troupe::sim {

struct RawPlayer::Impl {
  ~Impl() {
    if (peer != nullptr) enet_peer_disconnect_now(peer, 0);
    if (host != nullptr) enet_host_destroy(host);
  }
  void on_packet(std::uint8_t channel, std::string_view bytes);

  ENetHost* host = nullptr;
  ENetPeer* peer = nullptr;
  bool connected = false;
  int slot = -1;
  std::uint64_t snapshots = 0;
  std::uint32_t tick = 0, used = 0;
  game::Goodbye goodbye = game::Goodbye::none;
};

void RawPlayer::Impl::on_packet(std::uint8_t channel, std::string_view bytes) {
  if (channel == game::kUnreliableChannel) {
    const auto head = game::take_head(bytes, tick, used);
    if (!head) return;
    ++snapshots;
    tick = head->tick;
    used = head->input_sequence;
    return;
  }
  const auto* data = reinterpret_cast<const std::uint8_t*>(bytes.data());
  flatbuffers::Verifier verifier(data, bytes.size());
  if (!verifier.VerifyBuffer<fbs::ServerMessage>(nullptr)) return;
  const auto* welcome = flatbuffers::GetRoot<fbs::ServerMessage>(data)->body_as_Welcome();
  if (welcome != nullptr) slot = welcome->slot();
}

Result<std::unique_ptr<RawPlayer>> RawPlayer::connect(const std::string& host, std::uint16_t port) {
  if (enet_initialize() != 0) return error(ErrorCode::io, "ENet does not start");
  auto impl = std::make_unique<Impl>();
  impl->host = enet_host_create(nullptr, 1, game::kChannels, 0, 0);
  ENetAddress address{};
  address.port = port;
  if (enet_address_set_host_ip(&address, host.c_str()) != 0)
    return error(ErrorCode::invalid_argument, "not an IPv4 address: " + host);
  if (impl->host != nullptr)
    impl->peer = enet_host_connect(impl->host, &address, game::kChannels, 0);
  if (impl->peer == nullptr) return error(ErrorCode::io, "no UDP socket");
  return std::unique_ptr<RawPlayer>(new RawPlayer(std::move(impl)));
}

RawPlayer::RawPlayer(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
RawPlayer::~RawPlayer() = default;

void RawPlayer::service(std::uint32_t ms) {
  const auto until = std::chrono::steady_clock::now() + std::chrono::milliseconds(ms);
  ENetEvent event;
  do {
    while (enet_host_service(impl_->host, &event, 1) > 0) {
      if (event.type == ENET_EVENT_TYPE_CONNECT) impl_->connected = true;
      if (event.type == ENET_EVENT_TYPE_DISCONNECT) {
        impl_->connected = false;
        impl_->goodbye = static_cast<game::Goodbye>(event.data);
        impl_->peer = nullptr;
      }
      if (event.type != ENET_EVENT_TYPE_RECEIVE) continue;
      impl_->on_packet(event.channelID, {reinterpret_cast<const char*>(event.packet->data),
                                         event.packet->dataLength});
      enet_packet_destroy(event.packet);
    }
  } while (std::chrono::steady_clock::now() < until);
}

void RawPlayer::send(std::string_view bytes, bool reliable) {
  if (impl_->peer == nullptr) return;
  const enet_uint32 flags = reliable ? static_cast<enet_uint32>(ENET_PACKET_FLAG_RELIABLE) : 0;
  auto* packet = enet_packet_create(bytes.data(), bytes.size(), flags);
  const auto channel = reliable ? game::kReliableChannel : game::kUnreliableChannel;
  if (enet_peer_send(impl_->peer, channel, packet) < 0) enet_packet_destroy(packet);
  enet_host_flush(impl_->host);
}

void RawPlayer::hello(const std::string& token) {
  flatbuffers::FlatBufferBuilder builder(512);
  const auto text = builder.CreateString(token);
  const auto hello = fbs::CreateHello(builder, text, false);
  builder.Finish(fbs::CreateClientMessage(builder, fbs::ClientBody::Hello, hello.Union()));
  send({reinterpret_cast<const char*>(builder.GetBufferPointer()), builder.GetSize()}, true);
}

void RawPlayer::commands(std::uint32_t first_sequence,
                         const std::vector<game::PackedCommand>& commands) {
  std::vector<std::uint8_t> bytes;
  for (const auto& command : commands)
    bytes.insert(bytes.end(), command.bytes.begin(), command.bytes.begin() + command.size);
  flatbuffers::FlatBufferBuilder builder(256);
  const auto list = builder.CreateVector(bytes);
  fbs::CommandsBuilder body(builder);
  body.add_first_sequence(first_sequence);
  body.add_size(commands.empty() ? std::uint8_t{0} : commands.front().size);
  body.add_commands(list);
  const auto done = body.Finish();
  builder.Finish(fbs::CreateClientMessage(builder, fbs::ClientBody::Commands, done.Union()));
  send({reinterpret_cast<const char*>(builder.GetBufferPointer()), builder.GetSize()}, false);
}

bool RawPlayer::connected() const noexcept {
  return impl_->connected;
}
int RawPlayer::slot() const noexcept {
  return impl_->slot;
}
std::uint64_t RawPlayer::snapshots() const noexcept {
  return impl_->snapshots;
}
std::uint32_t RawPlayer::newest_tick() const noexcept {
  return impl_->tick;
}
std::uint32_t RawPlayer::used() const noexcept {
  return impl_->used;
}
game::Goodbye RawPlayer::goodbye() const noexcept {
  return impl_->goodbye;
}

}  // namespace troupe::sim
