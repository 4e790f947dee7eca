// A match that is played stays, however long nobody sends it a message.
#include <atomic>
#include <thread>

#include "base/ids.hpp"
#include "tests/actor/match_domain.hpp"

namespace troupe::match {
namespace {

struct Counting : Silence {
  void snapshot(SessionId, const game::SnapshotHead& head,
                std::shared_ptr<const std::string>) override {
    tick = head.tick;
  }
  void goodbye(SessionId, game::Goodbye) override { sent_away = true; }
  std::atomic<std::uint32_t> tick{0};
  std::atomic<bool> sent_away{false};
};

class MatchIdleTest : private Counting, public MatchDomainTest {
 protected:
  MatchIdleTest()
      : MatchDomainTest(static_cast<Counting&>(*this),
                        {.tick_hz = 1'000, .checkpoint_ticks = 300, .idle_after = 1s}) {}
  [[nodiscard]] Counting& output() { return *this; }
};

TEST_F(MatchIdleTest, a_match_with_a_player_is_not_taken_for_idle) {
  constexpr std::uint32_t kFarBeyondIdle = 3'500;  // ticks, of a millisecond or more
  MatchInfo wanted;
  wanted.id = make_id_string();
  wanted.max_players = 2;
  ASSERT_TRUE(ask(wanted.id, open_atom::value, wanted).ok());
  entities_.tell(kMatchKind, wanted.id, caf::make_message(enter_atom::value, Client{1, "ann"}));

  // Asking it would keep it awake.
  const auto until = std::chrono::steady_clock::now() + 30s;
  while (output().tick < kFarBeyondIdle && !output().sent_away &&
         std::chrono::steady_clock::now() < until)
    std::this_thread::sleep_for(1ms);

  EXPECT_FALSE(output().sent_away);
  EXPECT_GE(output().tick, kFarBeyondIdle);
}

}  // namespace
}  // namespace troupe::match
