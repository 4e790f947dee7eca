troupe_fuzzer(cmcd SOURCES live_cmcd_fuzz.cpp "${PROJECT_SOURCE_DIR}/net/api/cmcd.cpp" LINK troupe_base)
troupe_fuzzer(live_fragment SOURCES live_fragment_fuzz.cpp "${PROJECT_SOURCE_DIR}/sim/fragment.cpp" LINK troupe_base)
