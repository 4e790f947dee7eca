troupe_test(ranking_test
  SOURCES unit/ratings_test.cpp unit/leaderboard_board_test.cpp unit/matchmaking_desk_test.cpp
          unit/matchmaking_pool_test.cpp unit/tournament_test.cpp actor/leaderboard_actor_test.cpp
          actor/matchmaking_actor_test.cpp actor/ratings_settlement_test.cpp
  LINK troupe_actors_ratings troupe_actors_leaderboard troupe_actors_matchmaking troupe_actors_tournament
       troupe_net_api_matchmaking
  LABELS unit)
troupe_test(ranking_e2e_test SOURCES e2e/leaderboard_e2e_test.cpp e2e/matchmaking_e2e_test.cpp e2e/matchmaking_lobby_test.cpp e2e/tournament_e2e_test.cpp
  LINK troupe_test_support troupe_net_client LABELS e2e)
add_dependencies(ranking_e2e_test troupe)
# TROUPE_CRASH_ROUNDS=30 for the long run.
troupe_test(ratings_crash_test SOURCES crash/ratings_crash_test.cpp
  LINK troupe_test_support troupe_net_client LABELS crash WHOLE TIMEOUT 600)
add_dependencies(ratings_crash_test troupe)
