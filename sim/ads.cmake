troupe_library(troupe_sim_ads SOURCES ads_requests.cpp ads_sim.cpp PUBLIC troupe_sim_core)
