troupe_executable(bench_flood SOURCES flood_bench.cpp
  LINK troupe_bench_report troupe_test_support troupe_sim_match CLI11::CLI11)
add_dependencies(bench_flood troupe)
