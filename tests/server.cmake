troupe_test(http_e2e_test SOURCES e2e/http_e2e_test.cpp e2e/http_feed_e2e_test.cpp e2e/http_descriptors_e2e_test.cpp e2e/http_tls_test.cpp e2e/http_ws_e2e_test.cpp support/http_fixture.cpp
  LINK troupe_test_support troupe_net_http LABELS e2e WHOLE)
add_dependencies(http_e2e_test troupe)
