troupe_executable(bench_leaderboard SOURCES leaderboard_bench.cpp redis_peer.cpp
  LINK troupe_bench_report troupe_sim_core troupe_actors_leaderboard CLI11::CLI11)
