// What of a flood reaches ENet.
#include <array>
#include <vector>

#include <gtest/gtest.h>

#include "net/udp/datagram_gate.hpp"

namespace troupe::udp {
namespace {

using Kind = DatagramHead::Kind;
using Verdict = DatagramVerdict;
using namespace std::chrono_literals;

constexpr std::uint32_t kHome = 1, kOther = 2;
const DatagramGate::TimePoint kStart{};

/// As ENet sends it: head with a time, then a CONNECT of 48 bytes.
std::vector<std::uint8_t> connect_datagram() {
  std::vector<std::uint8_t> bytes(52);
  bytes[0] = 0x8f;
  bytes[1] = 0xff;
  bytes[4] = 0x82;  // CONNECT, to be acknowledged
  return bytes;
}

DatagramGate gate_of(GateLimits limits) {
  DatagramGate gate(limits);
  gate.begin_round(1'000);
  return gate;
}

TEST(DatagramHead, TellsAConnectASessionAndJunk) {
  EXPECT_EQ(read_datagram_head(connect_datagram()).kind, Kind::connect);
  const std::vector<std::uint8_t> session{0x90, 0x07, 0, 0, 0x05, 0xff, 0, 1};  // a ping
  EXPECT_EQ(read_datagram_head(session), (DatagramHead{Kind::session, 7}));
}

TEST(DatagramHead, EveryCutOfADatagramIsJunk) {
  const auto whole = connect_datagram();
  for (std::size_t size = 0; size < whole.size(); ++size) {
    EXPECT_EQ(read_datagram_head(std::span(whole).first(size)).kind, Kind::junk) << size;
  }
}

TEST(DatagramHead, CompressedAndUnknownCommandsAreJunk) {
  auto compressed = connect_datagram();
  compressed[0] |= 0x40;
  auto unknown = connect_datagram();
  unknown[4] = 0x0e;
  auto not_a_connect = connect_datagram();
  not_a_connect[4] = 0x05;

  for (const auto& bytes : {compressed, unknown, not_a_connect})
    EXPECT_EQ(read_datagram_head(bytes).kind, Kind::junk);
}

TEST(DatagramGate, AFloodOfOneAddressLeavesAnothersRateAlone) {
  auto gate = gate_of({.stranger = {100, 200}});

  int passed = 0;
  for (int i = 0; i < 10'000; ++i)
    passed += gate.judge(Kind::session, kHome, kStart) == Verdict::pass ? 1 : 0;

  EXPECT_EQ(passed, 200);
  EXPECT_EQ(gate.judge(Kind::session, kHome, kStart), Verdict::address_rate);
  EXPECT_EQ(gate.judge(Kind::session, kOther, kStart), Verdict::pass);
  EXPECT_EQ(gate.judge(Kind::session, kHome, kStart + 10ms), Verdict::pass);
}

TEST(DatagramGate, ClientsRaiseTheRateOfTheirAddress) {
  auto gate = gate_of({.stranger = {0, 1}, .client = {300, 600}});
  for (int i = 0; i < 10; ++i) gate.client_came(kHome, kStart);
  const auto passed_within_a_second = [&](int second) {
    int passed = 0;
    for (int i = 0; i < 10'000; ++i)
      passed +=
          gate.judge(Kind::session, kHome, kStart + std::chrono::seconds(second)) == Verdict::pass;
    return passed;
  };
  passed_within_a_second(10);

  EXPECT_NEAR(passed_within_a_second(11), 3'000, 100);
  for (int i = 0; i < 10; ++i) gate.client_left(kHome);
  EXPECT_LE(passed_within_a_second(12), 1);
}

TEST(DatagramGate, HalfOpenSessionsAreBoundedByAddressAndInAll) {
  auto gate = gate_of({.half_open_per_address = 3});
  gate.begin_round(5);
  gate.half_open_at(kHome);  // found begun and not finished

  // kHome is known only after its first datagram; what was found of it before counts to the crowd.
  EXPECT_EQ(gate.judge(Kind::connect, kHome, kStart), Verdict::pass);
  gate.begin_round(5);
  EXPECT_FALSE(gate.asked());
  gate.half_open_at(kHome);
  EXPECT_EQ(gate.judge(Kind::connect, kHome, kStart), Verdict::pass);
  EXPECT_EQ(gate.judge(Kind::connect, kHome, kStart), Verdict::pass);
  EXPECT_EQ(gate.judge(Kind::connect, kHome, kStart), Verdict::half_open_address);
  EXPECT_TRUE(gate.asked());
  for (std::uint32_t other = 10; other < 13; ++other)
    EXPECT_EQ(gate.judge(Kind::connect, other, kStart), Verdict::pass);
  EXPECT_EQ(gate.judge(Kind::connect, 20, kStart), Verdict::half_open);
  EXPECT_EQ(gate.judge(Kind::session, 20, kStart), Verdict::pass);
}

TEST(DatagramGate, ConnectsOfAnAddressHaveARateOfTheirOwn) {
  auto gate = gate_of({.connects = {10, 20}, .half_open_per_address = 1'000});

  int passed = 0;
  for (int i = 0; i < 100; ++i)
    passed += gate.judge(Kind::connect, kHome, kStart) == Verdict::pass ? 1 : 0;

  EXPECT_EQ(passed, 20);
  EXPECT_EQ(gate.judge(Kind::connect, kHome, kStart), Verdict::connect_rate);
  EXPECT_EQ(gate.judge(Kind::session, kHome, kStart), Verdict::pass);
}

TEST(DatagramGate, ClientsThatCameWhileTooManyWereToldApartLeaveTheCrowdsRateAsItWas) {
  auto gate = gate_of({.stranger = {10, 5}, .client = {0, 50}, .max_addresses = 1});
  ASSERT_EQ(gate.judge(Kind::session, kOther, kStart),
            Verdict::pass);  // the one that is told apart
  gate.client_came(kHome, kStart);
  const auto later = kStart + 2s;  // kOther is forgotten by then
  ASSERT_EQ(gate.judge(Kind::session, kHome, later), Verdict::pass);
  gate.client_left(kHome);

  int passed = 0;
  for (std::uint32_t address = 1'000; address < 1'100; ++address)
    passed += gate.judge(Kind::session, address, later) == Verdict::pass ? 1 : 0;

  EXPECT_LE(passed, 5 + 1) << "all together, and one that is told apart";
}

TEST(DatagramGate, ManyForgedAddressesShareOneRateAndKnownClientsKeepTheirs) {
  auto gate = gate_of({.stranger = {10, 20}, .max_addresses = 100});
  gate.client_came(kHome, kStart);

  int passed = 0;
  for (std::uint32_t address = 1'000; address < 51'000; ++address)
    passed += gate.judge(Kind::session, address, kStart) == Verdict::pass ? 1 : 0;

  EXPECT_LE(passed, 99 + 20);
  EXPECT_EQ(gate.judge(Kind::session, kHome, kStart), Verdict::pass);
}

}  // namespace
}  // namespace troupe::udp
