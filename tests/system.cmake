troupe_test(system_test
  SOURCES unit/system_restart_policy_test.cpp unit/system_supervision_test.cpp actor/system_admission_test.cpp actor/system_supervisor_test.cpp
    actor/system_entity_test.cpp actor/system_persist_test.cpp
  LINK troupe_actors_system LABELS actor)
