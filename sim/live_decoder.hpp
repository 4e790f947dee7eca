// A viewer that decodes: the last word on whether what it was sent can be played.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "base/result.hpp"

namespace troupe::sim {

/// A child ffmpeg that decodes one track of what a viewer gets and counts pictures.
class Decoder {
 public:
  /// Errors: io.
  static Result<std::unique_ptr<Decoder>> start();
  ~Decoder();
  Decoder(const Decoder&) = delete;
  Decoder& operator=(const Decoder&) = delete;

  /// On the viewer's loop. Video only: the init of track 1 and its fragments make a playable file.
  void feed(std::string_view message);
  void finish();

  [[nodiscard]] std::uint64_t frames() const;
  /// The first line of what the decoder said; empty: nothing was wrong.
  [[nodiscard]] std::string complaints() const;

 private:
  struct Impl;
  explicit Decoder(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace troupe::sim
