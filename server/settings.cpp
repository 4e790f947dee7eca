// The table of all configuration keys: the one place that documents them.
#include "server/config.hpp"

namespace troupe::server {

const std::vector<Setting>& settings() {
  constexpr std::int64_t kPorts = 65'535;
  static const std::vector<Setting> table{
      {"data_dir", "Directory of the database, backups and the token secret.", &Config::data_dir},
      {"log.level",
       "trace, debug, info, warn, error or off.",
       &Config::log_level,
       0,
       0,
       {"trace", "debug", "info", "warn", "error", "off"}},
      {"log.format", "text or json.", &Config::log_format, 0, 0, {"text", "json"}},

      {"http.address", "Address to listen on.", &Config::http_address},
      {"http.port", "Port of API, pages and WebSockets; 0 takes a free one.", &Config::http_port, 0,
       kPorts},
      {"http.threads", "I/O threads; 0: one per core.", &Config::http_threads, 0, 256},
      {"http.tls_certificate", "PEM certificate chain; TLS is on when set.",
       &Config::http_tls_certificate},
      {"http.tls_key", "PEM private key.", &Config::http_tls_key},
      {"http.max_connections", "Connections in all.", &Config::http_max_connections, 1, 1'000'000},
      {"http.max_connections_per_address", "Connections of one address.",
       &Config::http_max_connections_per_address, 1, 1'000'000},
      {"http.rate_per_second", "Requests a second of one address; 0: no limit.",
       &Config::http_rate_per_second},
      {"http.rate_burst", "Requests that one address may make at once.", &Config::http_rate_burst},
      {"http.access_log", "One line for each request.", &Config::http_access_log},
      {"http.web_dir", "Directory of the pages; empty: none.", &Config::http_web_dir},

      {"auth.algorithm",
       "HS256 (secret) or ES256 (public key).",
       &Config::auth_algorithm,
       0,
       0,
       {"HS256", "ES256"}},
      {"auth.key_file", "Key for tokens; empty: token.key in data_dir, made at first start.",
       &Config::auth_key_file},
      {"admin.drills", "Allow POST /api/v1/admin/actors/{kind}/{id}/crash, for tests and drills.",
       &Config::admin_drills},

      {"actors.threads", "Scheduler threads; 0: one per core.", &Config::actors_threads, 0, 256},
      {"storage.cache_mib", "Block cache.", &Config::storage_cache_mib, 8, 1 << 20},
      {"storage.write_buffer_mib", "Bound on all memtables together.",
       &Config::storage_write_buffer_mib, 8, 1 << 20},
      {"storage.read_threads", "Threads for blocking reads.", &Config::storage_read_threads, 1, 64},

      {"match.enabled", "Serve matches.", &Config::match_enabled},
      {"match.address", "Address of the game port.", &Config::match_address},
      {"match.port", "UDP port of the game protocol; 0 takes a free one.", &Config::match_port, 0,
       kPorts},
      {"match.tick_hz", "Simulation ticks a second.", &Config::match_tick_hz, 1, 120},
      {"match.max_matches", "Matches at once.", &Config::match_max_matches, 1, 100'000},
      {"match.checkpoint_ticks", "Ticks between two checkpoints.", &Config::match_checkpoint_ticks,
       1, 10'000},
      {"match.rejoin_grace_s", "How long a dropped player's place is kept.",
       &Config::match_rejoin_grace_s, 1, 3'600},

      {"live.enabled", "Serve live sessions.", &Config::live_enabled},
      {"live.address", "Address of the SRT port.", &Config::live_address},
      {"live.srt_port", "UDP port of SRT ingest; 0 takes a free one.", &Config::live_srt_port, 0,
       kPorts},
      {"live.chunk_ms", "Length of a video chunk; 0: one per frame.", &Config::live_chunk_ms, 0,
       2'000},
      {"live.segment_ms", "A segment of HLS and DASH ends at the first key frame after this.",
       &Config::live_segment_ms, 500, 10'000},
      {"live.part_ms", "About the length of a part of LL-HLS: a whole number of chunks.",
       &Config::live_part_ms, 50, 2'000},
      {"live.rewind_s", "How far back viewers of HLS and DASH may go.", &Config::live_rewind_s, 10,
       600},
      {"live.record_minutes", "The last minutes of each session are recorded; 0: nothing is.",
       &Config::live_record_minutes, 0, 1'440},
      {"live.record_keep_hours", "How long a recording stays after its session's last picture.",
       &Config::live_record_keep_hours, 1, 8'760},
      {"live.record_max_mib", "Disk for all recordings; the oldest go first.",
       &Config::live_record_max_mib, 64, 100'000'000},
      {"live.max_publishers", "Publishers at once.", &Config::live_max_publishers, 1, 1'000},
      {"live.anonymous_viewers", "Let viewers without a token watch.",
       &Config::live_anonymous_viewers},

      {"ads.default_tmax_ms", "Time for an auction that names none.", &Config::ads_default_tmax_ms,
       1, 10'000},
      {"ads.max_tmax_ms", "Longest time that an auction may ask for.", &Config::ads_max_tmax_ms, 1,
       60'000},
      {"ads.auction_actors", "Auction actors.", &Config::ads_auction_actors, 1, 1'024},
      {"ads.min_price_cpm_micros",
       "Nothing is sold under this: millionths of a USD per thousand impressions.",
       &Config::ads_min_price_cpm_micros, 1, 1'000'000'000},

      {"feed.max_active", "Active feeds in memory.", &Config::feed_max_active, 1, 100'000'000},
      {"feed.idle_s", "A feed without requests for this long leaves memory.", &Config::feed_idle_s,
       1, 86'400},
      {"feed.celebrity_followers",
       "Posts of accounts with more followers are merged at read instead of pushed.",
       &Config::feed_celebrity_followers, 1, 1'000'000'000},
  };
  return table;
}

}  // namespace troupe::server
