# TROUPE_CRASH_ROUNDS=50 for the long run.
troupe_test(crash_test SOURCES crash/crash_server_test.cpp LINK troupe_test_support LABELS crash WHOLE TIMEOUT 600)
add_dependencies(crash_test troupe)
# The storage engine alone; the same variable.
troupe_executable(storage_crash_writer SOURCES crash/storage_crash_writer.cpp LINK troupe_storage)
troupe_test(storage_crash_test SOURCES crash/storage_crash_test.cpp
  LINK troupe_test_support troupe_storage LABELS crash WHOLE TIMEOUT 600)
add_dependencies(storage_crash_test storage_crash_writer)
troupe_test(live_crash_test SOURCES crash/live_crash_test.cpp LINK troupe_test_support troupe_sim_live LABELS crash WHOLE)
add_dependencies(live_crash_test troupe)
