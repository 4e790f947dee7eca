troupe_fuzzer(playlist SOURCES playlist_fuzz.cpp LINK troupe_media_playlist)
troupe_fuzzer(captions SOURCES captions_fuzz.cpp "${PROJECT_SOURCE_DIR}/media/captions/cc_data.cpp" LINK troupe_base)
troupe_fuzzer(dtvcc
  SOURCES captions_dtvcc_fuzz.cpp "${PROJECT_SOURCE_DIR}/media/captions/dtvcc.cpp"
    "${PROJECT_SOURCE_DIR}/media/captions/line21.cpp"
  LINK troupe_base)
