troupe_executable(bench_actors SOURCES actors_bench.cpp LINK troupe_bench_report troupe_actors_system CLI11::CLI11)
