troupe_test(fleet_test SOURCES unit/fleet_inventory_test.cpp LINK troupe_actors_fleet LABELS unit)
troupe_test(fleet_e2e_test SOURCES e2e/fleet_e2e_test.cpp LINK troupe_test_support troupe_net_client troupe_storage ENet::enet LABELS e2e)
add_dependencies(fleet_e2e_test troupe)
