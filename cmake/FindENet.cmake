# Finds ENet (reliable UDP); defines the imported target ENet::enet.
find_path(ENet_INCLUDE_DIR NAMES enet/enet.h)
find_library(ENet_LIBRARY NAMES enet)
include(FindPackageHandleStandardArgs)
find_package_handle_standard_args(ENet REQUIRED_VARS ENet_LIBRARY ENet_INCLUDE_DIR)
if(ENet_FOUND AND NOT TARGET ENet::enet)
  add_library(ENet::enet UNKNOWN IMPORTED)
  set_target_properties(ENet::enet PROPERTIES
    IMPORTED_LOCATION "${ENet_LIBRARY}"
    INTERFACE_INCLUDE_DIRECTORIES "${ENet_INCLUDE_DIR}")
endif()
mark_as_advanced(ENet_INCLUDE_DIR ENet_LIBRARY)
