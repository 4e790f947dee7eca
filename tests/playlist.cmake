troupe_test(playlist_test SOURCES unit/playlist_test.cpp support/hls_rules.cpp LINK troupe_media LABELS unit)
