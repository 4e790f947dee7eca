// What clients send a match between two of its ticks. The match looks when it steps: a message for
// each packet would wake a thread for something that nobody does before the tick.
#pragma once

#include <cstddef>
#include <memory>
#include <mutex>
#include <shared_mutex>
#include <string>
#include <unordered_map>
#include <vector>

#include "actors/match/messages.hpp"

namespace troupe::match {

class InputBoxes;

/// Of one match. Thread-safe.
class InputBox {
 public:
  /// Eight packets of each of 64 players: more than a tick can use.
  static constexpr std::size_t kMost = 512;

  InputBox(InputBoxes& home, std::string match) : home_(home), match_(std::move(match)) {}
  ~InputBox();
  InputBox(const InputBox&) = delete;
  InputBox& operator=(const InputBox&) = delete;

  /// False when it is full: dropped, a client sends its last commands again.
  [[nodiscard]] bool put(InputPtr input);
  /// All that waits, oldest first, into `out`, whose memory is used again.
  void take(std::vector<InputPtr>& out);

 private:
  InputBoxes& home_;
  const std::string match_;
  std::mutex mutex_;
  std::vector<InputPtr> waiting_;
};

/// Of all matches that tick. Thread-safe. Outlives the boxes.
class InputBoxes {
 public:
  enum class Put {
    taken,
    full,
    closed,  ///< the match does not tick: a message wakes it
  };
  [[nodiscard]] Put put(const std::string& match, InputPtr input);
  /// The match looks in it each tick, for as long as it keeps it.
  [[nodiscard]] std::shared_ptr<InputBox> open(const std::string& match);

 private:
  friend class InputBox;
  void forget(const std::string& match);

  std::shared_mutex mutex_;
  std::unordered_map<std::string, std::weak_ptr<InputBox>> boxes_;
};

}  // namespace troupe::match
