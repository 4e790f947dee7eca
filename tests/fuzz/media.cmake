troupe_fuzzer(stream_id SOURCES media_stream_id_fuzz.cpp "${PROJECT_SOURCE_DIR}/net/ingest/stream_id.cpp" LINK troupe_base)
troupe_fuzzer(packager SOURCES media_packager_fuzz.cpp LINK troupe_media)
