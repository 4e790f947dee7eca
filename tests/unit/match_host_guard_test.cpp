#include <memory>

#include <gtest/gtest.h>

#include "base/metrics.hpp"
#include "net/udp/host_guard.hpp"

namespace troupe::udp {
namespace {

using Host = std::unique_ptr<ENetHost, void (*)(ENetHost*)>;

Host make_host(const ENetAddress* address, std::size_t peers) {
  return {enet_host_create(address, peers, 2, 0, 0), enet_host_destroy};
}

class HostGuardTest : public testing::Test {
 protected:
  HostGuardTest() {
    enet_address_set_host_ip(&address_, "127.0.0.1");
    host_ = make_host(&address_, 1);
    enet_socket_get_address(host_->socket, &address_);
    guard_ = std::make_unique<HostGuard>(metrics_, *host_, "test");
  }
  void round() {
    ENetEvent event;
    guard_->begin_round(now_);
    enet_host_service(host_.get(), &event, 1);
  }
  /// A client begins to connect, by this number, and does not go on. False: it got no place.
  bool knock(std::uint32_t connect_id) {
    const auto client = make_host(nullptr, 1);
    client->randomSeed = connect_id - 1;  // ENet counts it up
    enet_host_connect(client.get(), &address_, 2, 0);
    for (int i = 0; i < 2'000; ++i) {
      ENetEvent event;
      if (i % 100 == 0) enet_host_flush(client.get());
      enet_host_service(client.get(), &event, 0);
      round();
      if (peer().state == ENET_PEER_STATE_ACKNOWLEDGING_CONNECT) break;
    }
    round();
    return peer().connectID == connect_id;
  }
  [[nodiscard]] ENetPeer& peer() { return host_->peers[0]; }

  Metrics metrics_;
  ENetAddress address_{};
  Host host_{nullptr, enet_host_destroy};
  std::unique_ptr<HostGuard> guard_;
  HostGuard::TimePoint now_ = std::chrono::steady_clock::now();
};

TEST_F(HostGuardTest, WhoBeginsAgainByTheSameNumberIsGivenNoMoreTime) {
  for (const std::uint32_t number : {42U, 42U, 0U}) {
    ASSERT_TRUE(knock(number));

    EXPECT_EQ(peer().timeoutMinimum, 2'000U);
    enet_peer_reset(&peer());  // as ENet does to one who does not go on
    round();
  }
}

}  // namespace
}  // namespace troupe::udp
