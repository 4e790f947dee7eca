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

bool is_param(std::string_view part) {
  return part.size() > 2 && part.front() == '{' && part.back() == '}';
}
bool is_rest(std::string_view part) {
  return is_param(part) && part[part.size() - 2] == '*';
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
    if (is_param(part)) {
      if (path[i].empty()) return false;
      params[std::string(part.substr(1, part.size() - 2))] = std::string(path[i]);
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
