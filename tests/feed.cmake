troupe_test(feed_test SOURCES unit/feed_timeline_test.cpp unit/feed_fanout_test.cpp
  LINK troupe_actors_feed LABELS unit)
troupe_test(feed_e2e_test SOURCES e2e/feed_e2e_test.cpp e2e/feed_load_test.cpp
  LINK troupe_test_support troupe_sim_feed LABELS e2e)
add_dependencies(feed_e2e_test troupe)
