// The book of running campaigns: entities publish into it, auctions read an immutable index out of
// it.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <unordered_map>

#include "actors/auction/campaign.hpp"

namespace troupe::auction {

/// Thread-safe. Many changes in a row cost one rebuild; the latest change is in the index after at
/// most two, the one that was running and one more.
class CampaignBook : public std::enable_shared_from_this<CampaignBook> {
 public:
  /// `run_later` runs a task on a thread that may work for a while (never an actor's); false when
  /// it cannot now: then the caller of the change works.
  explicit CampaignBook(std::function<bool(std::function<void()>)> run_later);

  void publish(std::shared_ptr<const Bidder> bidder);
  void withdraw(const std::string& campaign);
  [[nodiscard]] std::shared_ptr<const CampaignIndex> index() const;

 private:
  void schedule();
  void run();
  void rebuild();

  std::function<bool(std::function<void()>)> run_later_;
  mutable std::mutex mutex_;
  std::unordered_map<std::string, std::shared_ptr<const Bidder>> bidders_;
  std::shared_ptr<const CampaignIndex> index_;
  bool building_ = false;      ///< one rebuild at a time
  std::uint64_t changes_ = 0;  ///< so far
};

}  // namespace troupe::auction
