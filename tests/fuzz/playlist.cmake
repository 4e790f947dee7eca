troupe_fuzzer(playlist SOURCES playlist_fuzz.cpp LINK troupe_media_playlist)
