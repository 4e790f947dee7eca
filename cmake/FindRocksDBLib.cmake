# Finds RocksDB's shared library (its own package asks for every compression library's -dev package); defines the imported target RocksDB::lib.
find_path(RocksDBLib_INCLUDE_DIR NAMES rocksdb/db.h)
find_library(RocksDBLib_LIBRARY NAMES rocksdb)
include(FindPackageHandleStandardArgs)
find_package_handle_standard_args(RocksDBLib REQUIRED_VARS RocksDBLib_LIBRARY RocksDBLib_INCLUDE_DIR)
if(RocksDBLib_FOUND AND NOT TARGET RocksDB::lib)
  add_library(RocksDB::lib UNKNOWN IMPORTED)
  set_target_properties(RocksDB::lib PROPERTIES
    IMPORTED_LOCATION "${RocksDBLib_LIBRARY}"
    INTERFACE_INCLUDE_DIRECTORIES "${RocksDBLib_INCLUDE_DIR}")
endif()
mark_as_advanced(RocksDBLib_INCLUDE_DIR RocksDBLib_LIBRARY)
