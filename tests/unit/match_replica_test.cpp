// A client's picture of the world and the tables it is coded with, over networks of any kind.
#include <map>
#include <random>

#include <gtest/gtest.h>

#include "game/arena/arena.hpp"
#include "game/arena/snapshot_codec.hpp"
#include "game/pack_bits.hpp"
#include "game/replica.hpp"
#include "tests/support/game_bots.hpp"

namespace troupe::game {
namespace {

/// A packet or an acknowledgement on its way.
struct Transit {
  std::uint32_t arrives = 0;
  std::string bytes;
};

std::string to_packet(const ReplicaSender::Packet& packet, std::uint32_t tick,
                      std::uint32_t checksum, std::uint8_t epoch) {
  SnapshotHead head{
      .tick = tick, .input_sequence = tick, .checksum = checksum, .epoch = epoch, .waiting = 3};
  packet.describe(head);
  return write_head(head) + *packet.bytes;
}

/// A server that sends everything, and its tables.
struct Sending {
  explicit Sending(std::uint8_t epoch_in = 1) : epoch(epoch_in), tables(arena_game(), epoch_in) {}
  std::uint8_t epoch;
  TablesAuthor tables;
  ReplicaSender replica;
  std::uint32_t baseline = 0;  ///< of the last packet

  std::string send(const Snapshot& now, std::uint32_t spoil = 0) {
    const auto view = std::make_shared<const ArenaView>(now);
    Encodings encodings(tables);
    const auto packet = replica.send(view, encodings);
    baseline = packet.baseline ? packet.baseline->tick : 0;
    if (packet.baseline) tables.learn(*packet.baseline, *view);
    return to_packet(packet, now.tick, checksum(arena_game(), *view) ^ spoil, epoch);
  }
};

// Loss, delay, repetition and reordering of both packets and acknowledgements: what is taken is
// what was sent, always, and packets keep being taken.
TEST(Replica, ABadNetworkNeverPartsTheTwoSides) {
  for (unsigned seed = 1; seed <= 30; ++seed) {
    SCOPED_TRACE(seed);
    std::mt19937 random(seed);
    auto world = make_world(seed);
    Sending sender;
    ReplicaReader reader(arena_game());
    std::vector<Transit> down, up;
    std::map<std::uint32_t, PackedTables> told;  ///< by when they arrive
    std::map<std::uint32_t, Snapshot> truth;
    std::size_t taken = 0, stand_alone = 0;
    for (std::uint32_t tick = 1; tick <= 600; ++tick) {
      if (random() % 50 == 0) add_player(world, static_cast<int>(random() % 12));
      if (random() % 80 == 0) remove_player(world, static_cast<int>(random() % 12));
      step(world, test::arena_bots(random, 12));
      truth[tick] = take_snapshot(world);
      const auto packet = sender.send(truth[tick]);
      if (sender.baseline == 0) ++stand_alone;
      if (tick % 10 == 0)
        told[tick + 3 + static_cast<std::uint32_t>(random() % 6)] = sender.tables.newest();
      if (const auto it = told.find(tick); it != told.end()) reader.take_tables(it->second);
      for (int copies = static_cast<int>(random() % 8 != 0) + static_cast<int>(random() % 10 == 0);
           copies > 0; --copies)
        down.push_back({tick + 2 + static_cast<std::uint32_t>(random() % 6), packet});
      const bool dark = tick > 300 && tick < 370;
      for (std::size_t i = 0; i < down.size();) {
        if (down[i].arrives > tick) {
          ++i;
          continue;
        }
        const auto outcome = dark ? ReplicaReader::Outcome::late : reader.read(down[i].bytes, tick);
        ASSERT_TRUE(outcome == ReplicaReader::Outcome::taken ||
                    outcome == ReplicaReader::Outcome::late);
        if (outcome == ReplicaReader::Outcome::taken) {
          ++taken;
          ASSERT_EQ(snapshot_of(*reader.latest()), truth[reader.latest()->tick]);
        }
        down.erase(down.begin() + static_cast<std::ptrdiff_t>(i));
      }
      if (random() % 8 != 0)
        up.push_back({tick + 2 + static_cast<std::uint32_t>(random() % 6),
                      std::to_string(reader.to_acknowledge()) + " " +
                          std::to_string(reader.tables_to_acknowledge())});
      for (std::size_t i = 0; i < up.size();) {
        if (up[i].arrives > tick) {
          ++i;
          continue;
        }
        const auto space = up[i].bytes.find(' ');
        sender.replica.acknowledge(
            static_cast<std::uint32_t>(std::stoul(up[i].bytes)),
            static_cast<TablesVersion>(std::stoul(up[i].bytes.substr(space))));
        up.erase(up.begin() + static_cast<std::ptrdiff_t>(i));
      }
      ASSERT_LE(sender.replica.size(), kMaxBaselines);
      ASSERT_LE(reader.history().size(), kMaxBaselines);
    }
    EXPECT_GT(taken, 200U);
    EXPECT_GT(reader.head().tables, 0U) << "tables are in use";
    EXPECT_LT(stand_alone, 120U) << "most packets build on others";
  }
}

TEST(Replica, AMismatchIsFoundToldAndRepairedByAPacketThatStandsAlone) {
  auto world = make_world(1);
  for (int i = 0; i < 4; ++i) add_player(world, i);
  std::mt19937 random(1);
  Sending sender;
  ReplicaReader reader(arena_game());
  const auto tick = [&](std::uint32_t spoil = 0) {
    step(world, test::arena_bots(random, 4));
    return sender.send(take_snapshot(world), spoil);
  };
  for (int i = 0; i < 3; ++i) {
    ASSERT_EQ(reader.read(tick(), 0), ReplicaReader::Outcome::taken);
    sender.replica.acknowledge(reader.to_acknowledge(), 0);
  }

  EXPECT_EQ(reader.read(tick(1), 0), ReplicaReader::Outcome::mismatch);

  ASSERT_TRUE(reader.mismatch());
  EXPECT_EQ(reader.mismatch()->tick, world.tick);
  EXPECT_EQ(reader.mismatch()->hash, arena_game().hash(*sender.replica.sent(world.tick)))
      << "only the sum was wrong";
  EXPECT_EQ(reader.to_acknowledge(), 0U);
  sender.replica.start_over();
  sender.replica.acknowledge(world.tick, 0);  // overtaken by the report: counts no more
  EXPECT_EQ(reader.read(tick(), 0), ReplicaReader::Outcome::taken);
  EXPECT_EQ(sender.baseline, 0U);
  EXPECT_FALSE(reader.mismatch());
  EXPECT_EQ(snapshot_of(*reader.latest()), take_snapshot(world));
}

TEST(Replica, AnotherEpochStartsFromNothing) {
  auto world = make_world(1);
  add_player(world, 0);
  ReplicaReader reader(arena_game());
  for (const std::uint8_t epoch : {std::uint8_t{1}, std::uint8_t{2}}) {
    Sending sender(epoch);
    world.tick = 10;  // back to a checkpoint
    for (int i = 0; i < 5; ++i) {
      step(world, {});
      const auto outcome = reader.read(sender.send(take_snapshot(world)), 0);

      EXPECT_EQ(outcome, ReplicaReader::Outcome::taken);
      sender.replica.acknowledge(reader.to_acknowledge(), 0);
    }
    EXPECT_EQ(reader.head().epoch, epoch);
    EXPECT_EQ(reader.latest()->tick, 15U);
  }
}

TEST(Replica, GarbageAndDamagedPacketsAreNeverTakenForTheTruth) {
  std::mt19937 random(3);
  auto world = make_world(3);
  for (int i = 0; i < 8; ++i) add_player(world, i);
  Sending sender;
  ReplicaReader reader(arena_game());
  for (int i = 0; i < 3'000; ++i) {
    step(world, test::arena_bots(random, 8));
    const auto now = take_snapshot(world);
    const auto packet = sender.send(now);
    auto damaged = packet;
    for (auto flips = 1 + random() % 3; flips > 0; --flips)
      damaged[random() % damaged.size()] ^= static_cast<char>(1U << random() % 8);
    if (random() % 4 == 0) damaged.resize(random() % damaged.size());
    if (auto victim = reader; victim.read(damaged, 0) == ReplicaReader::Outcome::taken) {
      // The head's other numbers are not part of the state.
      EXPECT_EQ(snapshot_of(*victim.latest()), now);
    }
    ASSERT_EQ(reader.read(packet, 0), ReplicaReader::Outcome::taken);
    reader.take_tables(sender.tables.newest());
    sender.replica.acknowledge(reader.to_acknowledge(), reader.tables_to_acknowledge());
  }
}

TEST(Replica, ClientsWithTheSameBaselineShareTheSameBytes) {
  auto world = make_world(1);
  for (int i = 0; i < 4; ++i) add_player(world, i);
  TablesAuthor tables(arena_game(), 1);
  std::array<ReplicaSender, 3> senders;
  for (int tick = 1; tick <= 3; ++tick) {
    step(world, {});
    Encodings encodings(tables);
    const auto view = std::make_shared<const ArenaView>(take_snapshot(world));
    std::array<ReplicaSender::Packet, 3> packets;

    for (std::size_t i = 0; i < 3; ++i) packets[i] = senders[i].send(view, encodings);

    EXPECT_EQ(packets[0].bytes, packets[1].bytes);
    EXPECT_EQ(packets[0].bytes == packets[2].bytes, tick == 1);
    senders[0].acknowledge(world.tick, 0);
    senders[1].acknowledge(world.tick, 0);
  }
}

TEST(Tables, WhatIsUnpackedCodesAlmostAsWellAsWhatWasLearned) {
  std::mt19937 random(4);
  auto world = make_world(4);
  for (int i = 0; i < 10; ++i) add_player(world, i);
  SnapshotModel learned;
  std::size_t by_learned = 0, by_unpacked = 0, by_nothing = 0;
  auto before = take_snapshot(world);
  SnapshotModel unpacked;
  for (int tick = 0; tick < 600; ++tick) {
    step(world, test::arena_bots(random, 10));
    const auto now = take_snapshot(world);
    if (tick == 300) {
      ASSERT_TRUE(unpack_bits(pack_bits(learned), unpacked));
    }
    auto with_nothing = SnapshotModel();
    auto with_unpacked = unpacked;
    const auto bytes = encode_snapshot(learned, before, now).size();
    if (tick >= 300) {
      by_learned += bytes;
      by_unpacked += encode_snapshot(with_unpacked, before, now).size();
      by_nothing += encode_snapshot(with_nothing, before, now).size();
    }
    before = now;
  }

  EXPECT_LT(static_cast<double>(by_unpacked), 1.03 * static_cast<double>(by_learned));
  EXPECT_LT(static_cast<double>(by_unpacked), 0.8 * static_cast<double>(by_nothing));
  EXPECT_LT(pack_bits(learned).size(), 800U);
}

TEST(Tables, DamagedOrOldOnesAreLeftOutAndOtherEpochsReplaceThem) {
  TablesReader reader(arena_game());
  const auto packed = [](std::uint8_t epoch, TablesVersion version) {
    PackedTables out{epoch, version, arena_game().model()->pack(), 0};
    out.checksum = checksum(out);
    return out;
  };
  for (TablesVersion version = 1; version <= 9; ++version) reader.take(packed(3, version));
  auto damaged = packed(3, 10);
  damaged.bytes += "x";

  reader.take(damaged);
  reader.take(packed(3, 2));

  EXPECT_EQ(reader.newest(3), 9U);
  EXPECT_NE(reader.find(3, short_version(9)), nullptr);
  EXPECT_NE(reader.find(3, short_version(4)), nullptr);
  EXPECT_EQ(reader.find(3, short_version(3)), nullptr) << "older than kKnownTables";
  EXPECT_EQ(reader.find(4, short_version(9)), nullptr);
  reader.take(packed(4, 1));
  EXPECT_EQ(reader.newest(3), 0U);
  EXPECT_EQ(reader.newest(4), 1U);
}

}  // namespace
}  // namespace troupe::game
