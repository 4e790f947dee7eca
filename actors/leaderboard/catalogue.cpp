#include "actors/leaderboard/catalogue.hpp"

#include "storage/keys.hpp"
#include "storage/store.hpp"
#include "storage/writer.hpp"

namespace troupe::leaderboard {

using storage::Family;

Result<void> Catalogue::load(const storage::Store& store) {
  const auto prefix = storage::KeyBuilder("board").take();
  bool corrupt = false;
  const std::lock_guard lock(mutex_);
  auto scanned = store.scan(Family::match, prefix, storage::prefix_end(prefix), SIZE_MAX,
                            [&](std::string_view, std::string_view value) {
                              auto definition = decode_definition(value);
                              if (definition) boards_[definition->id] = std::move(*definition);
                              corrupt = corrupt || !definition;
                              return true;
                            });
  if (!scanned.ok()) return scanned.error();
  if (corrupt) return error(ErrorCode::corrupt, "a leaderboard's definition does not verify");
  return {};
}

std::optional<Definition> Catalogue::find(const std::string& board) const {
  const std::lock_guard lock(mutex_);
  const auto it = boards_.find(board);
  return it == boards_.end() ? std::nullopt : std::optional(it->second);
}

std::vector<Definition> Catalogue::list(const std::string& after, std::size_t limit) const {
  const std::lock_guard lock(mutex_);
  std::vector<Definition> out;
  for (auto it = boards_.upper_bound(after); it != boards_.end() && out.size() < limit; ++it)
    out.push_back(it->second);
  return out;
}

std::vector<Definition> Catalogue::rated(const std::string& mode) const {
  const std::lock_guard lock(mutex_);
  std::vector<Definition> out;
  for (const auto& [id, definition] : boards_) {
    if (definition.rated_mode == mode) out.push_back(definition);
  }
  return out;
}

Result<std::optional<Catalogue::Outcome>> Catalogue::admit(Definition& wanted) {
  const std::lock_guard lock(mutex_);
  const auto known = boards_.find(wanted.id);
  if (known != boards_.end()) {
    wanted.created_ms = known->second.created_ms;
    if (wanted == known->second) return std::optional(Outcome::same);
    auto stays = known->second;
    stays.keep_seasons = wanted.keep_seasons;
    if (wanted != stays)
      return error(ErrorCode::conflict, "the leaderboard exists and is of another kind");
  } else if (boards_.size() + underway_.size() >= kMaxBoards) {
    return error(ErrorCode::overloaded, "there are too many leaderboards");
  }
  if (!underway_.emplace(wanted.id, wanted).second)
    return error(ErrorCode::conflict, "the leaderboard is being defined");
  return std::optional<Outcome>();
}

void Catalogue::define(Definition wanted, const Done& done) {
  const auto admitted = admit(wanted);
  if (!admitted.ok()) return done(admitted.error());
  if (*admitted) return done(**admitted);
  storage::Batch batch;
  batch.put(Family::match, board_key(wanted.id), encode_definition(wanted));
  auto submitted = writer_.submit(
      std::move(batch), [self = shared_from_this(), id = wanted.id, done](const auto& written) {
        auto outcome = Outcome::made;
        {
          const std::lock_guard lock(self->mutex_);
          auto node = self->underway_.extract(id);
          if (written.ok()) {
            outcome = self->boards_.contains(id) ? Outcome::updated : Outcome::made;
            self->boards_[id] = std::move(node.mapped());
          }
        }
        written.ok() ? done(outcome) : done(written.error());
      });
  if (submitted.ok()) return;
  {
    const std::lock_guard lock(mutex_);
    underway_.erase(wanted.id);
  }
  done(submitted.error());
}

}  // namespace troupe::leaderboard
