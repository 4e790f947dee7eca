#include "actors/feed/feed_page.hpp"

#include "storage/store.hpp"

namespace troupe::feed {
namespace {

/// A page looks at no more than this many times its length; deleted posts and those of accounts no
/// longer followed take none of its places.
constexpr int kMaxRounds = 20;

/// Older entries from disk when what is in memory does not reach far enough below `before`.
Result<std::vector<Entry>> older(const storage::Store& store, const PageJob& job,
                                 std::optional<Id> before, std::size_t limit) {
  if (job.complete) return std::vector<Entry>();
  std::size_t in_reach = 0;
  for (const auto& entry : job.in_memory) {
    if (!before || entry.post < *before) ++in_reach;
  }
  if (in_reach >= limit) return std::vector<Entry>();
  return read_timeline(store, job.user, before, limit);
}

Result<std::vector<Entry>> next_entries(const storage::Store& store, const PageJob& job,
                                        std::optional<Id> before, std::size_t limit) {
  auto disk = older(store, job, before, limit);
  if (!disk.ok()) return disk.error();
  std::vector<std::vector<Entry>> famous;
  for (const auto& author : job.celebrities) {
    auto posts = read_posts_by(store, author, before, limit);
    if (!posts.ok()) return posts.error();
    famous.push_back(std::move(*posts));
  }
  std::vector<std::span<const Entry>> runs{job.in_memory, *disk};
  for (const auto& posts : famous) runs.emplace_back(posts);
  return merge_runs(runs, before, limit);
}

}  // namespace

Result<PagePtr> read_page(const storage::Store& store, const PageJob& job) {
  auto page = std::make_shared<FeedPage>();
  auto before = job.query.before;
  const auto limit = job.query.limit;
  bool more = true;
  for (int round = 0; more && round < kMaxRounds && page->posts.size() < limit; ++round) {
    auto entries = next_entries(store, job, before, limit);
    if (!entries.ok()) return entries.error();
    more = entries->size() == limit;
    for (const auto& entry : *entries) {
      if (page->posts.size() == limit) {
        more = true;
        break;
      }
      before = entry.post;
      if (!follows(job.following, entry.author)) continue;
      auto post = read_post(store, entry.post.to_string());
      if (!post.ok()) return post.error();
      if (*post) page->posts.push_back(std::move(**post));
    }
  }
  // Also an empty page may have a next one: what it looked at was all left out.
  if (more && before) page->next = before->to_string();
  return PagePtr(std::move(page));
}

}  // namespace troupe::feed
