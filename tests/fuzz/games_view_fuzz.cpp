// Any bytes as the delta of a view: what decodes codes to a delta that decodes to the same, and can
// be drawn and predicted from.
#include <array>
#include <cassert>
#include <cstddef>
#include <cstdint>
#include <map>
#include <string_view>

#include "tests/fuzz/games_fuzz.hpp"

namespace {

using namespace troupe::game;

const ViewPtr& baseline(const Game& game) {
  static std::map<const Game*, ViewPtr> known;
  auto& view = known[&game];
  if (!view) {
    const auto state = fuzz::played(game, 60);
    view = game.lens({})->select(*state, game.show_all(*state), 0, nullptr, nullptr);
  }
  return view;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::string_view bytes(reinterpret_cast<const char*>(data), size);
  const auto& game = fuzz::pick(bytes);
  if (bytes.empty()) return 0;
  const auto ticks = static_cast<unsigned char>(bytes.front());
  bytes.remove_prefix(1);
  const auto& before = baseline(game);
  const auto* from = ticks == 0 ? nullptr : before.get();
  const auto reading = game.model();
  const auto view = game.decode(*reading, from, before->tick + ticks, bytes);
  if (!view) return 0;
  assert(view->tick == before->tick + ticks);
  const auto write_again = game.model(), read_again = game.model();
  const auto again =
      game.decode(*read_again, from, view->tick, game.encode(*write_again, from, *view));
  assert(again && game.hash(*again) == game.hash(*view));
  assert(!game.frame(*view).empty());
  assert(game.between(before, view, 0.25) != nullptr);
  if (const auto predictor = game.predictor(0)) {
    predictor->confirm(*view);
    static_cast<void>(predictor->where());
  }
  return 0;
}
