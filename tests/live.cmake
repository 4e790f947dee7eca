troupe_test(live_test
  SOURCES unit/live_core_test.cpp unit/live_assets_test.cpp unit/live_chat_test.cpp unit/live_polls_test.cpp unit/live_cues_test.cpp unit/live_views_test.cpp unit/live_link_test.cpp unit/live_countries_test.cpp support/country_file.cpp unit/live_parties_test.cpp unit/live_room_test.cpp unit/live_sound_test.cpp unit/live_fragment_test.cpp unit/live_byte_range_test.cpp unit/live_quality_test.cpp unit/live_health_test.cpp unit/live_relayed_window_test.cpp unit/live_playlist_session_test.cpp unit/live_recordings_test.cpp actor/live_actor_test.cpp
  LINK troupe_net_api_live troupe_sim_live troupe_test_support LABELS actor)

# A server without SRT in this process, and a publisher that replays a clip. The bench uses both.
troupe_library(troupe_live_support SOURCES support/captioned_clip.cpp support/live_replay.cpp support/live_server.cpp
  PUBLIC troupe_net_api_live troupe_sim_core
  PRIVATE troupe_media FFmpeg::libs)
troupe_test(live_e2e_test SOURCES e2e/live_e2e_test.cpp e2e/live_chat_e2e_test.cpp e2e/live_health_e2e_test.cpp e2e/live_polls_e2e_test.cpp e2e/live_cues_e2e_test.cpp e2e/live_views_e2e_test.cpp e2e/live_access_e2e_test.cpp support/country_file.cpp e2e/live_parties_e2e_test.cpp
  LINK troupe_live_support troupe_test_support troupe_sim_live LABELS e2e WHOLE)
troupe_test(live_srt_test SOURCES e2e/live_srt_test.cpp
  LINK troupe_sim_live troupe_test_support LABELS e2e WHOLE)
add_dependencies(live_e2e_test troupe)
add_dependencies(live_srt_test troupe)
troupe_test(recorder_test SOURCES unit/recorder_test.cpp unit/recorder_off_test.cpp unit/window_shelf_test.cpp unit/asset_test.cpp unit/clip_maker_test.cpp support/hls_rules.cpp LINK troupe_media_recording troupe_sim_core LABELS unit)
troupe_test(live_record_e2e_test SOURCES e2e/live_record_e2e_test.cpp support/recorded_session.cpp LINK troupe_test_support LABELS e2e WHOLE)
troupe_test(live_assets_e2e_test SOURCES e2e/live_assets_e2e_test.cpp support/recorded_session.cpp support/hls_rules.cpp LINK troupe_live_support troupe_test_support LABELS e2e WHOLE)
add_dependencies(live_record_e2e_test troupe)
add_dependencies(live_assets_e2e_test troupe)
troupe_test(live_ladder_e2e_test SOURCES e2e/live_ladder_e2e_test.cpp support/hls_rules.cpp
  LINK troupe_live_support troupe_test_support troupe_sim_live LABELS e2e WHOLE)
troupe_test(live_relay_test SOURCES unit/live_relay_test.cpp unit/live_upstream_test.cpp support/live_replay.cpp
  LINK troupe_net_api_relay troupe_media troupe_sim_core LABELS unit)
troupe_test(live_edge_e2e_test SOURCES e2e/live_edge_e2e_test.cpp
  LINK troupe_live_support troupe_test_support troupe_sim_live LABELS e2e WHOLE)
troupe_test(live_flv_test SOURCES unit/live_flv_test.cpp support/live_replay.cpp
  LINK troupe_net_flv troupe_sim_live LABELS unit)
troupe_test(live_flv_e2e_test SOURCES e2e/live_flv_e2e_test.cpp support/http_fixture.cpp
  LINK troupe_live_support troupe_test_support troupe_sim_live LABELS e2e WHOLE)
