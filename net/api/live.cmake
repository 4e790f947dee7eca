troupe_library(troupe_net_api_live
  SOURCES cmcd.cpp live_access.cpp live_alerts.cpp live_api.cpp live_body.cpp live_captions.cpp live_chat.cpp live_clips.cpp live_cues.cpp live_gateway.cpp live_health.cpp live_parties.cpp live_playlists.cpp live_polls.cpp live_quality.cpp live_recordings.cpp live_thumbnails.cpp live_watch.cpp
    party_book.cpp playlist_session.cpp quality_book.cpp view_book.cpp
  PUBLIC troupe_net_http troupe_net_ws troupe_actors_live troupe_media_health troupe_media_ladder troupe_media_playlist troupe_media_recording)

# Publishers over HTTP and WebSocket.
troupe_library(troupe_net_api_live_push
  SOURCES live_pull.cpp live_push.cpp live_push_ws.cpp
  PUBLIC troupe_net_http troupe_net_ws troupe_net_ingest troupe_actors_live)
