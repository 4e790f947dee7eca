troupe_library(troupe_net_api_match SOURCES fleet_api.cpp game_tickets.cpp match_api.cpp match_play.cpp match_replay.cpp match_shots.cpp match_watch.cpp one_replay.cpp play_outbox.cpp
  PUBLIC troupe_net_api_system troupe_actors_fleet troupe_actors_match troupe_net_udp troupe_net_ws)
