# Warnings, sanitizers, linker, compiler cache and the one precompiled header that every room shares.
add_library(troupe_flags INTERFACE)
target_compile_options(troupe_flags INTERFACE
  -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wno-sign-conversion
  -Wno-missing-field-initializers  # designated initialisers leave the rest at its default, on purpose
  # GCC 12 reports these on std::string and std::variant moves that it has inlined itself (GCC bugs 105329, 105562).
  $<$<CXX_COMPILER_ID:GNU>:-Wno-array-bounds -Wno-restrict -Wno-maybe-uninitialized -Wno-stringop-overflow
    -Wno-stringop-overread -Wno-free-nonheap-object>
  $<$<BOOL:$ENV{CI}>:-Werror>)
target_include_directories(troupe_flags INTERFACE "${PROJECT_SOURCE_DIR}")
# Definitions that libraries ask for are set once for all rooms, so that the precompiled header fits each.
target_compile_definitions(troupe_flags INTERFACE
  SPDLOG_COMPILED_LIB SPDLOG_SHARED_LIB SPDLOG_FMT_EXTERNAL
  BOOST_ASIO_NO_DEPRECATED
  BOOST_ALL_NO_LIB)

if(TROUPE_SANITIZE)
  add_compile_options(-fsanitize=${TROUPE_SANITIZE} -fno-sanitize-recover=all
                      -fno-omit-frame-pointer)
  if(TROUPE_SANITIZE MATCHES undefined)
    # FlatBuffers reads records where RocksDB has them, at any address, which x86-64 and ARMv8 allow; CAF binds a
    # reference to what an empty pointer holds (init_fun_factory.hpp), and the address sanitizer sees real null accesses.
    add_compile_options(-fno-sanitize=alignment,null)
  endif()
  add_link_options(-fsanitize=${TROUPE_SANITIZE})
  if(TROUPE_SANITIZE MATCHES thread)
    add_compile_options(-Wno-tsan) # Asio's fences, which it does not see
  endif()
endif()

find_program(TROUPE_CCACHE ccache)
if(TROUPE_CCACHE AND NOT CMAKE_CXX_COMPILER_LAUNCHER)
  # pch_defines and time_macros let ccache serve files that use the precompiled header.
  set(launcher ${CMAKE_COMMAND} -E env CCACHE_SLOPPINESS=pch_defines,time_macros,include_file_mtime,include_file_ctime
    CCACHE_BASEDIR=${PROJECT_SOURCE_DIR} ${TROUPE_CCACHE})
  set(CMAKE_CXX_COMPILER_LAUNCHER ${launcher})
  set(CMAKE_C_COMPILER_LAUNCHER ${launcher})
endif()

find_program(TROUPE_MOLD mold)
if(TROUPE_MOLD AND NOT TROUPE_FUZZ)
  add_link_options(-fuse-ld=mold)
endif()
