// What a match has shown outlives it: crashes of the actor, and replays.
#include <algorithm>
#include <limits>
#include <map>
#include <mutex>
#include <random>
#include <thread>

#include "actors/match/replay.hpp"
#include "base/ids.hpp"
#include "game/arena/command.hpp"
#include "tests/actor/match_domain.hpp"

namespace troupe::match {
namespace {

/// Remembers what was shown.
struct Recorder final : Silence {
  void snapshot(SessionId, const game::SnapshotHead& head,
                std::shared_ptr<const std::string>) override {
    const std::lock_guard lock(mutex);
    if (head.epoch != epoch) {
      // The first of another activation.
      if (head.tick <= newest) lost += newest - head.tick + 1;
      epoch = head.epoch;
      ++epochs;
    }
    newest = head.tick;
    sequence = head.input_sequence;
    checksums[head.tick] = head.checksum;
  }
  std::uint32_t seen() {
    const std::lock_guard lock(mutex);
    return newest;
  }
  std::mutex mutex;
  std::uint8_t epoch = 0;
  std::uint32_t newest = 0, lost = 0, sequence = 0;
  int epochs = 0;
  std::map<std::uint32_t, std::uint32_t> checksums;
};

struct Recording {
  Recorder recorder;
};

class MatchLogTest : private Recording, public MatchDomainTest {
 protected:
  MatchLogTest() : MatchDomainTest(recorder) {}

  void open(const std::string& id) {
    MatchInfo wanted;
    wanted.id = id;
    wanted.max_players = 4;
    ASSERT_TRUE(ask(id, open_atom::value, wanted).ok());
  }

  template <class... Args>
  void tell(const std::string& id, Args... args) {
    entities_.tell(kMatchKind, id, caf::make_message(args...));
  }

  void command(const std::string& id, const Client& from, std::uint32_t sequence,
               const game::Command& command) {
    auto input = std::make_shared<Input>();
    input->from = from;
    input->commands = {{sequence, game::pack_command(command)}};
    tell(id, input_atom::value, InputPtr(input));
  }

  /// Calls `meanwhile` each millisecond until a tick beyond `tick` was shown: what is told to a
  /// match that is about to restart is lost.
  template <class Work>
  [[nodiscard]] bool until_shown_beyond(std::uint32_t tick, const Work& meanwhile) {
    const auto until = std::chrono::steady_clock::now() + 20s;
    while (shown().seen() <= tick && std::chrono::steady_clock::now() < until) {
      meanwhile();
      std::this_thread::sleep_for(1ms);
    }
    return shown().seen() > tick;
  }
  Recorder& shown() { return recorder; }
};

TEST_F(MatchLogTest, no_tick_that_was_shown_is_lost_when_the_match_crashes) {
  const auto id = make_id_string();
  const auto seed = std::random_device{}();
  SCOPED_TRACE(seed);
  std::mt19937 random(seed);
  open(id);
  const Client ann{1, "ann"}, bob{2, "bob"};
  std::uint32_t sequence = 0;
  constexpr int kCrashes = 5;
  for (int crash = 0; crash < kCrashes; ++crash) {
    const auto until = shown().seen() + 5 + static_cast<std::uint32_t>(random() % 40);
    if (crash == 0) {
      tell(id, enter_atom::value, ann);
      tell(id, enter_atom::value, bob);
    }
    ASSERT_TRUE(until_shown_beyond(until, [&] {
      command(id, ann, ++sequence,
              {static_cast<std::int8_t>(static_cast<int>(random() % 3) - 1), 1,
               static_cast<std::uint8_t>(random()), random() % 2 == 0});
      command(id, bob, sequence, {-1, 1, 5, true});
    }));
    entities_.crash(kMatchKind, id);
  }
  ASSERT_TRUE(until_shown_beyond(shown().seen() + 5, [&] {
    command(id, ann, ++sequence, {1, 1, 0, true});
  }));

  EXPECT_EQ(shown().lost, 0U);
  EXPECT_GE(shown().epochs, kCrashes);
  entities_.shutdown(10s);
  writer_.flush();
  const auto whole = replay(*store_, id, std::numeric_limits<std::uint32_t>::max());
  ASSERT_TRUE(whole.ok()) << whole.error().detail;
  EXPECT_GE(whole->verified, shown().newest);
  EXPECT_EQ(whole->at.places.size(), 2U);
  int compared = 0;
  for (const auto& [tick, checksum] : shown().checksums) {
    if (tick % 7 != 0) continue;
    const auto at = replay(*store_, id, tick);
    ASSERT_TRUE(at.ok()) << at.error().detail;
    EXPECT_EQ(game::checksum(*at->at.game, *at->at.game->show_all(*at->at.state)), checksum)
        << tick;
    ++compared;
  }
  EXPECT_GT(compared, 5);
}

TEST_F(MatchLogTest, a_command_that_was_used_before_a_crash_is_not_used_again) {
  const auto id = make_id_string();
  open(id);
  const Client ann{1, "ann"};
  tell(id, enter_atom::value, ann);
  for (std::uint32_t i = 1; i <= 10; ++i) {
    command(id, ann, i, {1, 0, 0, false});
    std::this_thread::sleep_for(2ms);
  }
  ASSERT_TRUE(until_shown_beyond(shown().seen() + 20, [] {}));
  const auto used = [&] {
    const std::lock_guard lock(shown().mutex);
    return shown().sequence;
  };
  ASSERT_EQ(used(), 10U);
  entities_.crash(kMatchKind, id);
  const auto before = shown().seen();

  // Repeated, as a client does.
  ASSERT_TRUE(until_shown_beyond(before + 20, [&] { command(id, ann, 10, {1, 0, 0, false}); }));

  EXPECT_EQ(used(), 10U);
  entities_.shutdown(10s);
  writer_.flush();
  const auto end = replay(*store_, id, std::numeric_limits<std::uint32_t>::max());
  ASSERT_TRUE(end.ok()) << end.error().detail;
  const auto start = replay(*store_, id, 0);
  ASSERT_TRUE(start.ok()) << start.error().detail;
  std::size_t commands = 0;
  for (std::uint32_t tick = 1; tick <= end->verified; ++tick) {
    const auto bytes = store_->get(storage::Family::match, log_key(id, tick));
    ASSERT_TRUE(bytes.ok() && *bytes);
    commands += decode_log(**bytes)->tick.commands.size();
  }
  EXPECT_EQ(commands, 10U);
}

TEST_F(MatchLogTest, a_log_with_a_changed_command_is_found_out_at_its_tick) {
  const auto id = make_id_string();
  open(id);
  tell(id, enter_atom::value, Client{1, "ann"});
  for (std::uint32_t i = 1; i <= 30; ++i) {
    command(id, Client{1, "ann"}, i, {1, 1, 0, false});
    std::this_thread::sleep_for(2ms);
  }
  ASSERT_TRUE(until_shown_beyond(60, [] {}));
  entities_.shutdown(10s);
  writer_.flush();
  std::uint32_t changed = 0;
  for (std::uint32_t tick = 1; tick <= 60 && changed == 0; ++tick) {
    const auto bytes = store_->get(storage::Family::match, log_key(id, tick));
    ASSERT_TRUE(bytes.ok() && *bytes) << tick;
    auto record = decode_log(**bytes);
    ASSERT_TRUE(record);
    if (record->tick.commands.empty()) continue;
    record->tick.commands[0].command = game::pack_command({.move_x = -1});
    storage::Batch batch;
    batch.put(storage::Family::match, log_key(id, tick), encode_log(record->tick, record->hash));
    std::promise<bool> done;
    ASSERT_TRUE(
        writer_.submit(std::move(batch), [&](const auto& r) { done.set_value(r.ok()); }).ok());
    ASSERT_TRUE(done.get_future().get());
    changed = tick;
  }
  ASSERT_GT(changed, 0U);

  EXPECT_TRUE(replay(*store_, id, changed - 1).ok());
  const auto found = replay(*store_, id, 60);
  ASSERT_FALSE(found.ok());
  EXPECT_EQ(found.error().code, ErrorCode::corrupt);
  EXPECT_NE(found.error().detail.find("tick " + std::to_string(changed) + " "), std::string::npos)
      << found.error().detail;
}

/// Of matches whose log is kept for no time at all.
class MatchLogKeepTest : private Recording, public MatchDomainTest {
 protected:
  MatchLogKeepTest()
      : MatchDomainTest(recorder, {.tick_hz = 1'000, .checkpoint_ticks = 2, .log_keep_s = 0}) {}

  std::string play(std::uint32_t time_limit_ticks) {
    MatchInfo wanted;
    wanted.id = make_id_string();
    wanted.rules.time_limit_ticks = time_limit_ticks;
    EXPECT_TRUE(ask(wanted.id, open_atom::value, wanted).ok());
    entities_.tell(kMatchKind, wanted.id, caf::make_message(enter_atom::value, Client{1, "ann"}));
    return wanted.id;
  }
  std::size_t logged(const std::string& id) {
    std::size_t count = 0;
    const auto begin = storage::KeyBuilder("log").text(id).take();
    EXPECT_TRUE(store_
                    ->scan(storage::Family::match, begin, storage::prefix_end(begin), SIZE_MAX,
                           [&](auto, auto) { return ++count > 0; })
                    .ok());
    return count;
  }
  template <class Condition>
  [[nodiscard]] bool eventually(const Condition& condition) {
    const auto until = std::chrono::steady_clock::now() + 20s;
    while (!condition() && std::chrono::steady_clock::now() < until)
      std::this_thread::sleep_for(1ms);
    return condition();
  }
  Recorder& shown() { return recorder; }
};

TEST_F(MatchLogKeepTest, the_log_of_a_match_that_goes_on_is_as_long_as_is_kept) {
  const auto id = play(0);
  ASSERT_TRUE(eventually([&] { return shown().seen() > 200; }));
  entities_.shutdown(10s);
  writer_.flush();

  EXPECT_LT(logged(id), 100U);
  const auto found = replay(*store_, id, 50);
  ASSERT_FALSE(found.ok());
  EXPECT_EQ(found.error().code, ErrorCode::not_found);
}

TEST_F(MatchLogKeepTest, a_match_that_ended_loses_its_log_when_the_next_ends) {
  const auto first = play(30);
  const auto over = [this](const std::string& id) {
    return [this, id] { return (*ask(id, info_atom::value))->ended_ms != 0; };
  };
  ASSERT_TRUE(eventually(over(first)));
  const auto second = play(30);
  ASSERT_TRUE(eventually(over(second)));

  EXPECT_TRUE(eventually([&] { return logged(first) == 0; }));
  EXPECT_TRUE(eventually([&] {
    const auto marks = ended_logs(*store_, UINT64_MAX, 16);
    return marks.ok() &&
           std::ranges::none_of(*marks, [&](const auto& mark) { return mark.id == first; });
  }));
}

TEST_F(MatchLogTest, a_match_that_goes_on_is_replayed_only_to_those_who_may) {
  const auto id = make_id_string();
  open(id);

  EXPECT_EQ(replay(*store_, id, 0, false).error().code, ErrorCode::conflict);
  EXPECT_TRUE(replay(*store_, id, 0, true).ok());
}

}  // namespace
}  // namespace troupe::match
