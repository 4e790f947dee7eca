troupe_library(troupe_sim_live SOURCES fragment.cpp hls_playlist.cpp hls_viewers.cpp live_audience.cpp live_decoder.cpp live_misfits.cpp live_sim.cpp live_viewer.cpp PUBLIC troupe_sim_core)
