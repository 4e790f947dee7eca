troupe_executable(bench_match SOURCES match_bench.cpp
  LINK troupe_bench_report troupe_test_support troupe_sim_match ENet::enet CLI11::CLI11)
add_dependencies(bench_match troupe)
