// Matches that crash around their end: one result and one event each, whatever the moment.
#include <algorithm>
#include <map>
#include <random>
#include <thread>

#include <boost/json.hpp>

#include "base/ids.hpp"
#include "storage/journal.hpp"
#include "tests/actor/match_domain.hpp"

namespace troupe::match {
namespace {

/// Whether the match counts as one that is played.
struct Stage final : Places {
  Result<std::string> place(const MatchInfo&) override { return std::string("stage"); }
  std::string playing(const MatchInfo&) override {
    played = true;
    return "stage";
  }
  void rest(const std::string&) override { played = false; }
  std::atomic<bool> played{false};
};

struct Quiet {
  Silence silence;
  std::shared_ptr<Stage> stage = std::make_shared<Stage>();
};

class MatchEndTest : private Quiet, public MatchDomainTest {
 protected:
  MatchEndTest()
      : MatchDomainTest(silence, {.tick_hz = 1'000, .checkpoint_ticks = 2, .places = stage}) {}
  /// A match that has come to its end while the disk stands still, until `go_on_`; its id.
  std::string end_on_a_disk_that_stands_still() {
    MatchInfo wanted;
    wanted.id = make_id_string();
    wanted.max_players = 2;
    wanted.rules.time_limit_ticks = 300;
    EXPECT_TRUE(ask(wanted.id, open_atom::value, wanted).ok());
    enter(wanted.id, {1, "ann"});
    std::promise<void> stalled;
    storage::Batch nothing;
    nothing.put(storage::Family::match, "stall", "");
    EXPECT_TRUE(writer_
                    .submit(std::move(nothing),
                            [&](const auto&) {
                              stalled.set_value();
                              go_on_.get_future().wait();
                            })
                    .ok());
    stalled.get_future().wait();
    const auto until = std::chrono::steady_clock::now() + 10s;
    while (tick_of(wanted.id) < 300 && std::chrono::steady_clock::now() < until)
      std::this_thread::sleep_for(1ms);
    EXPECT_EQ(tick_of(wanted.id), 300U);
    return wanted.id;
  }
  std::uint32_t tick_of(const std::string& id) {
    const auto info = ask(id, info_atom::value);
    return info.ok() ? (*info)->tick : 0;
  }
  void enter(const std::string& id, const Client& client) {
    entities_.tell(kMatchKind, id, caf::make_message(enter_atom::value, client));
  }
  [[nodiscard]] const Stage& places() const { return *stage; }

  std::promise<void> go_on_;
};

TEST_F(MatchEndTest, who_comes_in_while_the_result_is_on_its_way_to_disk_does_not_begin_it_again) {
  const auto id = end_on_a_disk_that_stands_still();
  ASSERT_FALSE(places().played);

  enter(id, {2, "bob"});
  ASSERT_TRUE(ask(id, info_atom::value).ok());  // it has come in
  EXPECT_FALSE(places().played);
  go_on_.set_value();
  const auto until = std::chrono::steady_clock::now() + 20s;
  auto info = ask(id, info_atom::value);
  while (info.ok() && (*info)->ended_ms == 0 && std::chrono::steady_clock::now() < until)
    info = ask(id, info_atom::value);

  ASSERT_TRUE(info.ok());
  EXPECT_NE((*info)->ended_ms, 0U);
  EXPECT_FALSE(places().played);
}

// The disk stands still while the match ends and crashes: its successor reads what was before the
// end, and must find out.
TEST_F(MatchEndTest, a_result_that_was_on_its_way_to_disk_at_the_crash_is_the_one) {
  const auto id = end_on_a_disk_that_stands_still();

  entities_.crash(kMatchKind, id);
  std::this_thread::sleep_for(300ms);  // the successor comes up and reads
  go_on_.set_value();

  const auto info = ask(id, info_atom::value);
  ASSERT_TRUE(info.ok());
  EXPECT_NE((*info)->ended_ms, 0U);
  enter(id, {2, "ann"});
  std::this_thread::sleep_for(50ms);  // were it played on, it would end again now
  writer_.flush();
  const auto events = storage::read_journal(*store_, 1, 100);
  ASSERT_TRUE(events.ok());
  EXPECT_EQ(std::ranges::count(*events, "troupe.match.ended.v1", &storage::JournalEntry::type), 1);
}

TEST_F(MatchEndTest,
       a_match_that_crashes_at_any_moment_around_its_end_has_one_result_and_one_event) {
  constexpr int kMatches = 120;
  const auto seed = std::random_device{}();
  SCOPED_TRACE(seed);
  std::mt19937 random(seed);
  std::vector<std::string> ids;
  for (int i = 0; i < kMatches; ++i) {
    MatchInfo wanted;
    wanted.id = make_id_string();
    wanted.max_players = 2;
    wanted.rules.time_limit_ticks = 4;
    ASSERT_TRUE(ask(wanted.id, open_atom::value, wanted).ok());
    ids.push_back(wanted.id);
    entities_.tell(kMatchKind, wanted.id,
                   caf::make_message(enter_atom::value, Client{SessionId(1000 + i), "ann"}));
    // Four ticks last four milliseconds, and the write of the result a little longer.
    std::this_thread::sleep_for(std::chrono::microseconds(random() % 8'000));
    entities_.crash(kMatchKind, wanted.id);
    if (i % 3 == 0) entities_.crash(kMatchKind, wanted.id);
  }

  for (const auto& id : ids) {
    const auto until = std::chrono::steady_clock::now() + 20s;
    auto info = ask(id, info_atom::value);
    while ((!info.ok() || (*info)->ended_ms == 0) && std::chrono::steady_clock::now() < until) {
      // Without a client it stands still: one comes in again.
      entities_.tell(kMatchKind, id, caf::make_message(enter_atom::value, Client{7, "ann"}));
      std::this_thread::sleep_for(1ms);
      info = ask(id, info_atom::value);
    }
    ASSERT_TRUE(info.ok()) << id;
    ASSERT_NE((*info)->ended_ms, 0U) << id;
  }
  writer_.flush();

  std::map<std::string, int> events;
  for (std::uint64_t offset = 1;;) {
    const auto page = storage::read_journal(*store_, offset, 100);
    ASSERT_TRUE(page.ok());
    if (page->empty()) break;
    for (const auto& entry : *page) {
      offset = entry.offset + 1;
      if (entry.type != "troupe.match.ended.v1") continue;
      const auto body = boost::json::parse(entry.payload);
      const std::string id(body.at("id").as_string());
      ++events[id];
      const auto shown = ask(id, info_atom::value);
      ASSERT_TRUE(shown.ok());
      EXPECT_EQ((*shown)->ended_ms, body.at("ended_ms").to_number<std::uint64_t>()) << id;
    }
  }
  for (const auto& id : ids) EXPECT_EQ(events[id], 1) << id;
}

}  // namespace
}  // namespace troupe::match
