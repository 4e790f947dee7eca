#include "actors/auction/campaign_book.hpp"

namespace troupe::auction {

CampaignBook::CampaignBook(std::function<bool(std::function<void()>)> run_later)
    : run_later_(std::move(run_later)),
      index_(std::make_shared<const CampaignIndex>(std::vector<std::shared_ptr<const Bidder>>())) {}

void CampaignBook::publish(std::shared_ptr<const Bidder> bidder) {
  {
    const std::lock_guard lock(mutex_);
    const auto& id = bidder->campaign.id;
    ++changes_;
    bidders_[id] = std::move(bidder);
  }
  schedule();
}

void CampaignBook::withdraw(const std::string& campaign) {
  {
    const std::lock_guard lock(mutex_);
    bidders_.erase(campaign);
    ++changes_;
  }
  schedule();
}

std::shared_ptr<const CampaignIndex> CampaignBook::index() const {
  const std::lock_guard lock(mutex_);
  return index_;
}

void CampaignBook::schedule() {
  {
    const std::lock_guard lock(mutex_);
    if (std::exchange(building_, true)) return;
  }
  run();
}

void CampaignBook::run() {
  // A pool that is full must not leave auctions with what was true before.
  if (!run_later_([self = shared_from_this()] { self->rebuild(); })) rebuild();
}

void CampaignBook::rebuild() {
  std::vector<std::shared_ptr<const Bidder>> bidders;
  std::uint64_t changes = 0;
  {
    const std::lock_guard lock(mutex_);
    changes = changes_;
    for (const auto& [id, bidder] : bidders_) {
      if (bidder->campaign.active) bidders.push_back(bidder);
    }
  }
  auto fresh = std::make_shared<const CampaignIndex>(std::move(bidders));
  {
    const std::lock_guard lock(mutex_);
    index_ = std::move(fresh);
    building_ = changes != changes_;
    if (!building_) return;
  }
  run();  // for what changed meanwhile, behind others that wait for the pool
}

}  // namespace troupe::auction
