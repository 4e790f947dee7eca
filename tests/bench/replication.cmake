troupe_executable(bench_replication SOURCES replication_bench.cpp cubes.cpp
  LINK troupe_bench_report troupe_game CLI11::CLI11)
