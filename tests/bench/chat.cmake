troupe_executable(bench_chat SOURCES chat_bench.cpp
  LINK troupe_bench_report troupe_live_support CLI11::CLI11)
