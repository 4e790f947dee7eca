troupe_test(media_test SOURCES unit/media_packager_test.cpp unit/media_timeline_test.cpp unit/ingest_stream_id_test.cpp unit/ingest_rtmp_test.cpp
  LINK troupe_media troupe_net_ingest troupe_sim_live LABELS unit)
troupe_test(ingest_e2e_test SOURCES e2e/ingest_e2e_test.cpp LINK troupe_test_support troupe_net_ingest SRT::srt LABELS e2e)
