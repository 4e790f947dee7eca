troupe_executable(bench_storage SOURCES storage_bench.cpp
  LINK troupe_bench_report troupe_test_support troupe_storage CLI11::CLI11)
