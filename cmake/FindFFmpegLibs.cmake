# Finds the FFmpeg libraries; defines the imported target FFmpeg::libs.
find_package(PkgConfig REQUIRED)
pkg_check_modules(FFMPEG REQUIRED IMPORTED_TARGET libavformat libavcodec libavutil libswscale libswresample)
if(NOT TARGET FFmpeg::libs)
  add_library(FFmpeg::libs INTERFACE IMPORTED)
  target_link_libraries(FFmpeg::libs INTERFACE PkgConfig::FFMPEG)
endif()
set(FFmpegLibs_FOUND TRUE)
