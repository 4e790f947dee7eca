troupe_executable(bench_games SOURCES games_bench.cpp
  LINK troupe_bench_report troupe_game CLI11::CLI11)
