// Campaigns as the API shows and takes them.
#include <cstdlib>
#include <set>

#include <boost/json.hpp>
#include <fmt/format.h>

#include "actors/auction/campaign.hpp"

namespace troupe::auction {
namespace {

namespace json = boost::json;

constexpr std::size_t kMaxText = 200, kMaxMarkup = 32'768, kMaxList = 500;
constexpr Micros kMaxAmount = 100'000'000'000'000;  // a hundred million units

struct Bad {
  std::string detail;
};

void text(const json::object& in, const char* key, std::string& out, std::size_t max = kMaxText) {
  const auto* value = in.if_contains(key);
  if (value == nullptr) return;
  if (!value->is_string() || value->get_string().empty() || value->get_string().size() > max) {
    throw Bad{fmt::format("{}: must be a string of 1 to {} bytes", key, max)};
  }
  out = std::string(value->get_string());
}

void money(const json::object& in, const char* key, Micros& out) {
  const auto* value = in.if_contains(key);
  if (value == nullptr) return;
  const auto amount = money_of(*value);
  if (!amount.ok()) throw Bad{fmt::format("{}: {}", key, amount.error().detail)};
  if (*amount == 0 || *amount > kMaxAmount)
    throw Bad{fmt::format("{}: must be over 0, at most {}", key, kMaxAmount / 1'000'000)};
  out = *amount;
}

void integer(const json::object& in, const char* key, int& out, int minimum, int maximum) {
  const auto* value = in.if_contains(key);
  if (value == nullptr) return;
  if (!value->is_int64() || value->get_int64() < minimum || value->get_int64() > maximum) {
    throw Bad{fmt::format("{}: must be an integer from {} to {}", key, minimum, maximum)};
  }
  out = static_cast<int>(value->get_int64());
}

void texts(const json::object& in, const char* key, std::vector<std::string>& out) {
  const auto* value = in.if_contains(key);
  if (value == nullptr) return;
  if (!value->is_array() || value->get_array().size() > kMaxList)
    throw Bad{fmt::format("{}: must be a list", key)};
  out.clear();
  for (const auto& entry : value->get_array()) {
    if (!entry.is_string() || entry.get_string().size() > kMaxText)
      throw Bad{fmt::format("{}: must hold strings", key)};
    out.emplace_back(entry.get_string());
  }
}

const json::object* section(const json::object& in, const char* key) {
  const auto* value = in.if_contains(key);
  if (value == nullptr) return nullptr;
  if (!value->is_object()) throw Bad{fmt::format("{}: must be an object", key)};
  return &value->get_object();
}

void known_keys(const json::object& in, const char* where,
                const std::set<std::string_view>& known) {
  for (const auto& [key, value] : in) {
    if (known.count(std::string_view(key.data(), key.size())) == 0) {
      throw Bad{fmt::format("{}{}: is not a known field", where,
                            std::string_view(key.data(), key.size()))};
    }
  }
}

void integers(const json::object& in, const char* key, std::vector<int>& out, int minimum,
              int maximum) {
  const auto* value = in.if_contains(key);
  if (value == nullptr) return;
  if (!value->is_array() || value->get_array().size() > kMaxList)
    throw Bad{fmt::format("{}: must be a list", key)};
  out.clear();
  for (const auto& entry : value->get_array()) {
    if (!entry.is_int64() || entry.get_int64() < minimum || entry.get_int64() > maximum)
      throw Bad{fmt::format("{}: must hold integers from {} to {}", key, minimum, maximum)};
    out.push_back(static_cast<int>(entry.get_int64()));
  }
}

/// A list of numbers from `first` on as the bits of a mask.
void mask(const json::object& in, const char* key, std::uint32_t& out, int first, int last) {
  if (!in.contains(key)) return;
  std::vector<int> numbers;
  integers(in, key, numbers, first, last);
  out = 0;
  for (const int n : numbers) out |= 1U << (n - first);
}

json::array unmask(std::uint32_t bits, int first) {
  json::array out;
  for (int n = 0; n < 32; ++n) {
    if ((bits >> n & 1U) != 0) out.push_back(n + first);
  }
  return out;
}

/// RFC 3339's time-numoffset, or Z.
void utc_offset(const json::object& in, const char* key, int& out) {
  std::string given;
  text(in, key, given);
  if (given.empty()) return;
  if (given == "Z") given = "+00:00";
  const auto digit = [&](std::size_t i) { return given[i] >= '0' && given[i] <= '9'; };
  const bool shaped = given.size() == 6 && (given[0] == '+' || given[0] == '-') && digit(1) &&
                      digit(2) && given[3] == ':' && digit(4) && digit(5);
  const auto number = [&](std::size_t i) { return (given[i] - '0') * 10 + given[i + 1] - '0'; };
  if (!shaped || number(4) > 59 || number(1) * 60 + number(4) > 14 * 60)
    throw Bad{fmt::format("{}: must be an offset from UTC such as +02:00", key)};
  const int minutes = number(1) * 60 + number(4);
  out = given[0] == '-' ? -minutes : minutes;
}

std::string offset_text(int minutes) {
  return fmt::format("{}{:02}:{:02}", minutes < 0 ? '-' : '+', std::abs(minutes) / 60,
                     std::abs(minutes) % 60);
}

const char* type_of(const Creative& creative) {
  return creative.duration_s > 0 ? "video" : "banner";
}

void read_creative(const json::object& in, Creative& out) {
  known_keys(in, "creative.",
             {"type", "crid", "adm", "w", "h", "mimes", "duration_s", "categories", "protocols"});
  text(in, "crid", out.crid);
  text(in, "adm", out.adm, kMaxMarkup);
  integer(in, "w", out.width, 1, 10'000);
  integer(in, "h", out.height, 1, 10'000);
  integer(in, "duration_s", out.duration_s, 0, 3'600);
  texts(in, "mimes", out.mimes);
  texts(in, "categories", out.categories);
  integers(in, "protocols", out.protocols, 1, 100);
  std::string type;
  text(in, "type", type);
  if (!type.empty() && type != "banner" && type != "video")
    throw Bad{"creative.type: must be banner or video"};
  if (!type.empty() && type != type_of(out))
    throw Bad{"creative.type: a video has duration_s, a banner has none"};
}

void read_targeting(const json::object& in, Targeting& out) {
  known_keys(in, "targeting.",
             {"countries", "languages", "domains", "blocked_domains", "device_types", "hours",
              "days", "utc_offset"});
  texts(in, "countries", out.countries);
  texts(in, "languages", out.languages);
  texts(in, "domains", out.domains);
  texts(in, "blocked_domains", out.blocked_domains);
  integers(in, "device_types", out.device_types, 0, 100);
  mask(in, "hours", out.hours, 0, 23);
  mask(in, "days", out.days, 1, 7);
  utc_offset(in, "utc_offset", out.utc_offset_min);
}

void read_status(const json::object& in, Campaign& out) {
  std::string status;
  text(in, "status", status);
  if (status.empty()) return;
  if (status != "active" && status != "paused") throw Bad{"status: must be active or paused"};
  out.active = status == "active";
}

void check(const Campaign& c) {
  const std::pair<const char*, bool> required[] = {{"name", !c.name.empty()},
                                                   {"advertiser", !c.advertiser.empty()},
                                                   {"adomain", !c.adomain.empty()},
                                                   {"bid_cpm", c.bid_cpm > 0},
                                                   {"budget", c.budget > 0},
                                                   {"creative.crid", !c.creative.crid.empty()},
                                                   {"creative.adm", !c.creative.adm.empty()}};
  for (const auto& [name, given] : required) {
    if (!given) throw Bad{fmt::format("{}: is required", name)};
  }
  if (c.creative.duration_s > 0 && c.creative.mimes.empty())
    throw Bad{"creative.mimes: a video needs its types"};
  if (c.creative.duration_s == 0 && (c.creative.width == 0 || c.creative.height == 0)) {
    throw Bad{"creative.w: a banner needs w and h"};
  }
}

json::array list(const std::vector<std::string>& in) {
  return json::array(in.begin(), in.end());
}
double units(Micros micros) {
  return static_cast<double>(micros) / 1e6;
}

}  // namespace

Result<Campaign> apply_campaign_json(Campaign base, const json::object& in, bool is_new) {
  try {
    known_keys(in, "",
               {"name", "advertiser", "adomain", "bid_cpm", "budget", "status", "frequency_cap",
                "creative", "targeting", "deals"});
    if (!is_new && in.contains("advertiser")) throw Bad{"advertiser: cannot be changed"};
    text(in, "name", base.name);
    text(in, "advertiser", base.advertiser);
    text(in, "adomain", base.adomain);
    money(in, "bid_cpm", base.bid_cpm);
    money(in, "budget", base.budget);
    read_status(in, base);
    if (const auto* cap = section(in, "frequency_cap")) {
      known_keys(*cap, "frequency_cap.", {"impressions", "window_s"});
      integer(*cap, "impressions", base.cap_impressions, 0, 1'000);
      integer(*cap, "window_s", base.cap_window_s, 1, 30 * 86'400);
    }
    if (const auto* creative = section(in, "creative")) read_creative(*creative, base.creative);
    if (const auto* targeting = section(in, "targeting"))
      read_targeting(*targeting, base.targeting);
    texts(in, "deals", base.deals);
    check(base);
    return base;
  } catch (const Bad& bad) {
    return error(ErrorCode::invalid_argument, bad.detail);
  }
}

json::object to_json(const Campaign& c) {
  const auto& t = c.targeting;
  return {{"id", c.id},
          {"name", c.name},
          {"advertiser", c.advertiser},
          {"adomain", c.adomain},
          {"status", c.active ? "active" : "paused"},
          {"bid_cpm", units(c.bid_cpm)},
          {"budget", units(c.budget)},
          {"frequency_cap", {{"impressions", c.cap_impressions}, {"window_s", c.cap_window_s}}},
          {"creative",
           {{"type", type_of(c.creative)},
            {"crid", c.creative.crid},
            {"adm", c.creative.adm},
            {"w", c.creative.width},
            {"h", c.creative.height},
            {"duration_s", c.creative.duration_s},
            {"mimes", list(c.creative.mimes)},
            {"protocols", json::array(c.creative.protocols.begin(), c.creative.protocols.end())},
            {"categories", list(c.creative.categories)}}},
          {"deals", list(c.deals)},
          {"targeting",
           {{"countries", list(t.countries)},
            {"languages", list(t.languages)},
            {"domains", list(t.domains)},
            {"blocked_domains", list(t.blocked_domains)},
            {"device_types", json::array(t.device_types.begin(), t.device_types.end())},
            {"hours", unmask(t.hours, 0)},
            {"days", unmask(t.days, 1)},
            {"utc_offset", offset_text(t.utc_offset_min)}}},
          {"version", c.version},
          {"created_ms", c.created_ms}};
}

}  // namespace troupe::auction
