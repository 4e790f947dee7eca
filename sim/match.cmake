troupe_library(troupe_sim_match SOURCES flood.cpp match_crowd.cpp match_sim.cpp match_storm.cpp packet_fuzz.cpp PUBLIC troupe_sim_core troupe_net_client)
