// A gateway, to those who say something to its sessions.
#pragma once

#include <string>

#include "actors/match/output.hpp"

namespace troupe::udp {

/// All that is reliable goes out as a message. Thread-safe, does not block.
class MessageSink : public match::Output {
 public:
  /// Reliable, bounded as all that is: may be dropped when too much waits. Of a match's words that
  /// is no loss: it tells tables again, and a client that hears no Welcome says Hello again.
  virtual void message(match::SessionId session, std::string bytes) = 0;

  void ended(match::SessionId session, const std::vector<match::Placement>& result) final;
  void tables(match::SessionId session, const game::PackedTables& tables) final;
  void welcome(match::SessionId session, const match::Welcome& place) final;
};

}  // namespace troupe::udp
