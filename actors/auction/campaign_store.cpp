#include "actors/auction/campaign_store.hpp"

#include "base/ids.hpp"
#include "schemas/ads_generated.h"
#include "storage/flatbuffer_record.hpp"
#include "storage/keys.hpp"

namespace troupe::auction {
namespace {

using storage::finish_record;
using storage::verified_record;

}  // namespace

std::string campaign_key(std::string_view id) {
  return storage::KeyBuilder("camp").text(id).take();
}
std::string ledger_key(std::string_view id) {
  return storage::KeyBuilder("ledger").text(id).take();
}
std::string bill_key(std::string_view campaign, std::string_view bid) {
  return storage::KeyBuilder("bill").text(campaign).text(bid).take();
}
std::string win_key(std::string_view campaign, std::string_view bid) {
  return storage::KeyBuilder("win").text(campaign).text(bid).take();
}

std::string encode_campaign(const Campaign& c) {
  fbs::CampaignRecordT record;
  record.id = c.id;
  record.owner = c.owner;
  record.name = c.name;
  record.advertiser = c.advertiser;
  record.adomain = c.adomain;
  record.active = c.active;
  record.bid_cpm_micros = c.bid_cpm;
  record.budget_micros = c.budget;
  record.cap_impressions = c.cap_impressions;
  record.cap_window_s = c.cap_window_s;
  record.creative = std::make_unique<fbs::CreativeT>();
  record.creative->crid = c.creative.crid;
  record.creative->adm = c.creative.adm;
  record.creative->width = c.creative.width;
  record.creative->height = c.creative.height;
  record.creative->mimes = c.creative.mimes;
  record.creative->duration_s = c.creative.duration_s;
  record.creative->categories = c.creative.categories;
  record.creative->protocols = c.creative.protocols;
  record.targeting = std::make_unique<fbs::TargetingT>();
  record.targeting->countries = c.targeting.countries;
  record.targeting->languages = c.targeting.languages;
  record.targeting->device_types = c.targeting.device_types;
  record.targeting->domains = c.targeting.domains;
  record.targeting->blocked_domains = c.targeting.blocked_domains;
  record.targeting->hours = c.targeting.hours;
  record.targeting->days = c.targeting.days;
  record.targeting->utc_offset_min = c.targeting.utc_offset_min;
  record.version = c.version;
  record.created_ms = c.created_ms;
  record.fingerprint = c.fingerprint;
  record.deals = c.deals;
  flatbuffers::FlatBufferBuilder builder(1024);
  return finish_record(builder, fbs::CampaignRecord::Pack(builder, &record));
}

std::optional<Campaign> decode_campaign(std::string_view bytes) {
  const auto* table = verified_record<fbs::CampaignRecord>(bytes);
  if (table == nullptr) return std::nullopt;
  fbs::CampaignRecordT record;
  table->UnPackTo(&record);
  Campaign c;
  c.id = record.id;
  c.owner = record.owner;
  c.name = record.name;
  c.advertiser = record.advertiser;
  c.adomain = record.adomain;
  c.active = record.active;
  c.bid_cpm = record.bid_cpm_micros;
  c.budget = record.budget_micros;
  c.cap_impressions = record.cap_impressions;
  c.cap_window_s = record.cap_window_s;
  if (record.creative) {
    const auto& in = *record.creative;
    c.creative = {in.crid,  in.adm,        in.width,      in.height,
                  in.mimes, in.duration_s, in.categories, in.protocols};
  }
  if (record.targeting) {
    const auto& in = *record.targeting;
    c.targeting = {in.countries,    in.languages, in.domains, in.blocked_domains,
                   in.device_types, in.hours,     in.days,    in.utc_offset_min};
  }
  c.version = record.version;
  c.created_ms = record.created_ms;
  c.fingerprint = record.fingerprint;
  c.deals = record.deals;
  return c;
}

std::string encode_books(const Books& books) {
  flatbuffers::FlatBufferBuilder builder(64);
  return finish_record(builder, fbs::CreateLedgerRecord(builder, books.leased, books.settled,
                                                        books.wins, books.bills));
}

std::optional<Books> decode_books(std::string_view bytes) {
  const auto* table = verified_record<fbs::LedgerRecord>(bytes);
  if (table == nullptr) return std::nullopt;
  return Books{table->leased_nanos(), table->settled_nanos(), table->wins(), table->bills()};
}

std::string encode_bill(Nanos price, std::uint64_t time_ms) {
  flatbuffers::FlatBufferBuilder builder(32);
  return finish_record(builder, fbs::CreateBillRecord(builder, price, time_ms));
}

namespace {

/// The bid ids of a campaign's records of one kind, from `begin` on.
Result<std::vector<std::string>> bids_of(const storage::Store& store, std::string_view kind,
                                         const std::string& id, const std::string& begin) {
  std::vector<std::string> out;
  const auto prefix = storage::KeyBuilder(kind).text(id).take();
  auto scanned =
      store.scan(storage::Family::ads, begin.empty() ? prefix : begin, storage::prefix_end(prefix),
                 SIZE_MAX, [&](std::string_view key, std::string_view) {
                   storage::KeyReader reader(key, kind);
                   reader.text();
                   out.push_back(reader.text());
                   return true;
                 });
  if (!scanned.ok()) return scanned.error();
  return out;
}

}  // namespace

Result<LoadedCampaign> load_campaign(const storage::Store& store, const std::string& id,
                                     std::uint64_t now_ms) {
  LoadedCampaign out;
  auto campaign = store.get(storage::Family::ads, campaign_key(id));
  if (!campaign.ok()) return campaign.error();
  if (!*campaign) return out;
  out.campaign = decode_campaign(**campaign);
  if (!out.campaign) return error(ErrorCode::corrupt, "campaign " + id + " does not verify");
  auto books = store.get(storage::Family::ads, ledger_key(id));
  if (!books.ok()) return books.error();
  if (*books) {
    const auto decoded = decode_books(**books);
    if (!decoded) return error(ErrorCode::corrupt, "the ledger of " + id + " does not verify");
    out.books = *decoded;
  }
  // Bid ids are time-ordered: those that may be billed again are the newest.
  Id oldest{};
  const auto since = now_ms > kNoticeKeptMs ? now_ms - kNoticeKeptMs : 0;
  for (std::size_t i = 0; i < 6; ++i)
    oldest.bytes[i] = static_cast<std::uint8_t>(since >> (8 * (5 - i)));
  auto bills = bids_of(store, "bill", id, bill_key(id, oldest.to_string()));
  if (!bills.ok()) return bills.error();
  out.bills = std::move(*bills);
  auto wins = bids_of(store, "win", id, {});
  if (!wins.ok()) return wins.error();
  out.wins = std::move(*wins);
  return out;
}

void add_record_checks(storage::RecordChecks& checks) {
  using storage::Family;
  checks.add(Family::ads, "camp",
             [](auto, auto value) { return decode_campaign(value).has_value(); });
  checks.add(Family::ads, "ledger",
             [](auto, auto value) { return decode_books(value).has_value(); });
  for (const char* kind : {"bill", "win"}) {
    checks.add(Family::ads, kind, [](auto, auto value) {
      return storage::is_record<fbs::BillRecord, flatbuffers::Verifier>(value);
    });
  }
}

}  // namespace troupe::auction
