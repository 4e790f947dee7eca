#include "net/flv/room.hpp"

#include <algorithm>

namespace troupe::flv {

void Room::join(std::shared_ptr<ws::Session> session, Framing framing,
                const std::vector<SharedPiecePtr>& cache, std::uint64_t next, TimePoint now,
                ws::FanoutStats& stats) {
  auto& viewer = viewers_.emplace_back();
  viewer.session = std::move(session);
  viewer.framing = framing;
  viewer.next = next;
  if (cache.empty()) return;
  viewer.waiting = false;
  for (const auto& piece : cache) {
    if (send(viewer, *piece, stats)) continue;
    viewer.waiting = true;
    return viewer.slowness.skipped(now);
  }
}

void Room::leave(std::uint64_t session_id) {
  const auto it = std::ranges::find_if(
      viewers_, [&](const Viewer& viewer) { return viewer.session->id() == session_id; });
  if (it == viewers_.end()) return;
  if (it != viewers_.end() - 1) *it = std::move(viewers_.back());
  viewers_.pop_back();
}

/// The file header or a change of codecs goes first, where the viewer has not had it. False when
/// its queue is full.
bool Room::send(Viewer& viewer, const SharedPiece& piece, ws::FanoutStats& stats) {
  if (viewer.setup != piece.setup) {
    const auto& told = viewer.setup ? piece.setup->change : piece.setup->opening;
    if (!viewer.session->send(told.frame(viewer.framing))) return false;
    viewer.setup = piece.setup;
  }
  if (!viewer.session->send(piece.bytes.frame(viewer.framing))) return false;
  stats.sent_bytes += piece.bytes.size();
  return true;
}

void Room::offer(const SharedPiece& piece, std::size_t bound, TimePoint now,
                 ws::FanoutStats& stats) {
  for (auto& viewer : viewers_)
    if (piece.number >= viewer.next) offer(viewer, piece, bound, now, stats);
}

void Room::offer(Viewer& viewer, const SharedPiece& piece, std::size_t bound, TimePoint now,
                 ws::FanoutStats& stats) {
  const auto queued = viewer.session->queued_bytes();
  // Half the bound: a viewer that has only just drained would be slow again within a second.
  const bool enters = viewer.waiting && piece.key && queued <= bound / 2;
  const bool goes_on = !viewer.waiting && queued + piece.bytes.size() <= bound;
  if ((enters || goes_on) && send(viewer, piece, stats)) {
    viewer.waiting = false;
    return viewer.slowness.sent(now, limits_.healed_after);
  }
  const bool fresh = viewer.waiting && !viewer.slowness.slow();
  viewer.waiting = true;
  if (fresh && !piece.key) return;  // nothing has begun for it yet
  ++stats.skipped_chunks;
  viewer.slowness.skipped(now);
  if (!viewer.slowness.too_long(now, limits_.slow_for)) return;
  ++stats.closed_slow;
  viewer.session->close(ws::close_code(ErrorCode::timeout), "too slow for this stream");
}

void Room::close(std::uint16_t code, std::string_view reason) {
  for (auto& viewer : viewers_) viewer.session->close(code, reason);
}

}  // namespace troupe::flv
