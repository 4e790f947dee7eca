troupe_test(fleet_test SOURCES unit/fleet_inventory_test.cpp LINK troupe_actors_fleet LABELS unit)
