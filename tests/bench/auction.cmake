troupe_executable(bench_auction SOURCES auction_bench.cpp auction_actors.cpp
  LINK troupe_bench_report troupe_test_support troupe_sim_ads troupe_actors_auction CLI11::CLI11)
add_dependencies(bench_auction troupe)
