troupe_test(fairness_test SOURCES unit/fairness_conduct_test.cpp unit/fairness_shots_test.cpp unit/fairness_walls_test.cpp
  unit/fairness_world_test.cpp
  LINK troupe_actors_fairness troupe_sim_marksman Boost::json LABELS unit)
troupe_test(fairness_actor_test SOURCES actor/fairness_actor_test.cpp LINK troupe_actors_fairness LABELS actor)
troupe_test(fairness_e2e_test SOURCES e2e/fairness_e2e_test.cpp
  LINK troupe_test_support troupe_sim_cheats troupe_net_client LABELS e2e)
add_dependencies(fairness_e2e_test troupe)
