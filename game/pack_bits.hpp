// What a model has learned as bytes: a few hundred, however large the model.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "game/entropy.hpp"

namespace troupe::game {

/// `Model` visits all its Bits in a fixed order: `each(visit)`.
template <class Model>
[[nodiscard]] std::string pack_bits(Model model) {
  EntropyEncoder out;
  Bit learned;
  model.each([&](const Bit& bit) {
    out.bit(learned, bit.learned());
    if (bit.learned()) out.raw(bit.packed(), 8);
  });
  return out.take();
}

/// Into `model`, all of it. False when the bytes are not of pack_bits; the model is of no use then.
template <class Model>
[[nodiscard]] bool unpack_bits(std::string_view bytes, Model& model) {
  EntropyDecoder in(bytes);
  Bit learned;
  model.each([&](Bit& bit) {
    bit = in.bit(learned) ? Bit::unpacked(static_cast<std::uint8_t>(in.raw(8))) : Bit();
  });
  return in.complete();
}

}  // namespace troupe::game
