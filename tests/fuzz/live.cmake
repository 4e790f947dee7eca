troupe_fuzzer(live_fragment SOURCES live_fragment_fuzz.cpp "${PROJECT_SOURCE_DIR}/sim/fragment.cpp" LINK troupe_base)
