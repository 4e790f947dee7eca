troupe_test(games_test SOURCES unit/games_ball_test.cpp
  LINK troupe_game LABELS unit)
