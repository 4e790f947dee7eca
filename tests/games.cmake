troupe_test(games_test SOURCES unit/games_ball_test.cpp unit/games_conformance_test.cpp unit/games_frames_test.cpp unit/games_sea_test.cpp
  LINK troupe_game LABELS unit)
troupe_test(games_actor_test SOURCES actor/match_games_test.cpp LINK troupe_actors_match LABELS actor)
troupe_test(games_e2e_test SOURCES e2e/games_e2e_test.cpp LINK troupe_test_support troupe_net_client ENet::enet LABELS e2e)
add_dependencies(games_e2e_test troupe)
