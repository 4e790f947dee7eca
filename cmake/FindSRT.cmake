# Finds libsrt (the GnuTLS build, which FFmpeg links too: two builds in one process would clash); defines the imported target SRT::srt.
find_path(SRT_INCLUDE_DIR NAMES srt/srt.h)
find_library(SRT_LIBRARY NAMES srt-gnutls srt)
include(FindPackageHandleStandardArgs)
find_package_handle_standard_args(SRT REQUIRED_VARS SRT_LIBRARY SRT_INCLUDE_DIR)
if(SRT_FOUND AND NOT TARGET SRT::srt)
  add_library(SRT::srt UNKNOWN IMPORTED)
  set_target_properties(SRT::srt PROPERTIES
    IMPORTED_LOCATION "${SRT_LIBRARY}"
    INTERFACE_INCLUDE_DIRECTORIES "${SRT_INCLUDE_DIR}")
endif()
mark_as_advanced(SRT_INCLUDE_DIR SRT_LIBRARY)
