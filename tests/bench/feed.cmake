troupe_executable(bench_feed SOURCES feed_bench.cpp LINK troupe_bench_report troupe_actors_feed RocksDB::lib CLI11::CLI11)
