troupe_test(playlist_test SOURCES unit/playlist_bounds_test.cpp unit/playlist_events_test.cpp unit/playlist_hls_test.cpp unit/playlist_ladder_test.cpp unit/playlist_sound_test.cpp support/hls_rules.cpp LINK troupe_media_playlist LABELS unit)
troupe_test(playlist_e2e_test SOURCES e2e/playlist_e2e_test.cpp support/hls_rules.cpp
  LINK troupe_live_support troupe_test_support LABELS e2e WHOLE)
