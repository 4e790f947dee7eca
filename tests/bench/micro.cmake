# Google Benchmark microbenchmarks of the hot pure functions; --filter REGEX picks some.
troupe_executable(bench_micro
  SOURCES micro/main.cpp micro/game_micro.cpp micro/live_access_micro.cpp micro/auction_micro.cpp micro/feed_micro.cpp micro/media_micro.cpp micro/net_micro.cpp
          micro/storage_micro.cpp micro/ratings_micro.cpp
  LINK troupe_bench_report troupe_game troupe_actors_auction troupe_actors_feed troupe_actors_ratings troupe_net_ws troupe_net_api_live
       troupe_media_ladder troupe_media_playlist troupe_storage FFmpeg::libs benchmark::benchmark CLI11::CLI11)
