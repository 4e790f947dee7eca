troupe_test(ranking_test
  SOURCES unit/ratings_test.cpp unit/leaderboard_board_test.cpp actor/leaderboard_actor_test.cpp
          actor/ratings_settlement_test.cpp
  LINK troupe_actors_ratings troupe_actors_leaderboard LABELS unit)
troupe_test(ranking_e2e_test SOURCES e2e/leaderboard_e2e_test.cpp
  LINK troupe_test_support LABELS e2e)
add_dependencies(ranking_e2e_test troupe)
