troupe_test(media_test SOURCES unit/media_packager_test.cpp unit/media_timeline_test.cpp unit/media_frames_test.cpp unit/ingest_stream_id_test.cpp unit/ingest_rtmp_peer_test.cpp unit/ingest_rtmp_wire_test.cpp unit/ingest_push_test.cpp unit/ingest_pull_test.cpp unit/ingest_air_test.cpp
  LINK troupe_media troupe_net_ingest troupe_sim_live FFmpeg::libs LABELS unit)
troupe_test(ingest_e2e_test SOURCES e2e/ingest_e2e_test.cpp LINK troupe_test_support troupe_net_ingest SRT::srt LABELS e2e)
troupe_test(ingest_rtmp_e2e_test SOURCES e2e/ingest_rtmp_e2e_test.cpp support/rtmp_client.cpp support/http_fixture.cpp
  LINK troupe_test_support troupe_net_ingest troupe_net_http LABELS e2e)
troupe_test(ingest_push_e2e_test SOURCES e2e/ingest_push_e2e_test.cpp actor/ingest_pull_routes_test.cpp support/http_fixture.cpp
  LINK troupe_test_support troupe_net_api_live_push LABELS e2e)
troupe_test(media_ladder_test SOURCES unit/media_captions_test.cpp unit/media_dtvcc_test.cpp unit/media_health_test.cpp unit/media_ladder_test.cpp
  LINK troupe_live_support troupe_media troupe_media_ladder troupe_sim_live FFmpeg::libs LABELS unit WHOLE)
troupe_test(ingest_pull_e2e_test SOURCES e2e/ingest_pull_e2e_test.cpp support/http_fixture.cpp
  LINK troupe_test_support troupe_net_ingest troupe_net_http LABELS e2e)
troupe_test(ingest_server_e2e_test SOURCES e2e/ingest_server_e2e_test.cpp
  LINK troupe_test_support troupe_sim_live LABELS e2e WHOLE)
add_dependencies(ingest_server_e2e_test troupe)
troupe_test(media_lag_test SOURCES unit/media_ladder_lag_test.cpp LINK troupe_media_ladder LABELS unit)
troupe_test(media_sound_test SOURCES unit/media_ladder_sound_test.cpp
  LINK troupe_media troupe_media_ladder troupe_sim_core FFmpeg::libs LABELS unit)
troupe_test(media_flv_test SOURCES unit/media_flv_test.cpp unit/media_flv_tags_test.cpp support/live_replay.cpp
  LINK troupe_media troupe_net_rtmp troupe_sim_live FFmpeg::libs LABELS unit WHOLE)
