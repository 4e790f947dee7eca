// Packing and draining hosts. Packing as agones #3992 asks: fill open hosts first.
#include <algorithm>
#include <map>
#include <random>
#include <set>

#include <gtest/gtest.h>

#include "actors/fleet/inventory.hpp"

namespace troupe::fleet {
namespace {

HostSpec host(const std::string& id, std::size_t players = 32, std::size_t matches = 4,
              const std::string& region = "eu") {
  return {id, region, "127.0.0.1", 7777, players, matches};
}

Wanted match(const std::string& id, std::size_t players = 8, const std::string& region = "eu") {
  return {id, players, region, {}};
}

constexpr std::uint64_t kNow = 1'000, kLater = 60'000;

TEST(FleetInventory, NoHostIsBegunWhileABegunOneHasRoom) {
  Inventory fleet;
  for (const auto* id : {"a", "b", "c"}) fleet.add(host(id));

  std::vector<std::string> placed;
  for (int i = 0; i < 8; ++i)
    placed.push_back(*fleet.place(match("m" + std::to_string(i)), kNow, kLater));

  EXPECT_EQ(placed, (std::vector<std::string>{"a", "a", "a", "a", "b", "b", "b", "b"}));
}

TEST(FleetInventory, TheFullestOfTheBegunHostsIsFilledFirst) {
  Inventory fleet;
  fleet.add(host("a"));
  fleet.add(host("b"));
  for (int i = 0; i < 6; ++i)
    ASSERT_TRUE(fleet.place(match("m" + std::to_string(i)), kNow, kLater).ok());
  fleet.rest("m0");
  fleet.rest("m1");
  fleet.rest("m2");  // a holds one match now, b two

  EXPECT_EQ(*fleet.place(match("x"), kNow, kLater), "b");
}

TEST(FleetInventory, AMatchGoesToItsRegionOrNowhere) {
  Inventory fleet;
  fleet.add(host("a", 32, 4, "eu"));
  fleet.add(host("b", 32, 4, "us"));

  EXPECT_EQ(*fleet.place(match("m", 8, "us"), kNow, kLater), "b");
  EXPECT_EQ(fleet.place(match("n", 8, "asia"), kNow, kLater).code(), ErrorCode::unavailable);
  EXPECT_EQ(*fleet.place(match("o", 8, ""), kNow, kLater), "b");
}

TEST(FleetInventory, ADrainingHostTakesNoMatchAndKeepsItsOwn) {
  Inventory fleet;
  fleet.add(host("a"));
  fleet.add(host("b"));
  ASSERT_EQ(*fleet.place(match("old"), kNow, kLater), "a");
  ASSERT_TRUE(fleet.playing(match("old"), kNow).ok());

  ASSERT_TRUE(fleet.set_draining("a").ok());

  EXPECT_EQ(*fleet.place(match("new"), kNow, kLater), "b");
  EXPECT_EQ(*fleet.place(match("old"), kNow, kLater), "a");
  fleet.rest("old");
  EXPECT_EQ(fleet.find("a")->matches, 0U);
  ASSERT_TRUE(fleet.set_open("a").ok());
  EXPECT_EQ(*fleet.place(match("newer", 32), kNow, kLater), "a");
}

TEST(FleetInventory, AMatchThatRestedGoesBackToItsHostUnlessThatDrainsAndAnotherHasRoom) {
  Inventory fleet;
  fleet.add(host("a"));
  fleet.add(host("b"));
  ASSERT_TRUE(fleet.place(match("other"), kNow, kLater).ok());
  auto back = match("m");
  back.last_host = "b";

  EXPECT_EQ(*fleet.place(back, kNow, kLater), "b");
  fleet.rest("m");
  ASSERT_TRUE(fleet.set_draining("b").ok());
  EXPECT_EQ(*fleet.place(back, kNow, kLater), "a");
  fleet.rest("m");
  ASSERT_TRUE(fleet.set_draining("a").ok());
  EXPECT_EQ(*fleet.place(back, kNow, kLater), "b");
  EXPECT_EQ(fleet.place(match("new"), kNow, kLater).code(), ErrorCode::unavailable);
}

TEST(FleetInventory, AMatchWhoseLastHostIsNotThereIsPlacedAnew) {
  Inventory fleet;
  fleet.add(host("a"));
  auto back = match("m");
  back.last_host = "of before the restart";

  EXPECT_EQ(*fleet.place(back, kNow, kLater), "a");
  fleet.rest("m");
  EXPECT_EQ(*fleet.playing(back, kNow), "a");
}

TEST(FleetInventory, AHoldRunsOutUnlessTheMatchIsPlayed) {
  Inventory fleet;
  fleet.add(host("a", 8, 1));
  ASSERT_TRUE(fleet.place(match("m"), kNow, kNow + 10).ok());
  EXPECT_EQ(fleet.place(match("n"), kNow + 9, kLater).code(), ErrorCode::overloaded);

  ASSERT_TRUE(fleet.place(match("n"), kNow + 10, kNow + 20).ok());
  ASSERT_TRUE(fleet.playing(match("n"), kNow + 15).ok());

  fleet.expire(kLater);
  EXPECT_EQ(fleet.host_of("n"), "a");
  EXPECT_EQ(fleet.host_of("m"), "");
}

TEST(FleetInventory, WhoPlaysIsNotSentAwayWhereThereIsNoRoom) {
  Inventory fleet;
  fleet.add(host("a", 8, 1));
  ASSERT_TRUE(fleet.playing(match("m"), kNow).ok());

  EXPECT_EQ(*fleet.playing(match("n"), kNow), "a");
  EXPECT_EQ(fleet.find("a")->players, 16U);
}

/// What the book says, counted anew.
void check(const Inventory& fleet, const std::set<std::string>& ids) {
  std::map<std::string, std::size_t> matches;
  std::size_t total = 0;
  for (const auto& id : ids) {
    const auto on = fleet.host_of(id);
    if (on.empty()) continue;
    ++matches[on];
    ++total;
    EXPECT_NE(fleet.find(on), nullptr);
  }
  EXPECT_EQ(fleet.matches(), total);
  for (const auto& [id, host] : fleet.hosts()) {
    EXPECT_EQ(host.matches, matches[id]);
    EXPECT_LE(host.matches, host.spec.max_matches);
    EXPECT_LE(host.players, host.spec.max_players);
  }
}

TEST(FleetInventory, HoldsItsInvariantsUnderAnyOrderOfEvents) {
  const auto seed = std::random_device{}();
  SCOPED_TRACE(seed);
  std::mt19937 random(seed);
  const auto pick = [&](std::size_t below) { return random() % below; };
  for (int round = 0; round < 30; ++round) {
    Inventory fleet;
    const std::vector<std::string> hosts{"a", "b", "c", "d", "e"};
    for (const auto& id : hosts)
      fleet.add(host(id, 16 + pick(64), 1 + pick(12), pick(2) == 0 ? "eu" : "us"));
    std::set<std::string> ids;
    std::uint64_t now = 1;
    for (int step = 0; step < 400; ++step) {
      now += pick(50);
      const auto id = "m" + std::to_string(pick(60));
      const auto& on = hosts[pick(hosts.size())];
      switch (pick(10)) {
        case 0:
          static_cast<void>(fleet.set_draining(on));
          break;
        case 1:
          static_cast<void>(fleet.set_open(on));
          break;
        case 2:
          fleet.expire(now);
          break;
        case 3:
          fleet.add(fleet.find(on)->spec);
          break;
        case 4:
          fleet.rest(id);
          break;
        default: {
          fleet.expire(now);
          const auto before = fleet.hosts();
          const bool fresh = fleet.host_of(id).empty();
          const auto wanted = match(id, 2 + pick(10), pick(2) == 0 ? "eu" : "us");
          const auto placed = fleet.place(wanted, now, now + pick(500) + 1);
          ids.insert(id);
          const auto fits = [&](const Host& h) {
            return h.state == HostState::open && h.spec.region == wanted.region &&
                   h.matches < h.spec.max_matches &&
                   h.players + wanted.players <= h.spec.max_players;
          };
          if (placed.ok() && fresh) {
            EXPECT_TRUE(fits(before.at(*placed)));
            // Never a new host while a begun one has room.
            if (before.at(*placed).matches == 0) {
              EXPECT_TRUE(std::ranges::none_of(
                  before, [&](const auto& h) { return h.second.matches > 0 && fits(h.second); }));
            }
          } else if (!placed.ok()) {
            EXPECT_TRUE(
                std::ranges::none_of(before, [&](const auto& h) { return fits(h.second); }));
          }
          if (placed.ok() && pick(2) == 0) {
            EXPECT_EQ(*fleet.playing(wanted, now), *placed);
          }
        }
      }
      check(fleet, ids);
    }
  }
}

}  // namespace
}  // namespace troupe::fleet
