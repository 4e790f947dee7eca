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
    if (std::exchange(scheduled_, true)) return;
  }
  // A pool that is full must not leave auctions with what was true before.
  if (!run_later_([self = shared_from_this()] { self->rebuild(); })) rebuild();
}

void CampaignBook::rebuild() {
  std::vector<std::shared_ptr<const Bidder>> bidders;
  std::uint64_t changes = 0;
  {
    const std::lock_guard lock(mutex_);
    scheduled_ = false;  // what changes from here on asks for another
    changes = changes_;
    for (const auto& [id, bidder] : bidders_) {
      if (bidder->campaign.active) bidders.push_back(bidder);
    }
  }
  auto fresh = std::make_shared<const CampaignIndex>(std::move(bidders));
  const std::lock_guard lock(mutex_);
  if (changes < published_) return;  // a later one was faster
  published_ = changes;
  index_ = std::move(fresh);
}

}  // namespace troupe::auction
