#include "actors/auction/openrtb.hpp"

#include <algorithm>
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

class Reader {
 public:
  Reader(const json::object& object, std::string path) : object_(&object), path_(std::move(path)) {}

  [[nodiscard]] const json::value* find(const char* key) const {
    const auto* value = object_->if_contains(key);
    return value == nullptr || value->is_null() ? nullptr : value;
  }
  [[nodiscard]] std::string at(const char* key) const {
    return path_.empty() ? key : path_ + "." + key;
  }

  [[nodiscard]] std::string text(const char* key, std::size_t max_bytes = kMaxIdBytes) const {
    const auto* value = find(key);
    if (value == nullptr) return {};
    if (!value->is_string()) throw Bad{at(key) + ": must be a string"};
    if (value->get_string().size() > max_bytes) throw Bad{at(key) + ": is too long"};
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
    const auto amount = money_of(*value);
    if (!amount.ok()) throw Bad{at(key) + ": " + amount.error().detail};
    return *amount;
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
  [[nodiscard]] std::vector<int> integers(const char* key) const {
    std::vector<int> out;
    for (const auto& value : array(key)) {
      if (!value.is_int64() || value.get_int64() < 0 || value.get_int64() > INT32_MAX)
        throw Bad{at(key) + ": must be a list of integers"};
      out.push_back(static_cast<int>(value.get_int64()));
    }
    return out;
  }
  [[nodiscard]] const json::array& array(const char* key,
                                         std::size_t max_entries = kMaxListEntries) const {
    static const json::array empty;
    const auto* value = find(key);
    if (value == nullptr) return empty;
    if (!value->is_array()) throw Bad{at(key) + ": must be a list"};
    if (value->get_array().size() > max_entries) throw Bad{at(key) + ": has too many entries"};
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
  const json::object* object_;
  std::string path_;
};

void add_size(const Reader& reader, Impression& imp) {
  const Size size{reader.integer("w", 0), reader.integer("h", 0)};
  const bool known = std::find(imp.sizes.begin(), imp.sizes.end(), size) != imp.sizes.end();
  if (size.width > 0 && size.height > 0 && !known) imp.sizes.push_back(size);
}

void read_banner(const Reader& banner, Impression& imp) {
  imp.banner = true;
  const auto& formats = banner.array("format", kMaxFormats);
  for (std::size_t i = 0; i < formats.size(); ++i)
    add_size(banner.element("format", i, formats[i]), imp);
  if (imp.sizes.empty()) add_size(banner, imp);
}

VideoFloors read_video_floors(const Reader& reader) {
  VideoFloors out;
  out.per_second = reader.money("mincpmpersec");
  const auto& floors = reader.array("durfloors");
  for (std::size_t i = 0; i < floors.size(); ++i) {
    const auto floor = reader.element("durfloors", i, floors[i]);
    out.by_duration.push_back(
        {floor.integer("mindur", 0), floor.integer("maxdur", 0), floor.money("bidfloor")});
  }
  return out;
}

Video read_video(const Reader& reader) {
  Video video;
  video.mimes = reader.texts("mimes");
  if (video.mimes.empty()) throw Bad{reader.at("mimes") + ": is required"};
  video.min_duration_s = reader.integer("minduration", 0);
  video.max_duration_s = reader.integer("maxduration", 0);
  if (video.min_duration_s < 0) throw Bad{reader.at("minduration") + ": must not be negative"};
  if (video.max_duration_s < 0) throw Bad{reader.at("maxduration") + ": must not be negative"};
  if (video.max_duration_s > 0 && video.max_duration_s < video.min_duration_s)
    throw Bad{reader.at("maxduration") + ": is under minduration"};
  if (reader.find("rqddurs") != nullptr &&
      (reader.find("minduration") != nullptr || reader.find("maxduration") != nullptr)) {
    throw Bad{reader.at("rqddurs") + ": excludes minduration and maxduration"};
  }
  video.durations_s = reader.integers("rqddurs");
  video.protocols = reader.integers("protocols");
  video.linear = reader.integer("linearity", 1) == 1;
  video.dynamic_pod = reader.integer("poddur", 0) > 0;
  video.floors = read_video_floors(reader);
  return video;
}

void read_deals(const Reader& pmp, Impression& imp) {
  imp.private_auction = pmp.integer("private_auction", 0) == 1;
  const auto& deals = pmp.array("deals", kMaxDeals);
  for (std::size_t i = 0; i < deals.size(); ++i) {
    const auto deal = pmp.element("deals", i, deals[i]);
    deal.currency("bidfloorcur");
    const int type = deal.integer("at", 0);
    if (type < 0 || type > 3) throw Bad{deal.at("at") + ": must be 1, 2 or 3"};
    imp.deals.push_back({deal.required_text("id"), deal.money("bidfloor"), type,
                         deal.texts("wseat"), deal.texts("wadomain"), read_video_floors(deal)});
  }
}

Impression read_impression(const Reader& reader) {
  Impression imp;
  imp.id = reader.required_text("id");
  imp.floor = reader.money("bidfloor");
  imp.secure = reader.integer("secure", 0) == 1;
  reader.currency("bidfloorcur");
  if (reader.find("banner") != nullptr) read_banner(reader.object("banner"), imp);
  if (reader.find("video") != nullptr) imp.video = read_video(reader.object("video"));
  imp.other_media = reader.find("audio") != nullptr || reader.find("native") != nullptr;
  if (!imp.banner && !imp.video && !imp.other_media)
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

void read_impressions(const Reader& root, BidRequest& request) {
  const auto& imps = root.array("imp");
  if (imps.empty()) throw Bad{"imp: at least one impression is required"};
  if (imps.size() > kMaxImpressions) throw Bad{"imp: has too many entries"};
  std::set<std::string> ids;
  for (std::size_t i = 0; i < imps.size(); ++i) {
    request.impressions.push_back(read_impression(root.element("imp", i, imps[i])));
    if (!ids.insert(request.impressions.back().id).second)
      throw Bad{fmt::format("imp[{}].id: is not unique", i)};
  }
}

void read_seats(const Reader& root, BidRequest& request) {
  request.allowed_seats = root.texts("wseat");
  request.blocked_seats = root.texts("bseat");
  if (!request.allowed_seats.empty() && !request.blocked_seats.empty())
    throw Bad{"wseat: wseat and bseat exclude each other"};
}

void read_currencies(const Reader& root) {
  const auto currencies = root.texts("cur");
  if (!currencies.empty() &&
      std::find(currencies.begin(), currencies.end(), "USD") == currencies.end()) {
    throw Bad{"cur: only USD is traded here"};
  }
}

/// Section 3.2.25; 2.5 had it in source.ext.
void read_schain(const Reader& root, BidRequest& request) {
  auto source = root.object("source");
  if (source.find("schain") == nullptr) source = source.object("ext");
  if (source.find("schain") == nullptr) return;
  const auto chain = source.object("schain");
  if (chain.find("complete") == nullptr) throw Bad{chain.at("complete") + ": is required"};
  request.complete_schain = chain.integer("complete", 0) == 1;
  const auto& nodes = chain.array("nodes");
  if (nodes.empty()) throw Bad{chain.at("nodes") + ": is required"};
  for (std::size_t i = 0; i < nodes.size(); ++i) {
    const auto node = chain.element("nodes", i, nodes[i]);
    (void)node.required_text("asi");
    (void)node.required_text("sid");
  }
}

BidRequest read_request(const Reader& root) {
  BidRequest request;
  request.id = root.required_text("id");
  read_impressions(root, request);
  request.auction_type = root.integer("at", 2);
  if (request.auction_type != 1 && request.auction_type != 2) throw Bad{"at: must be 1 or 2"};
  request.tmax_ms = root.integer("tmax", 0);
  if (request.tmax_ms < 0 || (request.tmax_ms == 0 && root.find("tmax") != nullptr))
    throw Bad{"tmax: must be over 0"};
  read_channel(root, request);
  const auto device = root.object("device");
  request.device_type = device.integer("devicetype", 0);
  request.language = device.text("language");
  request.country = device.object("geo").text("country");
  request.user_agent = device.text("ua", kMaxUserAgentBytes);
  request.user_id = root.object("user").text("id");
  if (request.user_id.empty()) request.user_id = device.text("ifa");
  request.blocked_categories = root.texts("bcat");
  request.blocked_domains = root.texts("badv");
  read_seats(root, request);
  read_currencies(root);
  read_schain(root, request);
  const int test = root.integer("test", 0);
  if (test != 0 && test != 1) throw Bad{"test: must be 0 or 1"};
  request.test = test == 1;
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
