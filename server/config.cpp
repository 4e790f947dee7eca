#include "server/config.hpp"

#include <algorithm>
#include <cctype>
#include <charconv>
#include <cmath>
#include <numeric>
#include <set>

#include <fmt/format.h>
#include <toml++/toml.h>
#include <unistd.h>

namespace troupe::server {
namespace {

template <class... Fs>
struct Overloaded : Fs... {
  using Fs::operator()...;
};
template <class... Fs>
Overloaded(Fs...) -> Overloaded<Fs...>;

std::string environment_name(const std::string& key) {
  std::string name = "TROUPE_";
  for (const char c : key)
    name += c == '.' ? '_' : static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
  return name;
}

/// Levenshtein distance, to name what was probably meant.
std::size_t distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> row(b.size() + 1);
  std::iota(row.begin(), row.end(), std::size_t{0});
  for (std::size_t i = 1; i <= a.size(); ++i) {
    std::size_t diagonal = row[0]++;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const auto above = row[j];
      row[j] = std::min({row[j] + 1, row[j - 1] + 1, diagonal + (a[i - 1] == b[j - 1] ? 0 : 1)});
      diagonal = above;
    }
  }
  return row.back();
}

std::string unknown(const std::string& what, const std::string& name,
                    const std::function<std::string(const Setting&)>& show) {
  const auto& all = settings();
  const auto nearest =
      std::min_element(all.begin(), all.end(), [&](const Setting& a, const Setting& b) {
        return distance(show(a), name) < distance(show(b), name);
      });
  return fmt::format("unknown {} '{}'; did you mean '{}'?", what, name, show(*nearest));
}

Result<void> assign(Config& config, const Setting& setting, const std::string& text) {
  const auto bad = [&](const std::string& why) {
    return error(ErrorCode::invalid_argument, fmt::format("{}: '{}' {}", setting.key, text, why));
  };
  return std::visit(
      Overloaded{
          [&](std::string Config::*field) -> Result<void> {
            if (!setting.choices.empty() &&
                std::find(setting.choices.begin(), setting.choices.end(), text) ==
                    setting.choices.end()) {
              return bad(fmt::format("must be one of {}", fmt::join(setting.choices, ", ")));
            }
            config.*field = text;
            return {};
          },
          [&](std::int64_t Config::*field) -> Result<void> {
            std::int64_t value = 0;
            const auto [end, ec] = std::from_chars(text.data(), text.data() + text.size(), value);
            if (ec != std::errc() || end != text.data() + text.size())
              return bad("is not a whole number");
            if (value < setting.minimum || value > setting.maximum) {
              return bad(
                  fmt::format("must be between {} and {}", setting.minimum, setting.maximum));
            }
            config.*field = value;
            return {};
          },
          [&](double Config::*field) -> Result<void> {
            double value = 0;
            const auto [end, ec] = std::from_chars(text.data(), text.data() + text.size(), value);
            if (ec != std::errc() || end != text.data() + text.size() || value < 0 ||
                !std::isfinite(value)) {
              return bad("is not a number ≥ 0");
            }
            config.*field = value;
            return {};
          },
          [&](bool Config::*field) -> Result<void> {
            if (text != "true" && text != "false") return bad("must be true or false");
            config.*field = text == "true";
            return {};
          },
      },
      setting.field);
}

Result<void> apply_node(Config& config, const std::string& key, const toml::node& node) {
  const auto line = node.source().begin.line;
  const auto& all = settings();
  const auto it =
      std::find_if(all.begin(), all.end(), [&](const Setting& s) { return s.key == key; });
  if (it == all.end()) {
    return error(ErrorCode::invalid_argument,
                 fmt::format("line {}: {}", line,
                             unknown("key", key, [](const Setting& s) { return s.key; })));
  }
  const bool wants_text = std::holds_alternative<std::string Config::*>(it->field);
  std::string text;
  if (const auto* s = node.as_string(); s != nullptr && wants_text)
    text = s->get();
  else if (const auto* i = node.as_integer(); i != nullptr && !wants_text)
    text = std::to_string(i->get());
  else if (const auto* d = node.as_floating_point(); d != nullptr && !wants_text)
    text = fmt::format("{}", d->get());
  else if (const auto* b = node.as_boolean(); b != nullptr && !wants_text)
    text = b->get() ? "true" : "false";
  else
    return error(ErrorCode::invalid_argument,
                 fmt::format("line {}: {} has the wrong type", line, key));
  auto assigned = assign(config, *it, text);
  if (!assigned.ok())
    return error(ErrorCode::invalid_argument,
                 fmt::format("line {}: {}", line, assigned.error().detail));
  return {};
}

Result<void> apply_file(Config& config, const std::filesystem::path& file) {
  toml::table table;
  try {
    table = toml::parse_file(file.string());
  } catch (const toml::parse_error& e) {
    return error(ErrorCode::invalid_argument, fmt::format("{}: line {}: {}", file.string(),
                                                          e.source().begin.line, e.description()));
  }
  const auto at_file = [&](Result<void> result) {
    return result.ok()
               ? result
               : Result<void>(error(result.code(), file.string() + ": " + result.error().detail));
  };
  for (const auto& [section, node] : table) {
    const std::string name(section.str());
    const auto* inner = node.as_table();
    if (inner == nullptr) {
      if (auto done = apply_node(config, name, node); !done.ok()) return at_file(done);
      continue;
    }
    for (const auto& [key, value] : *inner) {
      if (auto done = apply_node(config, name + "." + std::string(key.str()), value); !done.ok())
        return at_file(done);
    }
  }
  return {};
}

Result<void> apply_environment(Config& config,
                               const std::map<std::string, std::string>& environment) {
  // Read by `dev` and by tests, not by the engine.
  static const std::set<std::string> others{"TROUPE_PRESET", "TROUPE_JOBS", "TROUPE_CRASH_ROUNDS",
                                            "TROUPE_BIN", "TROUPE_CONFIG"};
  for (const auto& [name, value] : environment) {
    if (others.count(name) != 0) continue;
    const auto& all = settings();
    const auto it = std::find_if(all.begin(), all.end(), [&n = name](const Setting& s) {
      return environment_name(s.key) == n;
    });
    if (it == all.end()) {
      return error(ErrorCode::invalid_argument,
                   unknown("environment variable", name,
                           [](const Setting& s) { return environment_name(s.key); }));
    }
    if (auto done = assign(config, *it, value); !done.ok())
      return error(done.code(), name + ": " + done.error().detail);
  }
  return {};
}

constexpr std::string_view kNothing = "\"\"";

std::string toml_value(const Config& config, const Setting& setting) {
  return std::visit(Overloaded{
                        [&](std::string Config::*f) {
                          std::string out = "\"";
                          for (const char c : config.*f) {
                            if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) {
                              out += fmt::format("\\u{:04x}", c);
                              continue;
                            }
                            if (c == '"' || c == '\\') out += '\\';
                            out += c;
                          }
                          return out + "\"";
                        },
                        [&](std::int64_t Config::*f) { return std::to_string(config.*f); },
                        [&](double Config::*f) {
                          auto text = fmt::format("{}", config.*f);
                          return text.find_first_of(".e") == std::string::npos ? text + ".0" : text;
                        },
                        [&](bool Config::*f) { return std::string(config.*f ? "true" : "false"); },
                    },
                    setting.field);
}

}  // namespace

Result<Config> load_config(const std::filesystem::path& file,
                           const std::map<std::string, std::string>& environment) {
  Config config;
  if (!file.empty()) {
    if (auto done = apply_file(config, file); !done.ok()) return done.error();
  }
  if (auto done = apply_environment(config, environment); !done.ok()) return done.error();
  if (config.http_tls_certificate.empty() != config.http_tls_key.empty()) {
    return error(ErrorCode::invalid_argument, "http.tls_certificate and http.tls_key go together");
  }
  if (config.auth_algorithm == "ES256" && config.auth_key_file.empty()) {
    return error(ErrorCode::invalid_argument,
                 "auth.algorithm ES256 needs auth.key_file (the public key)");
  }
  return config;
}

std::map<std::string, std::string> troupe_environment() {
  std::map<std::string, std::string> out;
  for (char** entry = environ; *entry != nullptr; ++entry) {
    const std::string_view text(*entry);
    const auto equals = text.find('=');
    if (text.substr(0, 7) == "TROUPE_" && equals != std::string_view::npos) {
      out.emplace(text.substr(0, equals), text.substr(equals + 1));
    }
  }
  return out;
}

std::string to_toml(const Config& config) {
  std::string out, section;
  for (const bool top_level : {true, false}) {
    for (const auto& setting : settings()) {
      const auto dot = setting.key.find('.');
      if ((dot == std::string::npos) != top_level) continue;
      if (!top_level && setting.key.substr(0, dot) != section) {
        section = setting.key.substr(0, dot);
        out += fmt::format("\n[{}]\n", section);
      }
      const auto name = top_level ? setting.key : setting.key.substr(dot + 1);
      out += fmt::format("# {}\n", setting.help);
      const auto value = toml_value(config, setting);
      out += setting.secret && value != kNothing ? fmt::format("# {} is set, and not shown\n", name)
                                                 : fmt::format("{} = {}\n", name, value);
    }
  }
  return out;
}

}  // namespace troupe::server
