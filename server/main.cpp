// The `troupe` program.
#include <csignal>
#include <cstdio>
#include <iostream>
#include <thread>

#include <CLI/CLI.hpp>
#include <fmt/format.h>
#include <sodium.h>
#include <spdlog/spdlog.h>
#include <unistd.h>

#include "base/log.hpp"
#include "server/adjudicate.hpp"
#include "server/app.hpp"
#include "server/config.hpp"
#include "server/open_files.hpp"
#include "server/record_checks.hpp"
#include "server/token_key.hpp"
#include "storage/backup.hpp"
#include "storage/store.hpp"
#include "storage/verify.hpp"

namespace troupe::server {
namespace {

constexpr const char* kVersion = "0.1.0";

int fail(const Error& e) {
  fmt::print(stderr, "troupe: {}: {}\n", to_string(e.code), e.detail);
  return 1;
}

struct Flags {
  std::string config_file;
  std::string data_dir;
  std::vector<std::string> set;
};

/// File, then environment, then flags.
Result<Config> load(const Flags& flags) {
  auto environment = troupe_environment();
  for (const auto& pair : flags.set) {
    const auto equals = pair.find('=');
    if (equals == std::string::npos)
      return error(ErrorCode::invalid_argument, "--set wants key=value, got " + pair);
    std::string name = "TROUPE_";
    for (const char c : pair.substr(0, equals)) {
      name += c == '.' ? '_' : static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
    }
    environment[name] = pair.substr(equals + 1);
  }
  if (!flags.data_dir.empty()) environment["TROUPE_DATA_DIR"] = flags.data_dir;
  return load_config(flags.config_file, environment);
}

/// Set when the supervisors have given up; the process then stops as on SIGTERM, but says so.
std::atomic<bool> failed{false};

void stop_as_failed() {
  failed = true;
  ::kill(::getpid(), SIGTERM);
}

/// Signals are blocked in all threads and waited for in this one. A second signal while draining
/// ends at once.
int run_until_signal(App& app) {
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGTERM);
  sigaddset(&signals, SIGINT);
  int number = 0;
  sigwait(&signals, &number);
  spdlog::info("{}: draining", failed ? "a domain cannot be kept up" : strsignal(number));
  pthread_sigmask(SIG_UNBLOCK, &signals, nullptr);
  std::signal(number, SIG_DFL);
  if (!failed) app.drain();
  app.stop();
  spdlog::info("stopped");
  flush_logging();
  return failed ? 1 : 0;
}

void block_signals() {
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGTERM);
  sigaddset(&signals, SIGINT);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  std::signal(SIGPIPE, SIG_IGN);
}

void allow_open_files(const Config& config) {
  const auto may = raise_open_files();
  const auto needed = open_files_needed(config);
  spdlog::info("may have {} files and sockets at a time", may);
  if (may >= needed) return;
  spdlog::warn(
      "with all connections that are configured it may need {}: raise the hard limit (ulimit -Hn, "
      "LimitNOFILE=) or lower http.max_connections",
      needed);
}

int serve(const Flags& flags, bool print_config) {
  auto config = load(flags);
  if (!config.ok()) return fail(config.error());
  if (print_config) {
    fmt::print("{}", to_toml(*config));
    return 0;
  }
  block_signals();
  init_logging(config->log_level, config->log_format == "json" ? LogFormat::json : LogFormat::text);
  allow_open_files(*config);
  auto app = App::start(*config, stop_as_failed);
  if (!app.ok()) {
    flush_logging();
    return fail(app.error());
  }
  const auto& at = (*app)->addresses();
  spdlog::info("serving {} (game udp {}, srt {}, rtmp {}), data in {}", at.http, at.game_port,
               at.srt_port, at.rtmp_port, config->data_dir);
  // One line on standard output for programs that start the server on free ports.
  fmt::print("{{\"http\":{},\"game\":{},\"srt\":{},\"rtmp\":{}}}\n", at.http_port, at.game_port,
             at.srt_port, at.rtmp_port);
  std::fflush(stdout);
  return run_until_signal(**app);
}

/// `serve` on fresh data that goes with the process, for trying things out.
int demo(Flags flags) {
  std::string pattern = (std::filesystem::temp_directory_path() / "troupe-demo-XXXXXX").string();
  if (::mkdtemp(pattern.data()) == nullptr)
    return fail(error(ErrorCode::io, "cannot make " + pattern));
  flags.data_dir = pattern;
  fmt::print(
      stderr,
      "data in {}, removed at the end; mint tokens with: troupe token --data-dir {} --subject me\n",
      pattern, pattern);
  const int code = serve(flags, false);
  std::error_code ignored;
  std::filesystem::remove_all(pattern, ignored);
  return code;
}

int token(const Flags& flags, const std::string& subject, const std::string& scope, int hours) {
  auto config = load(flags);
  if (!config.ok()) return fail(config.error());
  if (config->auth_algorithm != "HS256") {
    return fail(error(ErrorCode::unsupported,
                      "with ES256 the tokens come from whoever holds the private key"));
  }
  if (sodium_init() < 0) return fail(error(ErrorCode::internal, "no randomness"));
  auto key = load_token_key(*config);
  if (!key.ok()) return fail(key.error());
  const auto now = std::chrono::duration_cast<std::chrono::seconds>(
      std::chrono::system_clock::now().time_since_epoch());
  auto signed_token = sign_jwt(*key, {.subject = subject,
                                      .audience = "troupe",
                                      .scope = scope,
                                      .expires_s = now.count() + std::int64_t{hours} * 3600});
  if (!signed_token.ok()) return fail(signed_token.error());
  fmt::print("{}\n", *signed_token);
  return 0;
}

Result<std::unique_ptr<storage::Store>> open_store(const Config& config) {
  return storage::Store::open({.path = std::filesystem::path(config.data_dir) / "db",
                               .read_only = false,
                               .create_if_missing = false});
}

int backup(const Flags& flags, const std::string& to) {
  auto config = load(flags);
  if (!config.ok()) return fail(config.error());
  auto store = open_store(*config);
  if (!store.ok()) {
    auto e = store.error();
    e.detail += " (is the server running? then POST /api/v1/admin/backups)";
    return fail(e);
  }
  if (auto done = storage::backup(**store, to); !done.ok()) return fail(done.error());
  fmt::print("backed up to {}\n", to);
  return 0;
}

int restore(const Flags& flags, const std::string& from) {
  auto config = load(flags);
  if (!config.ok()) return fail(config.error());
  const bool terminal = ::isatty(2) != 0;
  std::error_code ignored;
  std::filesystem::create_directories(config->data_dir, ignored);
  const auto to = std::filesystem::path(config->data_dir) / "db";
  auto done = storage::restore(from, to, [terminal](std::uint64_t copied, std::uint64_t total) {
    if (terminal) fmt::print(stderr, "\r{} of {} MiB", copied >> 20, total >> 20);
  });
  if (terminal) fmt::print(stderr, "\n");
  if (!done.ok()) return fail(done.error());
  fmt::print("restored {} to {}\n", from, to.string());
  return 0;
}

int adjudicate_shot(const Flags& flags, const AdjudicateOptions& options) {
  auto config = load(flags);
  if (!config.ok()) return fail(config.error());
  auto store = storage::Store::open(
      {.path = std::filesystem::path(config->data_dir) / "db", .read_only = true});
  if (!store.ok()) return fail(store.error());
  const auto text = adjudicate(**store, options);
  if (!text.ok()) return fail(text.error());
  fmt::print("{}", *text);
  return 0;
}

int verify(const Flags& flags) {
  auto config = load(flags);
  if (!config.ok()) return fail(config.error());
  auto store = storage::Store::open(
      {.path = std::filesystem::path(config->data_dir) / "db", .read_only = true});
  if (!store.ok()) return fail(store.error());
  const bool terminal = ::isatty(2) != 0;
  auto report = storage::verify(**store, all_record_checks(), [terminal](std::uint64_t records) {
    if (terminal) fmt::print(stderr, "\r{} records", records);
  });
  if (terminal) fmt::print(stderr, "\r");
  if (!report.ok()) return fail(report.error());
  for (const auto& [name, count] : report->families) {
    fmt::print("{:<12} {:>12} records {:>14} bytes {:>8} bad\n", name, count.records, count.bytes,
               count.bad);
  }
  for (const auto& problem : report->problems) fmt::print("{}\n", problem);
  fmt::print("{}\n", report->ok() ? "ok" : fmt::format("{} problems", report->problem_count));
  return report->ok() ? 0 : 2;
}

int run(int argc, char** argv) {
  CLI::App cli("Troupe: games, live streams, auctions and feeds in one server");
  cli.require_subcommand(1);
  Flags flags;
  const auto common = [&flags](CLI::App* command) {
    command->add_option("-c,--config", flags.config_file, "TOML file (see docs/configuration.md)")
        ->envname("TROUPE_CONFIG")
        ->check(CLI::ExistingFile);
    command->add_option("-d,--data-dir", flags.data_dir, "Overrides data_dir");
    command->add_option("--set", flags.set, "Overrides one key: --set http.port=8081");
    return command;
  };
  int exit_code = 0;

  bool print_config = false;
  auto* serve_command = common(cli.add_subcommand("serve", "Run the server"));
  serve_command->add_flag("--print-config", print_config,
                          "Print the effective configuration and exit");
  serve_command->callback([&] { exit_code = serve(flags, print_config); });

  common(cli.add_subcommand("demo", "Run the server on fresh data that is removed at the end"))
      ->callback([&] { exit_code = demo(flags); });

  std::string subject, scope;
  int hours = 24;
  auto* token_command = common(cli.add_subcommand("token", "Mint a bearer token for development"));
  token_command->add_option("--subject", subject, "User id")->required();
  token_command->add_option("--scope", scope, "Space-separated scopes, e.g. \"admin\"");
  token_command->add_option("--hours", hours, "Life of the token")->check(CLI::Range(1, 24 * 365));
  token_command->callback([&] { exit_code = token(flags, subject, scope, hours); });

  std::string path;
  auto* backup_command =
      common(cli.add_subcommand("backup", "Copy the database of a stopped server"));
  backup_command->add_option("to", path, "Directory to make")->required();
  backup_command->callback([&] { exit_code = backup(flags, path); });
  auto* restore_command =
      common(cli.add_subcommand("restore", "Bring a backup into an empty data directory"));
  restore_command->add_option("from", path, "Backup directory")->required();
  restore_command->callback([&] { exit_code = restore(flags, path); });

  auto* match_group = cli.add_subcommand("match", "Of the matches in a data directory");
  match_group->require_subcommand(1);
  AdjudicateOptions shot;
  auto* adjudicate_command =
      common(match_group->add_subcommand("adjudicate", "Judge a shot again, from the match's log"));
  adjudicate_command->add_option("match", shot.match, "Its id")->required();
  adjudicate_command->add_option("--tick", shot.tick, "That fired it")->required();
  adjudicate_command->add_option("--slot", shot.slot, "Of the shooter")
      ->required()
      ->check(CLI::Range(0, 63));
  adjudicate_command->add_flag("--json", shot.json, "As GET /api/v1/matches/{id}/shots has it");
  adjudicate_command->callback([&] { exit_code = adjudicate_shot(flags, shot); });

  auto* verify_command =
      common(cli.add_subcommand("verify", "Check every record of a data directory, read-only"));
  verify_command->callback([&] { exit_code = verify(flags); });
  cli.add_subcommand("version", "Print the version")->callback([] {
    fmt::print("troupe {}\n", kVersion);
  });

  CLI11_PARSE(cli, argc, argv);
  return exit_code;
}

}  // namespace
}  // namespace troupe::server

int main(int argc, char** argv) {
  try {
    return troupe::server::run(argc, argv);
  } catch (const std::exception& e) {
    fmt::print(stderr, "troupe: {}\n", e.what());
    return 1;
  }
}
