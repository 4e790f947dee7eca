troupe_test(match_test SOURCES unit/match_clock_sync_test.cpp unit/match_command_log_test.cpp unit/match_datagram_gate_test.cpp unit/match_game_test.cpp unit/match_impairment_test.cpp unit/match_input_box_test.cpp unit/match_interest_test.cpp unit/match_play_outbox_test.cpp unit/match_replica_test.cpp unit/match_result_test.cpp unit/match_send_pace_test.cpp unit/match_spectator_test.cpp unit/match_store_test.cpp unit/match_used_tokens_test.cpp unit/match_vectors_test.cpp
  LINK troupe_actors_match troupe_net_api_match troupe_net_client troupe_net_udp troupe_sim_core LABELS unit)
troupe_test(match_e2e_test SOURCES e2e/match_e2e_test.cpp e2e/match_impairment_test.cpp e2e/match_resume_test.cpp e2e/match_watch_test.cpp e2e/match_ws_test.cpp LINK troupe_test_support troupe_net_client ENet::enet LABELS e2e)
add_dependencies(match_e2e_test troupe)
troupe_test(match_actor_test SOURCES actor/match_end_test.cpp actor/match_log_test.cpp LINK troupe_actors_match LABELS actor)
