#include "actors/auction/notice_log.hpp"

namespace troupe::auction {

void NoticeLog::insert(const std::string& bid, std::uint64_t now_ms) {
  if (bids_.insert(bid).second) order_.emplace_back(now_ms, bid);
}

std::vector<std::string> NoticeLog::expire(std::uint64_t now_ms, std::size_t limit) {
  std::vector<std::string> out;
  while (out.size() < limit && !order_.empty() && order_.front().first + keep_ms_ < now_ms) {
    bids_.erase(order_.front().second);
    out.push_back(std::move(order_.front().second));
    order_.pop_front();
  }
  return out;
}

}  // namespace troupe::auction
