// The rules of sea battle, its clocks, and that nobody is told where ships are hidden.
#include <random>

#include <gtest/gtest.h>

#include "game/sea/sea.hpp"
#include "game/tables.hpp"
#include "tests/support/game_bots.hpp"

namespace troupe::game::sea {
namespace {

using Kind = Order::Kind;

Order place(std::uint8_t ship, std::uint8_t cell, bool down = false) {
  return {.kind = Kind::place, .cell = cell, .ship = ship, .down = down};
}
Order shot(std::uint8_t cell) {
  return {.kind = Kind::shoot, .cell = cell};
}

/// One tick with an order of one side.
void order(Table& table, int side, const Order& wanted) {
  Orders orders{};
  orders[static_cast<std::size_t>(side)] = wanted;
  step(table, orders);
}

/// All ships at the left of rows `first_row` and below.
void place_all(Table& table, int side, int first_row = 0) {
  for (std::uint8_t ship = 0; ship < kShips.size(); ++ship)
    order(table, side, place(ship, static_cast<std::uint8_t>((first_row + ship) * kSide)));
}

Table placing() {
  auto table = make_table(30);
  take_seat(table, 0);
  take_seat(table, 1);
  return table;
}

Table shooting(int row_of_second = 0) {
  auto table = placing();
  place_all(table, 0);
  place_all(table, 1, row_of_second);
  EXPECT_EQ(table.phase, Phase::shooting);
  return table;
}

TEST(SeaRules, ItBeginsWhenBothHaveComeAndShootsWhenBothAreReady) {
  auto table = make_table(30);
  take_seat(table, 0);
  order(table, 0, place(0, 0));
  EXPECT_EQ(table.phase, Phase::gathering);
  EXPECT_EQ(table.fleets[0].last_refusal, Refusal::not_now);

  take_seat(table, 1);
  EXPECT_EQ(table.phase, Phase::placing);
  place_all(table, 0);
  EXPECT_EQ(table.phase, Phase::placing);
  place_all(table, 1);

  EXPECT_EQ(table.phase, Phase::shooting);
  EXPECT_EQ(table.turn, 0);
}

TEST(SeaRules, ShipsLieOnTheBoardAndNotOnEachOther) {
  auto table = placing();
  order(table, 0, place(0, 6));
  EXPECT_EQ(table.fleets[0].last_refusal, Refusal::off_the_board) << "five from column 6";
  order(table, 0, place(0, 60, true));
  EXPECT_EQ(table.fleets[0].refusals, 2);
  order(table, 0, place(0, 0));
  order(table, 0, place(1, 4, true));
  EXPECT_EQ(table.fleets[0].last_refusal, Refusal::overlaps);
  order(table, 0, place(0, 1));
  EXPECT_EQ(table.fleets[0].ships[0].cell, 1) << "until all are placed they may be moved";
  EXPECT_EQ(table.fleets[0].refusals, 3);
}

TEST(SeaRules, IllegalShotsChangeNothing) {
  auto table = shooting();
  order(table, 1, shot(0));
  EXPECT_EQ(table.fleets[1].last_refusal, Refusal::not_your_turn);
  EXPECT_TRUE(table.fleets[0].shots.none());
  order(table, 0, place(0, 50));
  EXPECT_EQ(table.fleets[0].last_refusal, Refusal::not_now);
  order(table, 0, shot(99));
  order(table, 1, shot(99));
  EXPECT_EQ(table.turn, 0);

  order(table, 0, shot(99));

  EXPECT_EQ(table.fleets[0].last_refusal, Refusal::shot_before);
  EXPECT_EQ(table.turn, 0) << "and it may try another";
}

TEST(SeaRules, WhoHasHitEverythingWins) {
  auto table = shooting();
  std::uint8_t wasted = 99;
  for (std::uint8_t ship = 0; ship < kShips.size(); ++ship) {
    for (std::uint8_t i = 0; i < kShips[ship]; ++i) {
      ASSERT_EQ(table.phase, Phase::shooting);
      order(table, 0, shot(static_cast<std::uint8_t>(ship * kSide + i)));
      if (table.phase == Phase::shooting) order(table, 1, shot(wasted--));
    }
  }

  EXPECT_EQ(table.phase, Phase::over);
  EXPECT_EQ(table.winner, Winner::first);
  EXPECT_EQ(table.end, End::sunk);
  EXPECT_EQ(SeaState(table).score(0), 1);
  EXPECT_EQ(SeaState(table).score(1), 0);
  EXPECT_TRUE(SeaState(table).over());
}

TEST(SeaClock, RunsForWhoseTurnItIsAndLosesTheGame) {
  auto table = shooting();
  order(table, 0, shot(99));
  const auto first = time_left(table, 0), second = time_left(table, 1);
  EXPECT_EQ(second, static_cast<std::uint32_t>(kClockSeconds * 30));
  EXPECT_GT(first, second) << "an increment for the shot";

  for (std::uint32_t i = 1; i < second; ++i) step(table, {});
  EXPECT_EQ(table.phase, Phase::shooting);
  EXPECT_EQ(time_left(table, 0), first) << "it is not its turn";
  EXPECT_EQ(time_left(table, 1), 1U);
  step(table, {});

  EXPECT_EQ(table.phase, Phase::over);
  EXPECT_EQ(table.winner, Winner::first);
  EXPECT_EQ(table.end, End::time);
}

TEST(SeaClock, WhoDoesNotPlaceShipsInTimeLosesAndNeitherWinsIfBothDoNot) {
  auto one = placing(), both = placing();
  place_all(one, 1);
  for (int i = 0; i < kPlacingSeconds * 30; ++i) {
    step(one, {});
    step(both, {});
  }

  EXPECT_EQ(one.winner, Winner::second);
  EXPECT_EQ(both.winner, Winner::nobody);
  EXPECT_EQ(both.end, End::time);
  EXPECT_EQ(SeaState(both).score(0), SeaState(both).score(1));
}

TEST(SeaRules, WhoResignsLosesAndThePlaceOfOneWhoIsGoneStays) {
  auto table = shooting();
  EXPECT_TRUE(SeaState(table).keeps(1));
  EXPECT_FALSE(SeaState(make_table(30)).keeps(1));
  order(table, 1, {.kind = Kind::resign});

  EXPECT_EQ(table.winner, Winner::first);
  EXPECT_EQ(table.end, End::resigned);
}

/// What goes to a side, or to those who watch, of a run of states.
std::vector<std::string> bytes_for(const std::vector<Table>& tables, int side) {
  std::vector<std::string> out;
  ViewPtr before;
  for (const auto& table : tables) {
    const SeaState state(table);
    out.push_back(sea_game().spectator_frame(state));
    if (side == kWatcher) continue;
    const auto view = sea_game().lens({})->select(state, nullptr, side, before, before);
    const auto model = sea_game().model();
    out.push_back(sea_game().encode(*model, before.get(), *view));
    out.push_back(sea_game().frame(*view));
    out.push_back(std::to_string(sea_game().hash(*view)));
    before = view;
  }
  return out;
}

/// The second hides its ships at two places; the first shoots where there are none in either.
std::vector<Table> hidden_at(int row) {
  std::vector<Table> out;
  auto table = placing();
  for (std::uint8_t ship = 0; ship < kShips.size(); ++ship) {
    Orders orders{};
    orders[0] = place(ship, static_cast<std::uint8_t>(ship * kSide));
    orders[1] = place(ship, static_cast<std::uint8_t>((row + ship) * kSide + 1));
    step(table, orders);
    out.push_back(table);
  }
  for (std::uint8_t i = 0; i < 10; ++i) {
    order(table, 0, shot(static_cast<std::uint8_t>(i * kSide + 9)));
    out.push_back(table);
    order(table, 1, shot(i));
    out.push_back(table);
  }
  return out;
}

TEST(SeaSecrets, StatesThatDifferOnlyInWhatIsHiddenAreTheSameBytesToTheOthers) {
  const auto one = hidden_at(0), other = hidden_at(4);
  ASSERT_NE(SeaState(one.back()).hash(), SeaState(other.back()).hash());

  EXPECT_EQ(bytes_for(one, 0), bytes_for(other, 0)) << "the enemy";
  EXPECT_EQ(bytes_for(one, kWatcher), bytes_for(other, kWatcher)) << "those who watch";
  EXPECT_NE(bytes_for(one, 1), bytes_for(other, 1)) << "whose ships they are";
}

TEST(SeaSecrets, NoViewThatAnybodyElseGetsHasAnUnhitShip) {
  std::mt19937 random(3);
  SeaState state(placing());
  for (int tick = 0; tick < 600 && !state.over(); ++tick) {
    state.step(test::bot_commands(sea_game(), state, random));
    if (state.over()) break;
    for (const int side : {0, 1, kWatcher}) {
      const auto sight = see(state.table, side);
      for (int board = 0; board < 2; ++board) {
        if (board == side) continue;
        for (const auto cell : sight.boards[static_cast<std::size_t>(board)])
          ASSERT_NE(cell, Cell::ship);
      }
    }
    EXPECT_EQ(sea_game().show_all(state), nullptr);
  }
  EXPECT_TRUE(state.over());
  EXPECT_EQ(state.table.end, End::sunk);
}

TEST(SeaCodec, AWaitingTableCostsAByteOrTwo) {
  auto table = shooting();
  const SeaView before(see(table, 0));
  step(table, {});
  const SeaView now(see(table, 0));
  const auto model = sea_game().model();

  EXPECT_LE(sea_game().encode(*model, &before, now).size(), 2U);
}

}  // namespace
}  // namespace troupe::game::sea
