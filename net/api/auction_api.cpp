#include "net/api/auction_api.hpp"

#include <boost/json.hpp>
#include <fmt/format.h>
#include <sodium.h>
#include <spdlog/spdlog.h>

#include "actors/auction/campaign_store.hpp"
#include "actors/auction/messages.hpp"
#include "actors/system/ask.hpp"
#include "actors/system/context.hpp"
#include "base/metrics.hpp"
#include "net/api/openrtb_response.hpp"
#include "net/api/paging.hpp"
#include "net/http/router.hpp"
#include "storage/read_pool.hpp"
#include "storage/store.hpp"

namespace troupe::api {
namespace {

namespace json = boost::json;
using http::Request;
using http::Responder;
using namespace auction;

constexpr std::size_t kMaxBidRequestBytes = 256U << 10;
constexpr int kMinTmaxMs = 5;

struct Shared {
  AuctionApi api;
  prometheus::Counter& auctions;
  prometheus::Counter& timeouts;
  prometheus::Counter& wins;
  prometheus::Histogram& seconds;
  std::map<NoBid, prometheus::Counter*> no_bids;

  explicit Shared(AuctionApi a)
      : api(std::move(a)),
        auctions(api.context.metrics.counter("troupe_auctions_total", "Auctions asked for")),
        timeouts(api.context.metrics.counter("troupe_auction_timeouts_total",
                                             "Auctions that ran out of time")),
        wins(api.context.metrics.counter("troupe_auction_bids_total", "Impressions sold")),
        seconds(api.context.metrics.histogram("troupe_auction_seconds", "From request to response",
                                              latency_buckets())) {
    for (const auto reason : kNoBidOrder) {
      no_bids[reason] =
          &api.context.metrics.counter("troupe_auction_no_bids_total", "Auctions without a bid",
                                       {{"reason", to_string(reason)}});
    }
  }
};
using SharedPtr = std::shared_ptr<Shared>;

http::Response campaign_response(int status, const CampaignView& view) {
  auto body = to_json(view.campaign);
  body["spent"] = static_cast<double>(view.settled) / 1e9;
  auto response = http::json_response(status, body);
  response.headers["ETag"] = fmt::format("\"{}\"", view.campaign.version);
  if (status == 201) response.headers["Location"] = "/api/v1/campaigns/" + view.campaign.id;
  return response;
}

/// The id of the campaign that a POST makes. With an Idempotency-Key it follows from owner and key,
/// so a retry meets the campaign of the first try instead of making another.
std::string campaign_id(const Request& request) {
  const auto key = request.header("idempotency-key");
  if (!key) return make_id_string();
  const std::string input = request.principal->subject + "\n" + *key;
  Id id;
  crypto_generichash(id.bytes.data(), id.bytes.size(),
                     reinterpret_cast<const unsigned char*>(input.data()), input.size(), nullptr,
                     0);
  return id.to_string();
}

template <class... Args>
void ask_campaign(const SharedPtr& s, const Request& request, const std::string& id,
                  const Responder& out, int status,
                  std::function<bool(const CampaignView&)> allowed, Args&&... args) {
  s->api.asker.ask_as<CampaignViewPtr>(
      kCampaignKind, id, request.time_left(),
      [out, status, allowed = std::move(allowed)](const Result<CampaignViewPtr>& view) {
        if (!view.ok()) return out.send(view.error());
        if (!allowed(**view)) return out.send(error(ErrorCode::not_found, "no such campaign"));
        out.send(campaign_response(status, **view));
      },
      std::forward<Args>(args)...);
}

std::function<bool(const CampaignView&)> owned_by(const Request& request) {
  return [subject = request.principal->subject](const CampaignView& view) {
    return view.campaign.owner == subject;
  };
}

/// Section 2.7 of draft-ietf-httpapi-idempotency-key-header: a key that comes again with another
/// body.
http::Response key_reused() {
  auto response = http::problem(
      error(ErrorCode::conflict, "Idempotency-Key: was used with another body; take a fresh key"));
  response.status = 422;
  auto body = json::parse(response.body).as_object();
  body["status"] = 422;
  response.body = json::serialize(body);
  return response;
}

std::string fingerprint(const std::string& body) {
  std::array<unsigned char, 16> hash;
  crypto_generichash(hash.data(), hash.size(), reinterpret_cast<const unsigned char*>(body.data()),
                     body.size(), nullptr, 0);
  return Id{hash}.to_string();
}

/// A first request and each retry of it get the same answer, whatever became of the campaign
/// meanwhile: what the body says, as version 1.
void answer_created(const Responder& out, const Campaign& asked, const CampaignView& found) {
  if (found.campaign.owner != asked.owner)
    return out.send(error(ErrorCode::not_found, "no such campaign"));
  if (found.campaign.fingerprint != asked.fingerprint) return out.send(key_reused());
  CampaignView first{asked};
  first.campaign.created_ms = found.campaign.created_ms;
  out.send(campaign_response(201, first));
}

void create_campaign(const SharedPtr& s, const Request& request, const Responder& out) {
  const auto body = parse_with_money(request.body);
  if (!body.ok()) return out.send(body.error());
  const auto key = request.header("idempotency-key");
  if (key.value_or("").size() > 200) {
    return out.send(error(ErrorCode::invalid_argument, "Idempotency-Key: at most 200 bytes"));
  }
  auto parsed = apply_campaign_json({}, *body, true);
  if (!parsed.ok()) return out.send(parsed.error());
  parsed->id = campaign_id(request);
  parsed->owner = request.principal->subject;
  parsed->created_ms = s->api.context.now_ms();
  if (key) parsed->fingerprint = fingerprint(request.body);
  const auto campaign = std::make_shared<const Campaign>(std::move(*parsed));
  s->api.asker.ask_as<CampaignViewPtr>(
      kCampaignKind, campaign->id, request.time_left(),
      [out, campaign](const Result<CampaignViewPtr>& view) {
        if (!view.ok()) return out.send(view.error());
        answer_created(out, *campaign, **view);
      },
      create_atom::value, CampaignPtr(campaign));
}

Result<std::optional<std::uint32_t>> if_match(const Request& request) {
  const auto header = request.header("if-match");
  if (!header || *header == "*") return std::optional<std::uint32_t>();
  std::uint32_t version = 0;
  if (std::sscanf(header->c_str(), "\"%u\"", &version) != 1) {
    return error(ErrorCode::invalid_argument, "If-Match: not an ETag of ours");
  }
  return std::optional<std::uint32_t>(version);
}

void change_campaign(const SharedPtr& s, const Request& request, const Responder& out) {
  const auto body = parse_with_money(request.body);
  if (!body.ok()) return out.send(body.error());
  const auto version = if_match(request);
  if (!version.ok()) return out.send(version.error());
  ask_campaign(s, request, request.params.at("id"), out, 200, owned_by(request), change_atom::value,
               std::make_shared<const CampaignChange>(
                   CampaignChange{*body, request.principal->subject, *version}));
}

void list_campaigns(const SharedPtr& s, const Request& request, const Responder& out) {
  const auto page = read_page(request);
  if (!page.ok()) return out.send(page.error());
  auto posted = s->api.context.reads.post(
      [out, page = *page, owner = request.principal->subject](const storage::Store& store) {
        const auto prefix = storage::KeyBuilder("camp").take();
        // From the last id seen on; that one itself is skipped.
        const auto begin = page.after.empty() ? prefix : campaign_key(page.after);
        json::array items;
        std::string last;
        std::size_t seen = 0;
        auto scanned = store.scan(storage::Family::ads, begin, storage::prefix_end(prefix),
                                  kMaxScan, [&](std::string_view, std::string_view value) {
                                    ++seen;
                                    const auto campaign = decode_campaign(value);
                                    if (!campaign || campaign->id == page.after) return true;
                                    last = campaign->id;
                                    if (campaign->owner == owner)
                                      items.push_back(to_json(*campaign));
                                    return items.size() < page.limit;
                                  });
        if (!scanned.ok()) return out.send(scanned.error());
        // A page may end early, even empty, when others' campaigns fill what one page looks at.
        const bool more = items.size() == page.limit || seen >= kMaxScan;
        out.send(page_response(std::move(items), more ? last : ""));
      });
  if (!posted.ok()) out.send(posted.error());
}

void campaign_stats(const SharedPtr& s, const Request& request, const Responder& out) {
  s->api.asker.ask_as<CampaignViewPtr>(
      kCampaignKind, request.params.at("id"), request.time_left(),
      [out, allowed = owned_by(request)](const Result<CampaignViewPtr>& view) {
        if (!view.ok()) return out.send(view.error());
        const auto& v = **view;
        if (!allowed(v)) return out.send(error(ErrorCode::not_found, "no such campaign"));
        const auto units = [](Nanos nanos) { return static_cast<double>(nanos) / 1e9; };
        out.send(http::json_response(200, json::object{{"id", v.campaign.id},
                                                       {"budget_nanos", v.campaign.budget * 1'000},
                                                       {"spent_nanos", v.settled},
                                                       {"spent", units(v.settled)},
                                                       {"reserved", units(v.reserved)},
                                                       {"leased", units(v.leased)},
                                                       {"wins", v.wins},
                                                       {"bills", v.bills}}));
      },
      fetch_atom::value);
}

http::Response no_content() {
  http::Response response;
  response.status = 204;
  response.headers["X-OpenRTB-Version"] = "2.6";
  return response;
}

/// 204, or the reason in a body for a caller that asked with `?nbr=1`.
void send_no_bid(const SharedPtr& s, const Responder& out, const BidRequest& request, bool explain,
                 NoBid reason) {
  s->no_bids.at(reason)->Increment();
  spdlog::debug("auction {}: no bid: {}", request.id, to_string(reason));
  if (!explain) return out.send(no_content());
  auto response = http::json_response(200, no_bid_response(request, reason));
  response.headers["X-OpenRTB-Version"] = "2.6";
  out.send(std::move(response));
}

void on_outcome(const SharedPtr& s, const Responder& out, const BidRequest& request, bool explain,
                const std::string& base_url, const Result<OutcomePtr>& outcome) {
  if (!outcome.ok()) {
    // An exchange's deadline is no error of the caller's.
    const bool late = outcome.code() == ErrorCode::timeout;
    if (late) s->timeouts.Increment();
    return send_no_bid(s, out, request, explain,
                       late ? NoBid::insufficient_time : NoBid::technical_error);
  }
  const auto& o = **outcome;
  if (o.wins.empty()) return send_no_bid(s, out, request, explain, o.no_bid);
  s->wins.Increment(static_cast<double>(o.wins.size()));
  auto response = http::json_response(200, bid_response(request, o, s->api.seal, base_url));
  response.headers["X-OpenRTB-Version"] = "2.6";
  out.send(std::move(response));
}

void run(const SharedPtr& s, const Request& request, const Responder& out) {
  const auto began = std::chrono::steady_clock::now();
  s->auctions.Increment();
  const auto body = parse_with_money(request.body);
  auto parsed = body.ok() ? parse_bid_request(*body) : Result<BidRequest>(body.error());
  if (!parsed.ok()) {
    s->no_bids.at(NoBid::invalid_request)->Increment();
    return out.send(parsed.error());
  }
  const bool explain = request.query_value("nbr") == "1";
  if (parsed->tmax_ms != 0 && parsed->tmax_ms < kMinTmaxMs)
    return send_no_bid(s, out, *parsed, explain, NoBid::insufficient_time);
  const int tmax =
      std::min(parsed->tmax_ms == 0 ? s->api.default_tmax_ms : parsed->tmax_ms, s->api.max_tmax_ms);
  // A user's auctions meet in one actor, which knows the user's frequency caps.
  const auto& by = parsed->user_id.empty() ? parsed->id : parsed->user_id;
  const auto shard = std::to_string(std::hash<std::string>{}(by) % s->api.auction_actors);
  const auto job = std::make_shared<const AuctionJob>(
      AuctionJob{std::move(*parsed), s->api.context.now_ms() + static_cast<std::uint64_t>(tmax)});
  const auto base = s->api.public_url.empty()
                        ? "http://" + request.header("host").value_or("localhost")
                        : s->api.public_url;
  s->api.asker.ask_as<OutcomePtr>(
      kAuctionKind, shard, std::chrono::milliseconds(tmax),
      [s, out, job, base, began, explain](const Result<OutcomePtr>& outcome) {
        s->seconds.Observe(
            std::chrono::duration<double>(std::chrono::steady_clock::now() - began).count());
        on_outcome(s, out, job->request, explain, base, outcome);
      },
      run_atom::value, job);
}

template <class Atom>
http::Handler notice_handler(const SharedPtr& s, Atom atom) {
  return [s, atom](const Request& request, const Responder& out) {
    const auto notice = s->api.seal.open(request.query_value("n").value_or(""));
    if (!notice) return out.send(error(ErrorCode::invalid_argument, "n: not a notice of ours"));
    s->api.asker.ask_as<bool>(
        kCampaignKind, notice->campaign.to_string(), request.time_left(),
        [out](const Result<bool>& booked) {
          booked.ok() ? out.send(no_content()) : out.send(booked.error());
        },
        atom, *notice);
  };
}

}  // namespace

void mount_auction(http::Router& router, AuctionApi api) {
  const auto s = std::make_shared<Shared>(std::move(api));
  const auto bind = [&s](void (*handler)(const SharedPtr&, const Request&, const Responder&)) {
    return [s, handler](const Request& request, const Responder& out) { handler(s, request, out); };
  };
  const http::RouteOptions ads{.scope = "ads"};
  router.add("POST", "/api/v1/campaigns", bind(create_campaign), ads);
  router.add("GET", "/api/v1/campaigns", bind(list_campaigns),
             {.scope = "ads", .priority = Priority::bulk});
  router.add(
      "GET", "/api/v1/campaigns/{id}",
      [s](const Request& request, const Responder& out) {
        ask_campaign(s, request, request.params.at("id"), out, 200, owned_by(request),
                     fetch_atom::value);
      },
      ads);
  router.add("PATCH", "/api/v1/campaigns/{id}", bind(change_campaign), ads);
  router.add("GET", "/api/v1/campaigns/{id}/stats", bind(campaign_stats), ads);
  router.add("POST", "/openrtb2/auction", bind(run),
             {.scope = "exchange",
              .max_body_bytes = kMaxBidRequestBytes,
              .timeout = std::chrono::seconds(10),
              .priority = Priority::vital});  // tmax bounds it
  for (const char* method : {"GET", "POST"}) {
    router.add(method, "/openrtb2/win", notice_handler(s, win_atom::value),
               {.access = http::Access::open, .priority = Priority::vital});
    router.add(method, "/openrtb2/bill", notice_handler(s, bill_atom::value),
               {.access = http::Access::open, .priority = Priority::vital});
  }
}

}  // namespace troupe::api
