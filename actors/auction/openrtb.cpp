#include "actors/auction/openrtb.hpp"

#include <cmath>
#include <set>

#include <boost/json.hpp>
#include <fmt/format.h>

namespace troupe::auction {
namespace {

namespace json = boost::json;

/// Thrown inside this file only: parsing is a descent, and each field's error ends it.
struct Bad {
  std::string detail;
};

constexpr double kMaxPrice = 1e9;

class Reader {
 public:
  Reader(const json::object& object, std::string path) : object_(object), path_(std::move(path)) {}

  [[nodiscard]] const json::value* find(const char* key) const {
    const auto* value = object_.if_contains(key);
    return value == nullptr || value->is_null() ? nullptr : value;
  }
  [[nodiscard]] std::string at(const char* key) const {
    return path_.empty() ? key : path_ + "." + key;
  }

  [[nodiscard]] std::string text(const char* key) const {
    const auto* value = find(key);
    if (value == nullptr) return {};
    if (!value->is_string()) throw Bad{at(key) + ": must be a string"};
    if (value->get_string().size() > kMaxIdBytes) throw Bad{at(key) + ": is too long"};
    return std::string(value->get_string());
  }
  [[nodiscard]] std::string required_text(const char* key) const {
    auto value = text(key);
    if (value.empty()) throw Bad{at(key) + ": is required"};
    return value;
  }
  [[nodiscard]] int integer(const char* key, int fallback) const {
    const auto* value = find(key);
    if (value == nullptr) return fallback;
    if (!value->is_int64() || value->get_int64() < INT32_MIN || value->get_int64() > INT32_MAX) {
      throw Bad{at(key) + ": must be an integer"};
    }
    return static_cast<int>(value->get_int64());
  }
  [[nodiscard]] Micros money(const char* key) const {
    const auto* value = find(key);
    if (value == nullptr) return 0;
    if (!value->is_number()) throw Bad{at(key) + ": must be a number"};
    const double amount = value->to_number<double>();
    if (!(amount >= 0 && amount <= kMaxPrice)) throw Bad{at(key) + ": is out of range"};
    return std::llround(amount * 1e6);
  }
  void currency(const char* key) const {
    const auto name = text(key);
    if (!name.empty() && name != "USD") throw Bad{at(key) + ": only USD is traded here"};
  }
  [[nodiscard]] std::vector<std::string> texts(const char* key) const {
    std::vector<std::string> out;
    for (const auto& value : array(key)) {
      if (!value.is_string()) throw Bad{at(key) + ": must be a list of strings"};
      out.emplace_back(value.get_string());
    }
    return out;
  }
  [[nodiscard]] const json::array& array(const char* key) const {
    static const json::array empty;
    const auto* value = find(key);
    if (value == nullptr) return empty;
    if (!value->is_array()) throw Bad{at(key) + ": must be a list"};
    if (value->get_array().size() > kMaxListEntries) throw Bad{at(key) + ": has too many entries"};
    return value->get_array();
  }
  [[nodiscard]] Reader object(const char* key) const {
    static const json::object empty;
    const auto* value = find(key);
    if (value == nullptr) return {empty, at(key)};
    if (!value->is_object()) throw Bad{at(key) + ": must be an object"};
    return {value->get_object(), at(key)};
  }
  [[nodiscard]] Reader element(const char* key, std::size_t index, const json::value& value) const {
    auto path = fmt::format("{}[{}]", at(key), index);
    if (!value.is_object()) throw Bad{path + ": must be an object"};
    return {value.get_object(), std::move(path)};
  }

 private:
  const json::object& object_;
  std::string path_;
};

void read_banner(const Reader& banner, Impression& imp) {
  imp.banner = true;
  const auto& formats = banner.array("format");
  for (std::size_t i = 0; i < formats.size(); ++i) {
    const auto format = banner.element("format", i, formats[i]);
    imp.sizes.push_back({format.integer("w", 0), format.integer("h", 0)});
  }
  const Size own{banner.integer("w", 0), banner.integer("h", 0)};
  if (imp.sizes.empty() && own.width > 0 && own.height > 0) imp.sizes.push_back(own);
}

void read_video(const Reader& video, Impression& imp) {
  imp.video = true;
  imp.mimes = video.texts("mimes");
  if (imp.mimes.empty()) throw Bad{video.at("mimes") + ": is required"};
  imp.min_duration_s = video.integer("minduration", 0);
  imp.max_duration_s = video.integer("maxduration", 0);
  if (video.find("rqddurs") != nullptr &&
      (video.find("minduration") != nullptr || video.find("maxduration") != nullptr)) {
    throw Bad{video.at("rqddurs") + ": excludes minduration and maxduration"};
  }
  const Size size{video.integer("w", 0), video.integer("h", 0)};
  if (size.width > 0 && size.height > 0) imp.sizes.push_back(size);
}

void read_deals(const Reader& pmp, Impression& imp) {
  imp.private_auction = pmp.integer("private_auction", 0) == 1;
  const auto& deals = pmp.array("deals");
  for (std::size_t i = 0; i < deals.size(); ++i) {
    const auto deal = pmp.element("deals", i, deals[i]);
    deal.currency("bidfloorcur");
    imp.deals.push_back({deal.required_text("id"), deal.money("bidfloor"), deal.integer("at", 0),
                         deal.texts("wseat")});
  }
}

Impression read_impression(const Reader& reader) {
  Impression imp;
  imp.id = reader.required_text("id");
  imp.floor = reader.money("bidfloor");
  imp.secure = reader.integer("secure", 0) == 1;
  reader.currency("bidfloorcur");
  if (reader.find("banner") != nullptr) read_banner(reader.object("banner"), imp);
  if (reader.find("video") != nullptr) read_video(reader.object("video"), imp);
  const bool other = reader.find("audio") != nullptr || reader.find("native") != nullptr;
  if (!imp.banner && !imp.video && !other)
    throw Bad{reader.at("banner") + ": one of banner, video, audio, native is required"};
  if (reader.find("pmp") != nullptr) read_deals(reader.object("pmp"), imp);
  return imp;
}

void read_channel(const Reader& root, BidRequest& request) {
  int channels = 0;
  for (const char* name : {"site", "app", "dooh"}) channels += root.find(name) != nullptr ? 1 : 0;
  if (channels > 1) throw Bad{"site: site, app and dooh exclude each other"};
  request.domain = root.find("app") != nullptr ? root.object("app").text("bundle")
                                               : root.object("site").text("domain");
}

BidRequest read_request(const Reader& root) {
  BidRequest request;
  request.id = root.required_text("id");
  const auto& imps = root.array("imp");
  if (imps.empty()) throw Bad{"imp: at least one impression is required"};
  if (imps.size() > kMaxImpressions) throw Bad{"imp: has too many entries"};
  std::set<std::string> ids;
  for (std::size_t i = 0; i < imps.size(); ++i) {
    request.impressions.push_back(read_impression(root.element("imp", i, imps[i])));
    if (!ids.insert(request.impressions.back().id).second)
      throw Bad{fmt::format("imp[{}].id: is not unique", i)};
  }
  request.auction_type = root.integer("at", 2);
  if (request.auction_type != 1 && request.auction_type != 2) throw Bad{"at: must be 1 or 2"};
  request.tmax_ms = root.integer("tmax", 0);
  if (request.tmax_ms < 0) throw Bad{"tmax: must not be negative"};
  read_channel(root, request);
  const auto device = root.object("device");
  request.device_type = device.integer("devicetype", 0);
  request.language = device.text("language");
  request.country = device.object("geo").text("country");
  request.user_id = root.object("user").text("id");
  if (request.user_id.empty()) request.user_id = device.text("ifa");
  request.blocked_categories = root.texts("bcat");
  request.blocked_domains = root.texts("badv");
  request.allowed_seats = root.texts("wseat");
  request.blocked_seats = root.texts("bseat");
  if (!request.allowed_seats.empty() && !request.blocked_seats.empty())
    throw Bad{"wseat: wseat and bseat exclude each other"};
  request.test = root.integer("test", 0) == 1;
  const auto currencies = root.texts("cur");
  if (!currencies.empty() &&
      std::find(currencies.begin(), currencies.end(), "USD") == currencies.end()) {
    throw Bad{"cur: only USD is traded here"};
  }
  return request;
}

}  // namespace

Result<BidRequest> parse_bid_request(const boost::json::object& json) {
  try {
    return read_request(Reader(json, ""));
  } catch (const Bad& bad) {
    return error(ErrorCode::invalid_argument, bad.detail);
  }
}

}  // namespace troupe::auction
