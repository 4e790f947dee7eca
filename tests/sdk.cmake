add_executable(c_player sdk/c_player.c)
target_link_libraries(c_player PRIVATE troupe_client)
target_include_directories(c_player PRIVATE "${PROJECT_SOURCE_DIR}")
target_compile_options(c_player PRIVATE -Wall -Wextra -Wpedantic -Wshadow -Wconversion $<$<BOOL:$ENV{CI}>:-Werror>)
set_target_properties(c_player PROPERTIES C_STANDARD 11 C_STANDARD_REQUIRED ON C_EXTENSIONS OFF
  RUNTIME_OUTPUT_DIRECTORY "${PROJECT_BINARY_DIR}/bin")
troupe_test(sdk_test SOURCES sdk/c_api_test.cpp LINK troupe_test_support LABELS e2e)
add_dependencies(sdk_test c_player troupe)
