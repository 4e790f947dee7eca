# The peers come from apt and npm: `./dev bench live-peers` installs them.
troupe_executable(bench_live_peers SOURCES peers/bare_writer.cpp peers/fan_reader.cpp peers/live_peers.cpp
  peers/live_servers.cpp peers/markers.cpp peers/rtmp_play.cpp
  LINK troupe_bench_report troupe_test_support troupe_sim_core CLI11::CLI11)
