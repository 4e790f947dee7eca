troupe_fuzzer(match_snapshot SOURCES match_snapshot_fuzz.cpp LINK troupe_game)
troupe_fuzzer(match_tables SOURCES match_tables_fuzz.cpp LINK troupe_game)
troupe_fuzzer(match_client_message
  SOURCES match_client_message_fuzz.cpp "${PROJECT_SOURCE_DIR}/net/udp/client_message.cpp"
  LINK troupe_game troupe_schemas CAF::core)
troupe_fuzzer(match_datagram
  SOURCES match_datagram_fuzz.cpp "${PROJECT_SOURCE_DIR}/net/udp/datagram_gate.cpp"
  LINK troupe_base ENet::enet)
