// What is the same of all games whose views are one plain value.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "game/game.hpp"
#include "game/model_of.hpp"

namespace troupe::game {

/// `Shown` has a `tick` and, in its namespace, hash_of.
template <class Shown>
class ViewOf final : public View {
 public:
  explicit ViewOf(const Shown& what) : View(what.tick), shown(what), hash(hash_of(what)) {}
  const Shown shown;
  const std::uint64_t hash;
};
/// Of a ViewOf<Shown>.
template <class Shown>
[[nodiscard]] const Shown& shown_of(const View& view) {
  return static_cast<const ViewOf<Shown>&>(view).shown;
}

/// The half of a game that sends such views: encode_delta, decode_delta and encode_frame are in the
/// namespace of `Shown`. `Bits` as in model_of.hpp.
template <class Shown, class Bits>
class DeltaGame : public Game {
 public:
  std::unique_ptr<Model> model() const final { return std::make_unique<ModelOf<Bits>>(); }
  std::string encode(Model& model, const View* baseline, const View& now) const final {
    return encode_delta(bits_of(model), shown_or_nothing(baseline), shown_of<Shown>(now));
  }
  ViewPtr decode(Model& model, const View* baseline, std::uint32_t tick,
                 std::string_view bytes) const final {
    const auto shown = decode_delta(bits_of(model), shown_or_nothing(baseline), tick, bytes);
    return shown ? std::make_shared<const ViewOf<Shown>>(*shown) : nullptr;
  }
  std::uint64_t hash(const View& view) const final {
    return static_cast<const ViewOf<Shown>&>(view).hash;
  }
  std::string frame(const View& view) const final { return encode_frame(shown_of<Shown>(view)); }

 private:
  static Bits& bits_of(Model& model) { return static_cast<ModelOf<Bits>&>(model).bits; }
  static const Shown& shown_or_nothing(const View* view) {
    static const Shown kNothing;
    return view != nullptr ? shown_of<Shown>(*view) : kNothing;
  }
};

}  // namespace troupe::game
