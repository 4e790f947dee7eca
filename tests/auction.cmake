troupe_test(auction_test
  SOURCES unit/auction_book_test.cpp unit/auction_budget_test.cpp unit/auction_campaign_test.cpp unit/auction_clearing_test.cpp
          unit/auction_deals_test.cpp unit/auction_money_test.cpp
          unit/auction_notice_test.cpp unit/auction_openrtb_test.cpp
  LINK troupe_net_api_auction LABELS unit)
foreach(fuzzer request campaign)
  troupe_test(auction_${fuzzer}_seeds_test
    SOURCES unit/auction_fuzz_seeds_test.cpp fuzz/auction_${fuzzer}_fuzz.cpp
    LINK troupe_net_api_auction LABELS unit)
endforeach()
troupe_test(auction_e2e_test SOURCES e2e/auction_e2e_test.cpp e2e/auction_load_test.cpp
  LINK troupe_test_support troupe_sim_ads LABELS e2e)
add_dependencies(auction_e2e_test troupe)
