troupe_test(base_test SOURCES unit/base_ids_test.cpp LINK troupe_base LABELS unit)
