# Sessions that come from another server: both ends.
troupe_library(troupe_net_api_relay
  SOURCES edge_link.cpp edge_state.cpp edge_upstream.cpp live_edge.cpp relay_encode.cpp relay_hub.cpp relay_hub_edges.cpp relay_media.cpp relay_wire.cpp
  PUBLIC troupe_net_ws troupe_media_playlist troupe_schemas OpenSSL::SSL PRIVATE troupe_media troupe_actors_live)

troupe_library(troupe_net_api_live
  SOURCES cmcd.cpp country_book.cpp live_access.cpp asset_media.cpp live_alerts.cpp live_api.cpp live_assets.cpp live_body.cpp live_captions.cpp live_chat.cpp live_clips.cpp live_cues.cpp live_flv.cpp live_gateway.cpp live_health.cpp live_links.cpp live_parties.cpp live_playlists.cpp live_polls.cpp live_quality.cpp live_recordings.cpp live_relay.cpp live_shield.cpp live_thumbnails.cpp live_watch.cpp
    party_book.cpp playlist_session.cpp quality_book.cpp recorded_file.cpp served_file.cpp view_book.cpp view_link.cpp view_roll.cpp
  PUBLIC troupe_net_http troupe_net_ws troupe_net_flv troupe_actors_live troupe_media_health troupe_media_ladder troupe_media_playlist troupe_media_recording troupe_net_api_relay troupe_net_api_system
  PRIVATE MaxMindDB::maxminddb)

# Publishers over HTTP and WebSocket.
troupe_library(troupe_net_api_live_push
  SOURCES live_pull.cpp live_push.cpp live_push_ws.cpp
  PUBLIC troupe_net_http troupe_net_ws troupe_net_ingest troupe_actors_live)
