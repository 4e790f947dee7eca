#include "net/client/lobby_client.hpp"

#include <mutex>

#include <enet/enet.h>

#include "schemas/game_generated.h"

namespace troupe::client {
namespace {

std::once_flag enet_once;

std::string text(const flatbuffers::String* in) {
  return in == nullptr ? std::string() : in->str();
}

QueueState state_of(const fbs::QueueState& in) {
  QueueState out;
  out.state = in.state()->str();
  out.reason = text(in.reason());
  out.ticket = text(in.ticket());
  out.mode = text(in.mode());
  out.deadline_ms = in.deadline_ms();
  out.ping_ms = in.ping_ms();
  out.region = text(in.region());
  out.match = text(in.match());
  out.team = in.team();
  out.game = {text(in.host()), in.port(), text(in.token())};
  return out;
}

}  // namespace

struct LobbyClient::Impl {
  ENetHost* host = nullptr;
  ENetPeer* peer = nullptr;
  std::string token;
  std::optional<QueueState> state;
  bool closed = false;
  game::Goodbye goodbye = game::Goodbye::none;

  ~Impl() {
    if (peer != nullptr && !closed) enet_peer_disconnect_now(peer, 0);
    if (host != nullptr) enet_host_destroy(host);
  }

  template <class Body>
  void send(flatbuffers::FlatBufferBuilder& builder, fbs::ClientBody type, Body body) const {
    builder.Finish(fbs::CreateClientMessage(builder, type, body.Union()));
    auto* packet = enet_packet_create(builder.GetBufferPointer(), builder.GetSize(),
                                      ENET_PACKET_FLAG_RELIABLE);
    if (enet_peer_send(peer, game::kReliableChannel, packet) < 0) enet_packet_destroy(packet);
  }

  void say_hello() const {
    flatbuffers::FlatBufferBuilder builder(512);
    send(builder, fbs::ClientBody::Hello,
         fbs::CreateHello(builder, builder.CreateString(token), false));
  }

  void answer(bool accept, bool auto_accept) const {
    if (closed) return;
    flatbuffers::FlatBufferBuilder builder(128);
    send(builder, fbs::ClientBody::QueueAnswer,
         fbs::CreateQueueAnswer(builder, accept, 0, auto_accept));
  }

  void hear(const ENetPacket& packet) {
    flatbuffers::Verifier verifier(packet.data, packet.dataLength);
    if (!verifier.VerifyBuffer<fbs::ServerMessage>(nullptr)) return;
    const auto* message = flatbuffers::GetRoot<fbs::ServerMessage>(packet.data);
    if (const auto* told = message->body_as_QueueState()) state = state_of(*told);
    if (const auto* probe = message->body_as_Probe()) {
      flatbuffers::FlatBufferBuilder builder(64);
      send(builder, fbs::ClientBody::Probe, fbs::CreateProbe(builder, probe->number()));
      enet_host_flush(host);  // at once: it is timed
    }
  }
};

LobbyClient::LobbyClient(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
LobbyClient::~LobbyClient() = default;

Result<std::unique_ptr<LobbyClient>> LobbyClient::connect(const std::string& host,
                                                          std::uint16_t port,
                                                          const std::string& token) {
  std::call_once(enet_once, [] { enet_initialize(); });
  auto impl = std::make_unique<Impl>();
  ENetAddress address{};
  address.port = port;
  if (enet_address_set_host_ip(&address, host.c_str()) != 0)
    return error(ErrorCode::invalid_argument, "not an address: " + host);
  impl->host = enet_host_create(nullptr, 1, game::kChannels, 0, 0);
  if (impl->host == nullptr) return error(ErrorCode::io, "no socket");
  impl->peer = enet_host_connect(impl->host, &address, game::kChannels, 0);
  impl->token = token;
  return std::unique_ptr<LobbyClient>(new LobbyClient(std::move(impl)));
}

void LobbyClient::service(std::uint32_t wait_ms) {
  ENetEvent event;
  for (auto wait = wait_ms; enet_host_service(impl_->host, &event, wait) > 0; wait = 0) {
    if (event.type == ENET_EVENT_TYPE_CONNECT) {
      impl_->say_hello();
    } else if (event.type == ENET_EVENT_TYPE_RECEIVE) {
      impl_->hear(*event.packet);
      enet_packet_destroy(event.packet);
    } else if (event.type == ENET_EVENT_TYPE_DISCONNECT) {
      impl_->closed = true;
      impl_->goodbye = static_cast<game::Goodbye>(event.data);
    }
  }
}

void LobbyClient::enter(const QueueWish& wish) {
  if (impl_->closed) return;
  flatbuffers::FlatBufferBuilder builder(512);
  std::vector<flatbuffers::Offset<fbs::RegionPing>> pings;
  for (const auto& [region, ms] : wish.pings)
    pings.push_back(fbs::CreateRegionPing(builder, builder.CreateString(region), ms));
  const auto mode = builder.CreateString(wish.mode);
  const auto ping_list = builder.CreateVector(pings);
  const auto party = builder.CreateVectorOfStrings(wish.party);
  const auto roles = builder.CreateVectorOfStrings(wish.roles);
  impl_->send(builder, fbs::ClientBody::Queue,
              fbs::CreateQueue(builder, mode, ping_list, party, roles, wish.auto_accept));
}

void LobbyClient::accept(bool auto_accept) {
  impl_->answer(true, auto_accept);
}
void LobbyClient::decline() {
  impl_->answer(false, false);
}
const std::optional<QueueState>& LobbyClient::state() const noexcept {
  return impl_->state;
}
bool LobbyClient::closed() const noexcept {
  return impl_->closed;
}
game::Goodbye LobbyClient::goodbye() const noexcept {
  return impl_->goodbye;
}

}  // namespace troupe::client
