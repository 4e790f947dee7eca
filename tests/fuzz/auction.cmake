# The pure part of the room, without its actors.
set(auction_core)
foreach(file budget campaign campaign_json campaign_store clearing frequency money no_bid notice notice_log openrtb run)
  list(APPEND auction_core "${PROJECT_SOURCE_DIR}/actors/auction/${file}.cpp")
endforeach()
troupe_fuzzer(auction_request SOURCES auction_request_fuzz.cpp ${auction_core} LINK troupe_storage)
troupe_fuzzer(auction_campaign SOURCES auction_campaign_fuzz.cpp ${auction_core} LINK troupe_storage)
