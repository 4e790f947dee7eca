troupe_executable(bench_match_peers SOURCES peers/bare_udp.cpp peers/match_peers.cpp
  LINK troupe_bench_peers troupe_sim_match CLI11::CLI11)
