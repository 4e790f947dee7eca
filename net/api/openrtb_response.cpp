#include "net/api/openrtb_response.hpp"

#include <algorithm>
#include <map>

#include <boost/json.hpp>
#include <fmt/format.h>

namespace troupe::api {
namespace {

namespace json = boost::json;
using namespace auction;

json::object bid(const BidRequest& request, const Win& win, const NoticeSeal& seal,
                 const std::string& base_url) {
  const auto& c = win.bidder->campaign;
  const auto campaign = parse_id(c.id).value_or(Id{});
  const auto notice = seal.seal({campaign, win.bid, win.price, win.expires_ms, win.bidder->epoch});
  const auto id = win.bid.to_string();
  const auto price = to_decimal(win.price);
  const std::vector<std::pair<std::string_view, std::string>> values{
      {"AUCTION_ID", request.id},         {"AUCTION_BID_ID", request.id},
      {"AUCTION_IMP_ID", win.impression}, {"AUCTION_SEAT_ID", c.advertiser},
      {"AUCTION_AD_ID", c.creative.crid}, {"AUCTION_PRICE", price},
      {"AUCTION_CURRENCY", "USD"},        {"AUCTION_MIN_TO_WIN", to_decimal(win.min_to_win)}};
  json::object out{{"id", id},
                   {"impid", win.impression},
                   {"price", static_cast<double>(win.price) / 1e6},
                   {"nurl", base_url + "/openrtb2/win?n=" + notice},
                   {"burl", base_url + "/openrtb2/bill?n=" + notice},
                   {"adm", replace_macros(c.creative.adm, values)},
                   {"adomain", json::array{c.adomain}},
                   {"cid", c.id},
                   {"crid", c.creative.crid},
                   {"exp", kBidExpiryMs / 1000}};
  if (!c.creative.categories.empty()) {
    out["cat"] = json::array(c.creative.categories.begin(), c.creative.categories.end());
  }
  if (!win.deal_id.empty()) out["dealid"] = win.deal_id;
  if (c.creative.duration_s > 0) {
    out["dur"] = c.creative.duration_s;
    out["mtype"] = 2;
  } else {
    out["w"] = c.creative.width;
    out["h"] = c.creative.height;
    out["mtype"] = 1;
  }
  return out;
}

}  // namespace

std::string replace_macros(std::string_view text,
                           const std::vector<std::pair<std::string_view, std::string>>& values) {
  std::string out;
  out.reserve(text.size());
  while (true) {
    const auto start = text.find("${AUCTION_");
    out.append(text.substr(0, start));
    if (start == std::string_view::npos) return out;
    text.remove_prefix(start);
    const auto end = text.find('}');
    if (end == std::string_view::npos) {
      out.append(text);
      return out;
    }
    auto name = text.substr(2, end - 2);
    name = name.substr(0, name.find(':'));
    const auto it = std::find_if(values.begin(), values.end(),
                                 [&](const auto& pair) { return pair.first == name; });
    if (it != values.end()) out.append(it->second);
    text.remove_prefix(end + 1);
  }
}

json::object bid_response(const BidRequest& request, const Outcome& outcome, const NoticeSeal& seal,
                          const std::string& base_url) {
  std::map<std::string, json::array> seats;
  for (const auto& win : outcome.wins) {
    seats[win.bidder->campaign.advertiser].push_back(bid(request, win, seal, base_url));
  }
  json::array seatbid;
  for (auto& [seat, bids] : seats)
    seatbid.push_back(json::object{{"seat", seat}, {"bid", std::move(bids)}});
  return {{"id", request.id}, {"cur", "USD"}, {"seatbid", std::move(seatbid)}};
}

json::object no_bid_response(const BidRequest& request, NoBid reason) {
  return {{"id", request.id}, {"seatbid", json::array{}}, {"nbr", static_cast<int>(reason)}};
}

}  // namespace troupe::api
