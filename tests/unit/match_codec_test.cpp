// What snapshots are written with: the entropy coder, rows of fields, and heads.
#include <algorithm>
#include <array>
#include <random>
#include <set>

#include <gtest/gtest.h>

#include "game/row_set.hpp"
#include "game/wire.hpp"

namespace troupe::game {
namespace {

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

TEST(Rows, SetsComeBackWhateverTheirGuessesAre) {
  const std::array<Field, 5> table{
      {{.name = "v", .bits = 8, .is_signed = true, .guess = Guess::zero},
       {.name = "x", .guess = Guess::moved_by, .by = 0},
       {.name = "y", .step = 64},
       {.name = "z", .bits = 3},
       {.name = "kind", .bits = 3, .selects = true}}};
  for (unsigned seed = 1; seed <= 50; ++seed) {
    SCOPED_TRACE(seed);
    std::mt19937 random(seed);
    RowSetModel writing(table), reading(table);
    RowSet last;
    for (int i = 0; i < 50; ++i) {
      RowSet next{
          .tick = last.tick + 1 + static_cast<std::uint32_t>(random() % 4), .ids = {}, .rows = {}};
      std::set<std::uint16_t> ids(last.ids.begin(), last.ids.end());
      if (random() % 3 == 0) ids.insert(static_cast<std::uint16_t>(random()));
      if (random() % 5 == 0 && !ids.empty()) ids.erase(ids.begin());
      for (const auto id : ids) {
        const auto at = std::ranges::find(last.ids, id) - last.ids.begin();
        Row row = at < std::ssize(last.ids) ? last.rows[static_cast<std::size_t>(at)] : Row{};
        if (random() % 4 != 0) {
          row[0] = static_cast<std::int8_t>(random());
          row[1] = static_cast<std::uint16_t>(random());
          row[2] = static_cast<std::uint16_t>(random() % 2 == 0 ? row[2] + 64 : random());
          row[3] = static_cast<std::int32_t>(random() % 8);
          row[4] = static_cast<std::int32_t>(random() % 8);
        }
        next.ids.push_back(id);
        next.rows.push_back(row);
      }
      EntropyEncoder out;
      encode_rows(out, writing, table, last, next);
      const auto bytes = out.take();

      EntropyDecoder in(bytes);
      RowSet decoded{.tick = next.tick, .ids = {}, .rows = {}};
      ASSERT_TRUE(decode_rows(in, reading, table, last, 100, decoded));
      EXPECT_TRUE(in.complete());
      ASSERT_EQ(decoded, next);
      last = std::move(next);
    }
  }
}

// The scenario that Colyseus takes 113 to 116 bytes for; its entropy is 10.8. Head: 11.
TEST(Rows, TenMoversTakeFourteenBytesOnceTheyAreLearned) {
  const std::array<Field, 5> table{
      {{.name = "vx", .bits = 8, .is_signed = true, .guess = Guess::zero},
       {.name = "vy", .bits = 8, .is_signed = true, .guess = Guess::zero},
       {.name = "x", .is_signed = true, .guess = Guess::moved_by, .by = 0},
       {.name = "y", .is_signed = true, .guess = Guess::moved_by, .by = 1},
       {.name = "hp", .bits = 8}}};
  std::mt19937 random(2);
  RowSet now;
  for (std::uint16_t i = 0; i < 10; ++i) now.ids.push_back(i);
  now.rows.resize(10);
  RowSetModel model(table);
  std::size_t bytes = 0;
  for (int tick = 0; tick < 2'000; ++tick) {
    const auto before = now;
    ++now.tick;
    for (auto& row : now.rows) {
      for (const std::size_t axis : {0U, 1U}) {
        row[axis] = static_cast<std::int32_t>(random() % 20) - 10;
        row[axis + 2] = static_cast<std::int16_t>(row[axis + 2] + row[axis]);
      }
    }
    EntropyEncoder out;
    encode_rows(out, model, table, before, now);
    if (tick >= 1'000) bytes += out.take().size();
  }

  EXPECT_LT(static_cast<double>(bytes) / 1'000, 14);
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
    head.tables = head.baseline == 0 ? 0 : static_cast<std::uint8_t>(random() % 8);
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

}  // namespace
}  // namespace troupe::game
