# Finds libmaxminddb; defines the imported target MaxMindDB::maxminddb.
find_path(MaxMindDB_INCLUDE_DIR NAMES maxminddb.h)
find_library(MaxMindDB_LIBRARY NAMES maxminddb)
include(FindPackageHandleStandardArgs)
find_package_handle_standard_args(MaxMindDB REQUIRED_VARS MaxMindDB_LIBRARY MaxMindDB_INCLUDE_DIR)
if(MaxMindDB_FOUND AND NOT TARGET MaxMindDB::maxminddb)
  add_library(MaxMindDB::maxminddb UNKNOWN IMPORTED)
  set_target_properties(MaxMindDB::maxminddb PROPERTIES
    IMPORTED_LOCATION "${MaxMindDB_LIBRARY}"
    INTERFACE_INCLUDE_DIRECTORIES "${MaxMindDB_INCLUDE_DIR}")
endif()
mark_as_advanced(MaxMindDB_INCLUDE_DIR MaxMindDB_LIBRARY)
