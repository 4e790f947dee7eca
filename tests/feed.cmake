troupe_test(feed_test SOURCES unit/feed_timeline_test.cpp LINK troupe_actors_feed LABELS unit)
troupe_test(feed_e2e_test SOURCES e2e/feed_e2e_test.cpp LINK troupe_test_support LABELS e2e)
add_dependencies(feed_e2e_test troupe)
