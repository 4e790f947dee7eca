#include "net/http/router.hpp"

#include <algorithm>
#include <cassert>

namespace troupe::http {
namespace {

constexpr std::string_view kWebSocket = "WEBSOCKET";

std::vector<std::string_view> split(std::string_view path) {
  std::vector<std::string_view> parts;
  while (!path.empty()) {
    if (path.front() == '/') path.remove_prefix(1);
    const auto end = path.find('/');
    parts.push_back(path.substr(0, end));
    if (end == std::string_view::npos) break;
    path.remove_prefix(end);
  }
  return parts;
}

/// "{name}", maybe with text behind it. Empty: the part is plain text.
std::string_view param_name(std::string_view part) {
  const auto end = part.find('}');
  if (part.empty() || part.front() != '{' || end == std::string_view::npos) return {};
  return part.substr(1, end - 1);
}
std::string_view param_suffix(std::string_view part) {
  return part.substr(part.find('}') + 1);
}
bool is_rest(std::string_view part) {
  return param_name(part).ends_with('*');
}

struct Entry {
  std::string method;
  std::vector<std::string> parts;
  Router::Route route;
};

bool fits(const Entry& entry, const std::vector<std::string_view>& path, std::string_view whole,
          std::map<std::string, std::string>& params) {
  for (std::size_t i = 0; i < entry.parts.size(); ++i) {
    const std::string_view part = entry.parts[i];
    if (is_rest(part)) {
      const auto begin =
          i < path.size() ? static_cast<std::size_t>(path[i].data() - whole.data()) : whole.size();
      params[std::string(part.substr(1, part.size() - 3))] = std::string(whole.substr(begin));
      return true;
    }
    if (i >= path.size()) return false;
    if (const auto name = param_name(part); !name.empty()) {
      const auto suffix = param_suffix(part);
      if (path[i].size() <= suffix.size() || !path[i].ends_with(suffix)) return false;
      params[std::string(name)] = std::string(path[i].substr(0, path[i].size() - suffix.size()));
    } else if (part != path[i]) {
      return false;
    }
  }
  return path.size() == entry.parts.size();
}

}  // namespace

struct Router::Impl {
  std::vector<Entry> entries;
};

Router::Router() : impl_(std::make_unique<Impl>()) {}
Router::~Router() = default;
Router::Router(Router&&) noexcept = default;

void Router::add(std::string_view method, std::string_view pattern, Handler handler,
                 RouteOptions options) {
  Entry entry{std::string(method),
              {},
              {std::move(handler), {}, {}, std::move(options), std::string(pattern)}};
  for (const auto part : split(pattern)) entry.parts.emplace_back(part);
  impl_->entries.push_back(std::move(entry));
}

void Router::add_ws(std::string_view pattern, WsHandler handler, RouteOptions options) {
  Entry entry{std::string(kWebSocket),
              {},
              {{}, std::move(handler), {}, std::move(options), std::string(pattern)}};
  for (const auto part : split(pattern)) entry.parts.emplace_back(part);
  impl_->entries.push_back(std::move(entry));
}

void Router::add_stream(std::string_view method, std::string_view pattern, StreamHandler handler,
                        RouteOptions options) {
  Entry entry{std::string(method),
              {},
              {{}, {}, std::move(handler), std::move(options), std::string(pattern)}};
  for (const auto part : split(pattern)) entry.parts.emplace_back(part);
  impl_->entries.push_back(std::move(entry));
}

Router::Match Router::match(std::string_view method, std::string_view path) const {
  Match found;
  const auto parts = split(path);
  for (const auto& entry : impl_->entries) {
    std::map<std::string, std::string> params;
    if (!fits(entry, parts, path, params)) continue;
    const bool method_fits = entry.method == method || (method == "HEAD" && entry.method == "GET");
    if (method_fits) {
      found.route = &entry.route;
      found.params = std::move(params);
      return found;
    }
    found.allowed.push_back(entry.method == kWebSocket ? "GET" : entry.method);
  }
  std::sort(found.allowed.begin(), found.allowed.end());
  found.allowed.erase(std::unique(found.allowed.begin(), found.allowed.end()), found.allowed.end());
  return found;
}

}  // namespace troupe::http
