#include <deque>
#include <random>

#include <gtest/gtest.h>

#include "game/replica.hpp"
#include "game/world.hpp"

namespace troupe::game {
namespace {

using Commands = std::array<std::optional<Command>, kMaxPlayers>;

Commands random_commands(std::mt19937& random, int players) {
  Commands out{};
  for (int i = 0; i < players; ++i) {
    if (random() % 8 == 0) continue;
    out[static_cast<std::size_t>(i)] =
        Command{static_cast<std::int8_t>(static_cast<int>(random() % 3) - 1),
                static_cast<std::int8_t>(static_cast<int>(random() % 3) - 1),
                static_cast<std::uint8_t>(random()), random() % 3 == 0};
  }
  return out;
}

/// A packet or an acknowledgement on its way.
struct Transit {
  std::uint32_t arrives = 0;
  std::string bytes;
};

std::string to_packet(const ReplicaSender::Packet& packet, std::uint32_t tick, std::uint8_t epoch) {
  return write_head({.tick = tick,
                     .baseline = packet.baseline,
                     .input_sequence = tick,
                     .checksum = packet.checksum,
                     .epoch = epoch,
                     .waiting = 3}) +
         packet.bytes;
}

TEST(Entropy, CodesWhatItDecodesForAnyBitsAndNumbers) {
  for (unsigned seed = 1; seed <= 200; ++seed) {
    SCOPED_TRACE(seed);
    std::mt19937 random(seed);
    std::vector<std::int32_t> numbers(random() % 300);
    const auto bound = std::int32_t{1} << (random() % 16);
    for (auto& n : numbers)
      n = static_cast<std::int32_t>(random() % (2U * static_cast<unsigned>(bound) + 1)) - bound;
    EntropyEncoder out;
    NumberModel writing;
    Bit flag;
    for (const auto n : numbers) {
      out.bit(flag, n > 3);
      writing.encode(out, n);
      out.raw(static_cast<std::uint32_t>(n), 7);
    }
    const auto bytes = out.take();

    EntropyDecoder in(bytes);
    NumberModel reading;
    Bit read_flag;
    for (const auto n : numbers) {
      ASSERT_EQ(in.bit(read_flag), n > 3);
      ASSERT_EQ(reading.decode(in), n);
      ASSERT_EQ(in.raw(7), static_cast<std::uint32_t>(n) & 0x7f);
    }
    EXPECT_TRUE(in.complete());
  }
}

TEST(Entropy, ComesCloseToTheEntropyOfWhatItLearned) {
  std::mt19937 random(7);
  std::vector<std::int32_t> numbers(20'000);
  for (auto& n : numbers) n = static_cast<std::int32_t>(random() % 20) - 10;
  EntropyEncoder out;
  NumberModel model;

  for (const auto n : numbers) model.encode(out, n);

  const auto bits =
      static_cast<double>(out.take().size()) * 8 / static_cast<double>(numbers.size());
  EXPECT_LT(bits, 4.322 * 1.03) << "log2 20 is 4.322";
}

TEST(Entropy, TruncatedAndLengthenedBytesAreNotComplete) {
  EntropyEncoder out;
  out.raw(0xdead'beef, 32);
  out.raw(0xdead'beef, 32);
  const auto bytes = out.take();
  const auto complete = [](std::string_view text) {
    EntropyDecoder in(text);
    static_cast<void>(in.raw(32));
    static_cast<void>(in.raw(32));
    return in.complete();
  };

  EXPECT_TRUE(complete(bytes));
  EXPECT_FALSE(complete(std::string_view(bytes).substr(0, bytes.size() / 2)));
  EXPECT_FALSE(complete(bytes + "12345"));
}

TEST(Fields, RowsComeBackWhateverTheirGuessesAre) {
  const std::array<Field, 4> table{
      {{.name = "v", .bits = 8, .is_signed = true, .guess = Guess::zero},
       {.name = "x", .guess = Guess::moved_by, .by = 0},
       {.name = "y", .step = 64},
       {.name = "z", .bits = 3}}};
  for (unsigned seed = 1; seed <= 50; ++seed) {
    SCOPED_TRACE(seed);
    std::mt19937 random(seed);
    std::vector<std::pair<Row, Row>> rows;
    Row last{};
    for (int i = 0; i < 100; ++i) {
      Row next = last;
      if (random() % 4 != 0) {
        next[0] = static_cast<std::int8_t>(random());
        next[1] = static_cast<std::uint16_t>(random());
        next[2] = static_cast<std::uint16_t>(random() % 2 == 0 ? next[2] + 64 : random());
        next[3] = static_cast<std::int32_t>(random() % 8);
      }
      rows.emplace_back(last, next);
      last = next;
    }
    EntropyEncoder out;
    RowModel writing(table.size());
    for (const auto& [from, to] : rows) encode_row(out, writing, table, from, to, 3);
    const auto bytes = out.take();

    EntropyDecoder in(bytes);
    RowModel reading(table.size());
    for (const auto& [from, to] : rows) ASSERT_EQ(decode_row(in, reading, table, from, 3), to);
    EXPECT_TRUE(in.complete());
  }
}

TEST(Wire, HeadsComeBackFromLowBitsNearWhatTheReaderKnows) {
  std::mt19937 random(5);
  for (int i = 0; i < 10'000; ++i) {
    SnapshotHead head;
    head.tick = 300 + static_cast<std::uint32_t>(random());
    head.baseline =
        random() % 4 == 0 ? 0 : head.tick - 1 - static_cast<std::uint32_t>(random() % 255);
    head.input_sequence = static_cast<std::uint32_t>(random());
    head.checksum = static_cast<std::uint32_t>(random());
    head.epoch = static_cast<std::uint8_t>(random());
    head.waiting = static_cast<std::uint8_t>(random() % 16);
    const auto packet = write_head(head) + "delta";
    std::string_view rest = packet;

    const auto read =
        take_head(rest, head.tick - static_cast<std::uint32_t>(random() % 30'000),
                  head.input_sequence + static_cast<std::uint32_t>(random() % 30'000));

    // Ticks that wrapped past zero have no baseline before them.
    if (head.baseline != 0 && head.baseline > head.tick) continue;
    ASSERT_TRUE(read);
    EXPECT_EQ(*read, head);
    EXPECT_EQ(rest, "delta");
  }
}

// Loss, delay, repetition and reordering of both packets and acknowledgements: what is taken is
// what was sent, always, and packets keep being taken.
TEST(Replica, ABadNetworkNeverPartsTheTwoSides) {
  for (unsigned seed = 1; seed <= 30; ++seed) {
    SCOPED_TRACE(seed);
    std::mt19937 random(seed);
    auto world = make_world(seed);
    ReplicaSender sender;
    ReplicaReader reader;
    std::vector<Transit> down, up;
    std::map<std::uint32_t, Snapshot> truth;
    std::size_t taken = 0, stand_alone = 0;
    for (std::uint32_t tick = 1; tick <= 600; ++tick) {
      if (random() % 50 == 0) add_player(world, static_cast<int>(random() % 12));
      if (random() % 80 == 0) remove_player(world, static_cast<int>(random() % 12));
      step(world, random_commands(random, 12));
      truth[tick] = take_snapshot(world);
      const auto packet = sender.send(truth[tick]);
      if (packet.baseline == 0) ++stand_alone;
      for (int copies = static_cast<int>(random() % 8 != 0) + static_cast<int>(random() % 10 == 0);
           copies > 0; --copies)
        down.push_back(
            {tick + 2 + static_cast<std::uint32_t>(random() % 6), to_packet(packet, tick, 1)});
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
          ASSERT_EQ(*reader.latest(), truth[reader.latest()->tick]);
        }
        down.erase(down.begin() + static_cast<std::ptrdiff_t>(i));
      }
      if (random() % 8 != 0)
        up.push_back({tick + 2 + static_cast<std::uint32_t>(random() % 6),
                      std::to_string(reader.to_acknowledge())});
      for (std::size_t i = 0; i < up.size();) {
        if (up[i].arrives > tick) {
          ++i;
          continue;
        }
        sender.acknowledge(static_cast<std::uint32_t>(std::stoul(up[i].bytes)));
        up.erase(up.begin() + static_cast<std::ptrdiff_t>(i));
      }
      ASSERT_LE(sender.size(), kMaxBaselines);
      ASSERT_LE(reader.history().size(), kMaxBaselines);
    }
    EXPECT_GT(taken, 200U);
    EXPECT_LT(stand_alone, 120U) << "most packets build on others";
  }
}

TEST(Replica, AMismatchIsFoundToldAndRepairedByAPacketThatStandsAlone) {
  auto world = make_world(1);
  for (int i = 0; i < 4; ++i) add_player(world, i);
  std::mt19937 random(1);
  ReplicaSender sender;
  ReplicaReader reader;
  const auto tick = [&] {
    step(world, random_commands(random, 4));
    return sender.send(take_snapshot(world));
  };
  for (int i = 0; i < 3; ++i) {
    const auto packet = tick();
    ASSERT_EQ(reader.read(to_packet(packet, world.tick, 1), 0), ReplicaReader::Outcome::taken);
    sender.acknowledge(reader.to_acknowledge());
  }

  auto wrong = tick();
  wrong.checksum ^= 1;
  EXPECT_EQ(reader.read(to_packet(wrong, world.tick, 1), 0), ReplicaReader::Outcome::mismatch);

  ASSERT_TRUE(reader.mismatch());
  EXPECT_EQ(reader.mismatch()->tick, world.tick);
  EXPECT_EQ(reader.mismatch()->hash, view_hash(*sender.sent(world.tick)))
      << "only the sum was wrong";
  EXPECT_EQ(reader.to_acknowledge(), 0U);
  sender.start_over();
  sender.acknowledge(world.tick);  // overtaken by the report: counts no more
  const auto repair = tick();
  EXPECT_EQ(repair.baseline, 0U);
  EXPECT_EQ(reader.read(to_packet(repair, world.tick, 1), 0), ReplicaReader::Outcome::taken);
  EXPECT_FALSE(reader.mismatch());
  EXPECT_EQ(*reader.latest(), take_snapshot(world));
}

TEST(Replica, AnotherEpochStartsFromNothing) {
  auto world = make_world(1);
  add_player(world, 0);
  ReplicaReader reader;
  for (const std::uint8_t epoch : {std::uint8_t{1}, std::uint8_t{2}}) {
    ReplicaSender sender;
    world.tick = 10;  // back to a checkpoint
    for (int i = 0; i < 5; ++i) {
      step(world, {});
      const auto outcome =
          reader.read(to_packet(sender.send(take_snapshot(world)), world.tick, epoch), 0);

      EXPECT_EQ(outcome, ReplicaReader::Outcome::taken);
      sender.acknowledge(reader.to_acknowledge());
    }
    EXPECT_EQ(reader.head().epoch, epoch);
    EXPECT_EQ(reader.latest()->tick, 15U);
  }
}

TEST(Replica, GarbageAndDamagedPacketsAreNeverTakenForTheTruth) {
  std::mt19937 random(3);
  auto world = make_world(3);
  for (int i = 0; i < 8; ++i) add_player(world, i);
  ReplicaSender sender;
  ReplicaReader reader;
  for (int i = 0; i < 3'000; ++i) {
    step(world, random_commands(random, 8));
    const auto now = take_snapshot(world);
    auto packet = to_packet(sender.send(now), world.tick, 1);
    auto damaged = packet;
    for (auto flips = 1 + random() % 3; flips > 0; --flips)
      damaged[random() % damaged.size()] ^= static_cast<char>(1U << random() % 8);
    if (random() % 4 == 0) damaged.resize(random() % damaged.size());
    if (auto victim = reader; victim.read(damaged, 0) == ReplicaReader::Outcome::taken) {
      // The head's other numbers are not part of the state.
      EXPECT_EQ(*victim.latest(), now);
    }
    ASSERT_EQ(reader.read(packet, 0), ReplicaReader::Outcome::taken);
    sender.acknowledge(reader.to_acknowledge());
  }
}

}  // namespace
}  // namespace troupe::game
