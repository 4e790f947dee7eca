troupe_library(troupe_sim_live
  SOURCES dash_manifest.cpp dash_viewers.cpp flv_reader.cpp flv_viewers.cpp fragment.cpp hls_playlist.cpp hls_viewers.cpp live_audience.cpp live_decoder.cpp
    live_misfits.cpp live_show.cpp live_sim.cpp live_viewer.cpp rtmp_publisher.cpp stream_check.cpp viewer_totals.cpp web_viewer.cpp
  PUBLIC troupe_sim_core)
