# TROUPE_CRASH_ROUNDS=50 for the long run.
troupe_test(crash_test SOURCES crash/crash_server_test.cpp LINK troupe_test_support LABELS crash WHOLE TIMEOUT 600)
add_dependencies(crash_test troupe)
