// What is said to a session beside a match's own words.
#pragma once

#include <string>

#include "actors/match/output.hpp"

namespace troupe::udp {

/// Thread-safe, does not block.
class MessageSink {
 public:
  virtual ~MessageSink() = default;
  /// Reliable, bounded as all that is: may be dropped when too much waits.
  virtual void message(match::SessionId session, std::string bytes) = 0;
};

}  // namespace troupe::udp
