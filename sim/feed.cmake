troupe_library(troupe_sim_feed SOURCES feed_check.cpp feed_people.cpp feed_sim.cpp PUBLIC troupe_sim_core troupe_sim_ads)
