troupe_test(storage_test SOURCES unit/storage_keys_test.cpp unit/storage_store_test.cpp LINK troupe_storage RocksDB::lib LABELS unit)
