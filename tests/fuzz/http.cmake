set(http "${PROJECT_SOURCE_DIR}/net/http")
troupe_fuzzer(ws_frame SOURCES http_ws_frame_fuzz.cpp "${PROJECT_SOURCE_DIR}/net/ws/frame.cpp" LINK troupe_base)
troupe_fuzzer(json_body SOURCES http_json_body_fuzz.cpp "${http}/message.cpp" LINK troupe_base)
troupe_fuzzer(request_target
  SOURCES http_request_target_fuzz.cpp "${http}/message.cpp" "${http}/request_head.cpp" "${http}/router.cpp"
  LINK troupe_base OpenSSL::SSL)
troupe_fuzzer(jwt SOURCES http_jwt_fuzz.cpp LINK troupe_base)
