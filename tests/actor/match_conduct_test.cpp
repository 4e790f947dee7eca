// What a match tells of how its players play is all that it has seen, however they come and go.
#include <map>
#include <mutex>
#include <thread>

#include "base/ids.hpp"
#include "tests/actor/match_domain.hpp"

namespace troupe::match {
namespace {

struct Dossiers {
  Silence silence;
  std::mutex mutex;
  std::map<std::string, std::uint32_t> invalid;  ///< commands, by player

  void add(const std::string& player, const fairness::Report& report) {
    const std::lock_guard lock(mutex);
    invalid[player] += report.invalid;
  }
  std::uint32_t of(const std::string& player) {
    const std::lock_guard lock(mutex);
    return invalid[player];
  }
};

class MatchConductTest : private Dossiers, public MatchDomainTest {
 protected:
  MatchConductTest()
      : MatchDomainTest(silence, {.tick_hz = 1'000, .checkpoint_ticks = 50},
                        [this](const auto& player, const auto& in) { add(player, *in); }) {}
  [[nodiscard]] Dossiers& dossiers() { return *this; }

  template <class... Args>
  void tell(const std::string& id, Args... args) {
    entities_.tell(kMatchKind, id, caf::make_message(args...));
  }
  /// Sends commands that the rules do not have.
  void cheat(const std::string& id, const Client& client, std::uint32_t commands) {
    auto input = std::make_shared<Input>();
    input->from = client;
    for (std::uint32_t i = 1; i <= commands; ++i)
      input->commands.push_back({i, game::PackedCommand("\x0f\x0f\x0f\x0f\x0f")});
    tell(id, input_atom::value, InputPtr(std::move(input)));
  }
};

TEST_F(MatchConductTest, who_comes_in_anew_or_leaves_does_not_shake_off_what_was_seen) {
  const auto id = make_id_string();
  ASSERT_TRUE(ask(id, open_atom::value, MatchInfo{.id = id, .max_players = 2}).ok());
  const Client first{1, "eve"}, again{2, "eve"};
  tell(id, enter_atom::value, first);
  cheat(id, first, 3);
  tell(id, enter_atom::value, again);
  cheat(id, again, 4);
  tell(id, leave_atom::value, again);

  const auto until = std::chrono::steady_clock::now() + 20s;
  while (dossiers().of("eve") < 7 && std::chrono::steady_clock::now() < until)
    std::this_thread::sleep_for(1ms);

  EXPECT_EQ(dossiers().of("eve"), 7U);
}

}  // namespace
}  // namespace troupe::match
