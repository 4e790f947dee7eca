// A Model made of bits that learn.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "game/game.hpp"
#include "game/pack_bits.hpp"

namespace troupe::game {

/// `Bits` is copied and visits all its Bits in a fixed order: `each(visit)`.
template <class Bits>
class ModelOf final : public Model {
 public:
  template <class... Args>
  explicit ModelOf(Args&&... args) : bits(std::forward<Args>(args)...) {}

  [[nodiscard]] std::unique_ptr<Model> clone() const override {
    return std::make_unique<ModelOf>(bits);
  }
  [[nodiscard]] std::string pack() const override { return pack_bits(bits); }
  [[nodiscard]] bool unpack(std::string_view bytes) override { return unpack_bits(bytes, bits); }

  Bits bits;
};

}  // namespace troupe::game
