troupe_executable(bench_matchmaking SOURCES matchmaking_bench.cpp
  LINK troupe_bench_report troupe_actors_matchmaking CLI11::CLI11)
