# Finds libjwt; defines the imported target LibJWT::jwt.
find_path(LibJWT_INCLUDE_DIR NAMES jwt.h)
find_library(LibJWT_LIBRARY NAMES jwt)
include(FindPackageHandleStandardArgs)
find_package_handle_standard_args(LibJWT REQUIRED_VARS LibJWT_LIBRARY LibJWT_INCLUDE_DIR)
if(LibJWT_FOUND AND NOT TARGET LibJWT::jwt)
  add_library(LibJWT::jwt UNKNOWN IMPORTED)
  set_target_properties(LibJWT::jwt PROPERTIES
    IMPORTED_LOCATION "${LibJWT_LIBRARY}"
    INTERFACE_INCLUDE_DIRECTORIES "${LibJWT_INCLUDE_DIR}")
endif()
mark_as_advanced(LibJWT_INCLUDE_DIR LibJWT_LIBRARY)
