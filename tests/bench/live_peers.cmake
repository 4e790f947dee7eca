# What it compares with comes from apt and npm: `./dev bench live-peers` installs it.
troupe_library(troupe_bench_peers SOURCES peers/fan_reader.cpp peers/markers.cpp peers/peer_process.cpp peers/rtmp_play.cpp
  PUBLIC troupe_bench_report troupe_test_support troupe_sim_core)
troupe_executable(bench_live_peers SOURCES peers/bare_writer.cpp peers/live_peers.cpp peers/live_servers.cpp
  LINK troupe_bench_peers CLI11::CLI11)
