#include "net/udp/message_sink.hpp"

#include "net/udp/server_message.hpp"

namespace troupe::udp {

void MessageSink::ended(match::SessionId session, const std::vector<match::Placement>& result) {
  message(session, encode_ended(result));
}

void MessageSink::tables(match::SessionId session, const game::PackedTables& tables) {
  message(session, encode_tables(tables));
}

void MessageSink::welcome(match::SessionId session, const match::Welcome& place) {
  message(session, encode_welcome(place));
}

}  // namespace troupe::udp
