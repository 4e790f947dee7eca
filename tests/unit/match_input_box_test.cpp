// What clients send a match between two ticks.
#include <atomic>
#include <chrono>
#include <thread>

#include <gtest/gtest.h>

#include "actors/match/input_box.hpp"

namespace troupe::match {
namespace {

using Put = InputBoxes::Put;

InputPtr from(SessionId session) {
  Input in;
  in.from.session = session;
  return std::make_shared<const Input>(std::move(in));
}

TEST(InputBox, takes_what_came_in_its_order_once) {
  InputBoxes boxes;
  const auto box = boxes.open("m");
  for (SessionId session : {3U, 1U, 2U}) EXPECT_EQ(boxes.put("m", from(session)), Put::taken);
  std::vector<InputPtr> taken{from(9)};

  box->take(taken);

  ASSERT_EQ(taken.size(), 3U);
  EXPECT_EQ(taken[0]->from.session, 3U);
  EXPECT_EQ(taken[2]->from.session, 2U);
  box->take(taken);
  EXPECT_TRUE(taken.empty());
}

TEST(InputBox, a_match_that_does_not_tick_has_none) {
  InputBoxes boxes;
  EXPECT_EQ(boxes.put("m", from(1)), Put::closed);
  auto box = boxes.open("m");
  box.reset();

  EXPECT_EQ(boxes.put("m", from(1)), Put::closed);
}

TEST(InputBox, of_a_match_that_was_restarted_the_newest_counts) {
  InputBoxes boxes;
  auto old = boxes.open("m");
  const auto box = boxes.open("m");
  old.reset();  // the crashed activation is destroyed after the next one has begun

  EXPECT_EQ(boxes.put("m", from(1)), Put::taken);
  std::vector<InputPtr> taken;
  box->take(taken);
  EXPECT_EQ(taken.size(), 1U);
}

TEST(InputBox, drops_what_a_tick_cannot_use) {
  InputBoxes boxes;
  const auto box = boxes.open("m");
  for (std::size_t i = 0; i < InputBox::kMost; ++i) ASSERT_EQ(boxes.put("m", from(1)), Put::taken);

  EXPECT_EQ(boxes.put("m", from(1)), Put::full);
}

TEST(InputBox, is_put_into_while_matches_come_and_go) {
  InputBoxes boxes;
  std::atomic<bool> stop{false};
  std::thread clients([&] {
    while (!stop) static_cast<void>(boxes.put("m", from(1)));
  });
  std::size_t seen = 0;
  std::vector<InputPtr> taken;
  for (int i = 0; i < 2'000 || seen == 0; ++i) {
    const auto box = boxes.open("m");
    if (i % 64 == 0) std::this_thread::sleep_for(std::chrono::microseconds(100));
    box->take(taken);
    seen += taken.size();
  }
  stop = true;
  clients.join();

  EXPECT_GT(seen, 0U);
}

}  // namespace
}  // namespace troupe::match
