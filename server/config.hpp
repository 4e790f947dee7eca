// Configuration: defaults, then a TOML file, then environment variables. Unknown keys are refused.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/result.hpp"

namespace troupe::server {

struct Config {
  std::string data_dir = "troupe-data";
  std::string log_level = "info";
  std::string log_format = "text";

  std::string http_address = "127.0.0.1";
  std::int64_t http_port = 8080;
  std::int64_t http_threads = 0;
  std::string http_tls_certificate;
  std::string http_tls_key;
  std::string http_trusted_proxies;
  std::int64_t http_max_connections = 10'000;
  std::int64_t http_max_connections_per_address = 10'000;
  std::int64_t http_max_requests_per_connection = 10'000;
  std::int64_t http_header_timeout_ms = 10'000;
  std::int64_t http_body_timeout_ms = 30'000;
  std::int64_t http_idle_timeout_ms = 60'000;
  std::int64_t http_write_timeout_ms = 30'000;
  double http_rate_per_second = 0;
  double http_rate_burst = 0;
  bool http_access_log = true;
  std::string http_web_dir = "web";

  std::string auth_algorithm = "HS256";
  std::string auth_key_file;
  bool admin_drills = false;

  std::int64_t actors_bulk_delay_ms = 50;
  std::int64_t actors_normal_delay_ms = 250;
  std::int64_t actors_threads = 0;
  std::int64_t storage_cache_mib = 256;
  std::int64_t storage_write_buffer_mib = 256;
  std::int64_t storage_read_threads = 2;
  std::int64_t storage_journal_keep_hours = 168;

  bool match_enabled = true;
  std::string match_address = "127.0.0.1";
  std::int64_t match_port = 7777;
  std::int64_t match_hosts = 1;
  std::string match_region = "local";
  std::string match_public_address;
  std::int64_t match_host_players = 4'000;
  std::int64_t match_host_matches = 2'000;
  std::int64_t match_drain_s = 0;
  std::int64_t match_tick_hz = 30;
  std::int64_t match_max_matches = 2'000;
  std::int64_t match_checkpoint_ticks = 300;
  bool match_log = true;
  std::int64_t match_log_keep_s = 24 * 3'600;
  std::int64_t match_view_units = 0;
  std::int64_t match_snapshot_bytes = 1'100;
  bool match_hide_behind_walls = true;
  bool match_fairness = true;
  double match_fairness_z = 4;
  double match_fairness_accuracy = 0.25;
  double match_fairness_reaction = 0.2;
  double match_fairness_snap = 0.05;
  double match_fairness_flood = 0.15;
  std::int64_t match_fairness_shadow_strikes = 0;
  std::int64_t match_fairness_kick_strikes = 0;
  std::int64_t match_fairness_ban_strikes = 0;
  std::int64_t match_fairness_kick_s = 600;
  std::int64_t match_rejoin_grace_s = 30;
  std::int64_t match_spectator_delay_ms = 2'000;
  std::int64_t match_max_spectators = 1'000;
  bool match_anonymous_spectators = true;
  std::int64_t match_time_limit_s = 600;
  std::int64_t match_max_clients = 4'000;
  std::int64_t match_max_clients_per_address = 1'000;
  double match_connects_per_second = 50;
  double match_connects_burst = 1'000;

  bool live_enabled = true;
  std::string live_address = "127.0.0.1";
  std::int64_t live_srt_port = 9000;
  std::int64_t live_srt_latency_ms = 120;
  std::int64_t live_chunk_ms = 100;
  std::int64_t live_segment_ms = 2'000;
  std::int64_t live_part_ms = 200;
  std::int64_t live_rewind_s = 60;
  std::string live_record = "window";
  std::int64_t live_record_minutes = 10;
  std::int64_t live_record_keep_hours = 24;
  std::int64_t live_record_max_mib = 10'240;
  std::int64_t live_record_session_max_mib = 8'192;
  std::int64_t live_clips_max_mib = 2'048;
  std::int64_t live_assets_max_mib = 20'480;
  std::int64_t live_max_publishers = 32;
  std::int64_t live_max_publishers_per_address = 8;
  bool live_pull_private = false;
  std::int64_t live_backup_after_ms = 1'000;
  std::int64_t live_backup_return_s = 30;
  bool live_anonymous_viewers = true;
  std::int64_t live_views_per_account = 0;
  std::string live_origin;
  std::string live_origin_token;
  std::string live_origin_ca_file;
  std::int64_t live_origin_idle_s = 10;
  std::int64_t live_origin_max_sessions = 1'000;
  std::string live_link_keys;
  std::string live_geo_database;
  bool live_geo_unknown_may = false;
  std::string live_alerts;
  std::string live_cue_schemes;
  std::string live_caption_languages;
  bool live_loudness = true;
  std::string live_ladder;
  std::int64_t live_ladder_workers = 1;
  std::int64_t live_ladder_max_lag_ms = 1'500;
  std::int64_t live_ladder_calm_s = 30;
  std::string live_ladder_audio;
  std::int64_t live_thumbnail_s = 5;

  bool rtmp_enabled = true;
  std::int64_t rtmp_port = 1935;
  std::int64_t rtmp_max_connections = 128;
  std::int64_t rtmp_max_connections_per_address = 16;

  std::string ratings_system = "weng_lin";
  bool ratings_only_matchmade = false;
  std::int64_t leaderboard_max_entries = 10'000'000;
  std::string matchmaking_modes = "duel:2x1,squads:2x4,arena:8x1:2";
  std::string matchmaking_regions = "local";
  std::int64_t matchmaking_max_tickets = 100'000;
  std::int64_t matchmaking_every_ms = 250;
  std::int64_t matchmaking_max_wait_s = 60;
  std::int64_t matchmaking_accept_s = 20;
  std::int64_t matchmaking_away_s = 10;

  std::int64_t ads_default_tmax_ms = 100;
  std::int64_t ads_max_tmax_ms = 1'000;
  std::int64_t ads_auction_actors = 4;
  std::int64_t ads_min_price_cpm_micros = 10'000;

  std::int64_t feed_max_active = 1'000'000;
  std::int64_t feed_idle_s = 600;
  std::int64_t feed_celebrity_followers = 10'000;
  std::int64_t feed_timeline_keep = 800;
};

/// One documented key. `field` points into a Config.
struct Setting {
  std::string key;  ///< "http.port"; the environment variable is TROUPE_HTTP_PORT
  std::string help;
  std::variant<std::string Config::*, std::int64_t Config::*, double Config::*, bool Config::*>
      field;
  std::int64_t minimum = 0;
  std::int64_t maximum = INT64_MAX;
  std::vector<std::string> choices;  ///< for text; empty: any
  bool secret = false;               ///< text that is never shown
};
[[nodiscard]] const std::vector<Setting>& settings();

/// `file`: empty for none. `environment`: name → value, as from environ. Errors: invalid_argument,
/// with the file's line and, for an unknown key, the nearest known one; io.
[[nodiscard]] Result<Config> load_config(const std::filesystem::path& file,
                                         const std::map<std::string, std::string>& environment);
/// The process's variables that begin with TROUPE_.
[[nodiscard]] std::map<std::string, std::string> troupe_environment();
/// The configuration as TOML with each key's help as a comment; reading it back gives the same
/// configuration, but for secrets: of them it says only that they are set.
[[nodiscard]] std::string to_toml(const Config& config);

}  // namespace troupe::server
