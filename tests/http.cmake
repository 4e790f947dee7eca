troupe_test(http_test
  SOURCES unit/http_address_range_test.cpp unit/http_config_test.cpp unit/http_feed_test.cpp unit/http_frame_test.cpp unit/http_jwt_test.cpp unit/http_message_test.cpp
          unit/http_request_head_test.cpp unit/http_router_test.cpp unit/http_token_bucket_test.cpp
  LINK troupe_server LABELS unit)
