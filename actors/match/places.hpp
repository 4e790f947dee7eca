// Where matches are played: the fleet, as a match sees it.
#pragma once

#include <string>

#include "base/result.hpp"

namespace troupe::match {

struct MatchInfo;

/// Implemented by actors/fleet. Thread-safe, does not block.
class Places {
 public:
  virtual ~Places() = default;
  /// The host of a new match. Errors: unavailable (draining; no host), overloaded (all are full).
  virtual Result<std::string> place(const MatchInfo& match) = 0;
  /// The match has players; the host that it counts on, which may be another than its last. Empty:
  /// there is none.
  virtual std::string playing(const MatchInfo& match) = 0;
  /// Nobody plays it, or it is over.
  virtual void rest(const std::string& match) = 0;
};

}  // namespace troupe::match
