#include "actors/auction/campaign_store.hpp"

#include "schemas/ads_generated.h"
#include "storage/keys.hpp"

namespace troupe::auction {
namespace {

template <class Record>
const Record* verified(std::string_view bytes) {
  if (!storage::is_record<Record, flatbuffers::Verifier>(bytes)) return nullptr;
  return flatbuffers::GetRoot<Record>(reinterpret_cast<const std::uint8_t*>(bytes.data()));
}

template <class Offset>
std::string finish(flatbuffers::FlatBufferBuilder& builder, Offset root) {
  builder.Finish(root);
  return {reinterpret_cast<const char*>(builder.GetBufferPointer()), builder.GetSize()};
}

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
  record.targeting = std::make_unique<fbs::TargetingT>();
  record.targeting->countries = c.targeting.countries;
  record.targeting->languages = c.targeting.languages;
  record.targeting->device_types = c.targeting.device_types;
  record.targeting->domains = c.targeting.domains;
  record.targeting->blocked_domains = c.targeting.blocked_domains;
  record.version = c.version;
  record.created_ms = c.created_ms;
  flatbuffers::FlatBufferBuilder builder(1024);
  return finish(builder, fbs::CampaignRecord::Pack(builder, &record));
}

std::optional<Campaign> decode_campaign(std::string_view bytes) {
  const auto* table = verified<fbs::CampaignRecord>(bytes);
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
    c.creative = {in.crid, in.adm, in.width, in.height, in.mimes, in.duration_s, in.categories};
  }
  if (record.targeting) {
    const auto& in = *record.targeting;
    c.targeting = {in.countries, in.languages, in.domains, in.blocked_domains, in.device_types};
  }
  c.version = record.version;
  c.created_ms = record.created_ms;
  return c;
}

std::string encode_books(const Books& books) {
  flatbuffers::FlatBufferBuilder builder(64);
  return finish(builder, fbs::CreateLedgerRecord(builder, books.leased, books.settled, books.wins,
                                                 books.bills));
}

std::optional<Books> decode_books(std::string_view bytes) {
  const auto* table = verified<fbs::LedgerRecord>(bytes);
  if (table == nullptr) return std::nullopt;
  return Books{table->leased_nanos(), table->settled_nanos(), table->wins(), table->bills()};
}

std::string encode_bill(Nanos price, std::uint64_t time_ms) {
  flatbuffers::FlatBufferBuilder builder(32);
  return finish(builder, fbs::CreateBillRecord(builder, price, time_ms));
}

void add_record_checks(storage::RecordChecks& checks) {
  using storage::Family;
  checks.add(Family::ads, "camp",
             [](auto, auto value) { return decode_campaign(value).has_value(); });
  checks.add(Family::ads, "ledger",
             [](auto, auto value) { return decode_books(value).has_value(); });
  checks.add(Family::ads, "bill", [](auto, auto value) {
    return storage::is_record<fbs::BillRecord, flatbuffers::Verifier>(value);
  });
}

}  // namespace troupe::auction
