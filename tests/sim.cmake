troupe_test(sim_test SOURCES unit/sim_dash_manifest_test.cpp unit/sim_flv_clip_test.cpp unit/sim_histogram_test.cpp unit/sim_hls_playlist_test.cpp
  unit/sim_report_test.cpp unit/sim_stream_check_test.cpp LINK troupe_sim_live LABELS unit)
