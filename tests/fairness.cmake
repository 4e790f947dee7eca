troupe_test(fairness_test SOURCES unit/fairness_conduct_test.cpp unit/fairness_shots_test.cpp unit/fairness_walls_test.cpp
  LINK troupe_actors_fairness troupe_sim_marksman LABELS unit)
