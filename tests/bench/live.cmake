troupe_executable(bench_live SOURCES live_bench.cpp
  LINK troupe_bench_report troupe_live_support troupe_sim_live CLI11::CLI11)
