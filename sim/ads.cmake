troupe_library(troupe_sim_ads SOURCES ads_requests.cpp ads_sim.cpp http_load.cpp PUBLIC troupe_sim_core)
