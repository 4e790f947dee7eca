// OpenRTB bid responses.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include <boost/json/object.hpp>

#include "actors/auction/notice.hpp"
#include "actors/auction/run.hpp"

namespace troupe::api {

/// Section 4.2: one seatbid for each seat that won; nurl and burl carry a sealed notice below
/// `base_url`. The macros of section 4.4 are replaced in the markup; AUCTION_LOSS and what is not
/// known become empty.
[[nodiscard]] boost::json::object bid_response(const auction::BidRequest& request,
                                               const auction::Outcome& outcome,
                                               const auction::NoticeSeal& seal,
                                               const std::string& base_url);

/// Section 7.1: a well-formed answer without a bid that says why.
[[nodiscard]] boost::json::object no_bid_response(const auction::BidRequest& request,
                                                  auction::NoBid reason);

/// Replaces each ${NAME} and ${NAME:encoding} that `values` knows; others of the AUCTION_ family
/// become empty.
[[nodiscard]] std::string replace_macros(
    std::string_view text, const std::vector<std::pair<std::string_view, std::string>>& values);

}  // namespace troupe::api
