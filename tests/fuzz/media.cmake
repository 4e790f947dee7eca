troupe_fuzzer(stream_id SOURCES media_stream_id_fuzz.cpp "${PROJECT_SOURCE_DIR}/net/ingest/stream_id.cpp" LINK troupe_base)
troupe_fuzzer(packager SOURCES media_packager_fuzz.cpp LINK troupe_media)
troupe_fuzzer(push_packager SOURCES media_push_packager_fuzz.cpp LINK troupe_media)
set(rtmp "${PROJECT_SOURCE_DIR}/net/ingest/rtmp")
troupe_fuzzer(rtmp_peer
  SOURCES media_rtmp_peer_fuzz.cpp "${rtmp}/amf0.cpp" "${rtmp}/chunk_stream.cpp" "${rtmp}/handshake.cpp"
    "${rtmp}/media.cpp" "${rtmp}/peer.cpp" "${rtmp}/publish_name.cpp"
  LINK troupe_base)
troupe_fuzzer(rtmp_amf0 SOURCES media_rtmp_amf0_fuzz.cpp "${rtmp}/amf0.cpp" LINK troupe_base)
troupe_fuzzer(rtmp_media
  SOURCES media_rtmp_media_fuzz.cpp "${rtmp}/amf0.cpp" "${rtmp}/media.cpp" LINK troupe_media)
