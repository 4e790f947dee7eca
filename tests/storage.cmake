troupe_test(storage_test
  SOURCES unit/storage_keys_test.cpp unit/storage_store_test.cpp unit/storage_fault_test.cpp
          unit/storage_recovery_test.cpp unit/storage_retention_test.cpp
          unit/storage_fuzz_seeds_test.cpp fuzz/storage_records_fuzz.cpp
  LINK troupe_storage RocksDB::lib LABELS unit)
