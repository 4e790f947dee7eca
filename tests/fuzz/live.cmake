troupe_fuzzer(cmcd SOURCES live_cmcd_fuzz.cpp "${PROJECT_SOURCE_DIR}/net/api/live/cmcd.cpp" LINK troupe_base)
troupe_fuzzer(live_fragment SOURCES live_fragment_fuzz.cpp "${PROJECT_SOURCE_DIR}/sim/fragment.cpp" LINK troupe_base)
troupe_fuzzer(view_link SOURCES live_view_link_fuzz.cpp "${PROJECT_SOURCE_DIR}/net/api/live/view_link.cpp" "${PROJECT_SOURCE_DIR}/net/http/address_range.cpp"
  LINK troupe_base Sodium::sodium)
troupe_fuzzer(live_relay
  SOURCES live_relay_fuzz.cpp "${PROJECT_SOURCE_DIR}/net/api/relay/wire.cpp" "${PROJECT_SOURCE_DIR}/net/api/relay/media.cpp"
    "${PROJECT_SOURCE_DIR}/actors/live/viewing.cpp" "${PROJECT_SOURCE_DIR}/media/mp4_boxes.cpp" "${PROJECT_SOURCE_DIR}/media/mp4_fragments.cpp"
  LINK troupe_base troupe_media_playlist troupe_schemas)
