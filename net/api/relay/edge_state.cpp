#include "net/api/relay/edge_state.hpp"

#include <algorithm>

#include <boost/url/parse.hpp>

namespace troupe::api::relay {

std::string OriginAddress::authority() const {
  const bool v6 = host.find(':') != std::string::npos;
  return (v6 ? "[" + host + "]" : host) + ":" + std::to_string(port);
}

Result<OriginAddress> parse_origin(const std::string& url) {
  constexpr std::uint16_t kHttp = 80, kHttps = 443;
  const auto bad = [](const char* what) {
    return error(ErrorCode::invalid_argument, std::string("live.origin: ") + what);
  };
  const auto parsed = boost::urls::parse_uri(url);
  if (!parsed || (parsed->scheme() != "http" && parsed->scheme() != "https"))
    return bad("http://host:port or https://host:port");
  if (parsed->host().empty() || parsed->has_userinfo() || parsed->has_query() ||
      parsed->has_fragment())
    return bad("only a host, a port and a path");
  OriginAddress out;
  out.tls = parsed->scheme() == "https";
  out.host = std::string(parsed->host_address());
  out.port = parsed->has_port() ? parsed->port_number() : out.tls ? kHttps : kHttp;
  if (out.port == 0) return bad("no such port");
  out.base = std::string(parsed->encoded_path());
  while (out.base.ends_with('/')) out.base.pop_back();
  return out;
}

RelayCursor::Begun RelayCursor::publication(std::uint64_t epoch) {
  if (epoch < newest_) return Begun::old;
  const bool again = epoch == epoch_;
  newest_ = epoch_ = epoch;
  if (again) return Begun::again;
  last_ = 0;
  last_made_.clear();
  return Begun::fresh;
}

void RelayCursor::stop() noexcept {
  epoch_ = last_ = 0;
  last_made_.clear();
}

RelayCursor::Place RelayCursor::place(std::uint64_t& last, std::uint64_t sequence) {
  if (last != 0 && sequence <= last) return Place::drop;
  const bool hole = last != 0 && sequence != last + 1;
  last = sequence;
  return hole ? Place::hole : Place::next;
}

RelayCursor::Place RelayCursor::published(std::uint64_t epoch, std::uint64_t sequence) {
  return epoch == 0 || epoch != epoch_ ? Place::drop : place(last_, sequence);
}

RelayCursor::Place RelayCursor::made(std::uint64_t epoch, std::uint32_t track,
                                     std::uint64_t sequence) {
  return epoch == 0 || epoch != epoch_ ? Place::drop : place(last_made_[track], sequence);
}

std::chrono::milliseconds Backoff::next(double chance) {
  const auto now = wait_;
  wait_ = std::min(wait_ * 2, kLongest);
  const auto spread = static_cast<double>(now.count()) / 4 * chance;
  return now + std::chrono::milliseconds(static_cast<std::int64_t>(spread));
}

void ClockOffset::sample(std::int64_t sent_us, std::int64_t origin_us, std::int64_t received_us) {
  constexpr int kKeptFor = 30;
  const auto round_us = received_us - sent_us;
  if (round_us < 0) return;
  ++age_;
  if (round_us_ >= 0 && round_us > round_us_ && age_ < kKeptFor) return;
  round_us_ = round_us;
  offset_us_ = origin_us - (sent_us + received_us) / 2;
  age_ = 0;
}

}  // namespace troupe::api::relay
