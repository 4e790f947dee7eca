troupe_executable(bench_resume SOURCES resume_bench.cpp
  LINK troupe_bench_report troupe_test_support troupe_sim_core troupe_net_client CLI11::CLI11)
add_dependencies(bench_resume troupe)
