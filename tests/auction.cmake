troupe_test(auction_test
  SOURCES unit/auction_budget_test.cpp unit/auction_campaign_test.cpp unit/auction_clearing_test.cpp
          unit/auction_openrtb_test.cpp
  LINK troupe_net_api_auction LABELS unit)
troupe_test(auction_e2e_test SOURCES e2e/auction_e2e_test.cpp LINK troupe_test_support LABELS e2e)
add_dependencies(auction_e2e_test troupe)
