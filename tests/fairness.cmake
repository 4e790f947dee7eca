troupe_test(fairness_test SOURCES unit/fairness_shots_test.cpp unit/fairness_walls_test.cpp
  LINK troupe_game LABELS unit)
