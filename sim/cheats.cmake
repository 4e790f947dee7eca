# Players of the arena as programs, for the simulator and for measurements.
troupe_library(troupe_sim_marksman SOURCES marksman.cpp PUBLIC troupe_game)
troupe_library(troupe_sim_cheats SOURCES cheat_table.cpp cheats.cpp raw_player.cpp
  PUBLIC troupe_sim_core troupe_sim_marksman troupe_net_client troupe_schemas ENet::enet)
