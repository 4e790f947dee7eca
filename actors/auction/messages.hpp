// What others may send to campaigns and auctions. Local messages: the payloads are shared, not
// copied.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>

#include <boost/json/object.hpp>
#include <caf/allowed_unsafe_message_type.hpp>
#include <caf/atom.hpp>
#include <caf/typed_actor.hpp>

#include "actors/auction/campaign.hpp"
#include "actors/auction/notice.hpp"
#include "actors/auction/run.hpp"
#include "actors/system/entity.hpp"

namespace troupe::auction {

inline constexpr const char* kCampaignKind = "campaign";
inline constexpr const char* kAuctionKind = "auction";

using create_atom = caf::atom_constant<caf::atom("create")>;
using fetch_atom = caf::atom_constant<caf::atom("fetch")>;
using change_atom = caf::atom_constant<caf::atom("change")>;
using refill_atom = caf::atom_constant<caf::atom("refill")>;
using bill_atom = caf::atom_constant<caf::atom("bill")>;
using win_atom = caf::atom_constant<caf::atom("win")>;
using wake_atom = caf::atom_constant<caf::atom("wake")>;
using run_atom = caf::atom_constant<caf::atom("run")>;

/// A campaign with its books, as reports show it.
struct CampaignView {
  Campaign campaign;
  Nanos settled = 0, reserved = 0, leased = 0;
  std::uint64_t wins = 0, bills = 0;
};
using CampaignViewPtr = std::shared_ptr<const CampaignView>;
using CampaignPtr = std::shared_ptr<const Campaign>;

struct CampaignChange {
  boost::json::object json;
  std::string by;  ///< the caller's subject; only the owner changes a campaign
  std::optional<std::uint32_t> if_version;  ///< from If-Match
};
using CampaignChangePtr = std::shared_ptr<const CampaignChange>;

struct AuctionJob {
  BidRequest request;
  std::uint64_t deadline_ms = 0;  ///< Unix; nothing is promised after it
};
using AuctionJobPtr = std::shared_ptr<const AuctionJob>;
using OutcomePtr = std::shared_ptr<const Outcome>;

/// A campaign's entity: its record, its books, its lease.
using CampaignActor =
    caf::typed_actor<caf::replies_to<create_atom, CampaignPtr>::with<CampaignViewPtr>,
                     caf::replies_to<fetch_atom>::with<CampaignViewPtr>,
                     caf::replies_to<change_atom, CampaignChangePtr>::with<CampaignViewPtr>,
                     caf::replies_to<bill_atom, Notice>::with<bool>,  ///< true: booked now; false:
                                                                      ///< was booked before
                     caf::replies_to<win_atom, Notice>::with<bool>, caf::reacts_to<refill_atom>,
                     caf::reacts_to<wake_atom>, caf::reacts_to<actors::passivate_atom>>;

/// One of a fixed number of actors that run auctions, each for its share of the users. Errors:
/// timeout when the deadline has passed before the auction began.
using AuctionActor = caf::typed_actor<caf::replies_to<run_atom, AuctionJobPtr>::with<OutcomePtr>,
                                      caf::reacts_to<actors::passivate_atom>>;

}  // namespace troupe::auction

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::auction::CampaignPtr)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::auction::CampaignViewPtr)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::auction::CampaignChangePtr)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::auction::AuctionJobPtr)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::auction::OutcomePtr)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::auction::Notice)
