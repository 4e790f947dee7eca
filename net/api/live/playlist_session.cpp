#include "net/api/live/playlist_session.hpp"

#include <algorithm>

#include "net/http/body_feed.hpp"

namespace troupe::api {
namespace {

using namespace std::chrono_literals;

constexpr auto kViewerStays = 15s;   ///< after it asked for a playlist: longer than one is held
constexpr auto kWindowStays = 120s;  ///< after its publisher left

}  // namespace

void PlaylistSession::restore(media::SavedWindow saved, TimePoint now) {
  const std::lock_guard lock(mutex_);
  window_ = media::SegmentWindow(window_.options(), std::move(saved));
  epoch_ = window_.epoch();
  shelf_mark_ = media::ShelfMark(window_);
  stopped_at_ = now;
}

void PlaylistSession::shelve(std::shared_ptr<media::WindowShelf> shelf, const std::string& id) {
  const std::lock_guard lock(mutex_);
  shelf_ = std::move(shelf);
  id_ = id;
}

void PlaylistSession::shelve_locked() {
  if (shelf_) shelf_->put(id_, window_, shelf_mark_);
}

bool PlaylistSession::start(const live::Publication& publication) {
  Answers answers;
  {
    const std::lock_guard lock(mutex_);
    if (publishing_ && publication.epoch == epoch_) return false;
    epoch_ = publication.epoch;
    publishing_ = true;
    made_told_ = false;
    started_at_ = std::chrono::steady_clock::now();
    end_all_feeds();
    window_.begin(publication.epoch, publication.tracks);
    events_.begin(publication.epoch, publication.tracks);
    rendered_.clear();
    answers = release();
  }
  send(std::move(answers));
  return true;
}

void PlaylistSession::start_relayed(const live::Publication& publication,
                                    const std::optional<media::WindowCuts>& cuts) {
  Answers answers;
  {
    const std::lock_guard lock(mutex_);
    auto options = window_.options();
    bool goes_on = window_.epoch() != publication.epoch;
    if (cuts) {
      goes_on =
          goes_on && options.segment_us == cuts->segment_us && options.part_us == cuts->part_us;
      options.segment_us = cuts->segment_us;
      options.part_us = cuts->part_us;
    }
    epoch_ = publication.epoch;
    publishing_ = made_told_ = true;
    started_at_ = std::chrono::steady_clock::now();
    if (goes_on) {
      end_all_feeds();
      window_.begin(publication.epoch, publication.tracks);
      goes_on = !cuts || window_.follow(*cuts);
    }
    if (!goes_on) {
      break_all_feeds();
      window_ = media::SegmentWindow(options);
      window_.begin(publication.epoch, publication.tracks);
      // A new window takes any cuts of its publication; without those of a track it counts itself.
      if (cuts) static_cast<void>(window_.follow(*cuts));
    }
    events_.begin(publication.epoch, publication.tracks);
    rendered_.clear();
    answers = release();
  }
  send(std::move(answers));
}

void PlaylistSession::break_off() {
  {
    const std::lock_guard lock(mutex_);
    break_all_feeds();
  }
  sweep(TimePoint::max());
}

void PlaylistSession::break_all_feeds() {
  for (const auto& feeding : feeding_) feeding.feed->break_off();
  feeding_.clear();
}

media::WindowCuts PlaylistSession::cuts() const {
  const std::lock_guard lock(mutex_);
  return window_.cuts();
}

void PlaylistSession::push(const media::Chunk& chunk) {
  Answers answers;
  {
    const std::lock_guard lock(mutex_);
    if (push_locked(chunk)) answers = release();
  }
  send(std::move(answers));
}

bool PlaylistSession::push_locked(const media::Chunk& chunk) {
  const auto* rendition = window_.of_track(chunk.track);
  if (rendition == nullptr) return false;
  const auto before = rendition->next_number;
  // Whoever asks, now or later, gets the same bytes.
  const auto carried = events_.carry(chunk);
  const bool grew = window_.push(carried);
  const bool began = rendition->next_number != before;
  if (began) end_feeds(rendition->name);
  if (grew) rendered_.clear();
  if (grew) shelve_locked();
  for (const auto& feeding : feeding_)
    if (feeding.rendition == rendition->name) feeding.feed->push(carried.bytes);
  return grew || began;
}

void PlaylistSession::set_made(std::uint64_t epoch, const std::vector<media::Track>& tracks) {
  Answers answers;
  {
    const std::lock_guard lock(mutex_);
    if (!publishing_ || epoch != epoch_) return;
    made_told_ = true;
    for (const auto& feeding : feeding_)
      if (std::ranges::find(tracks, feeding.rendition, &media::Track::name) == tracks.end() &&
          window_.find(feeding.rendition) != nullptr && window_.find(feeding.rendition)->made())
        feeding.feed->break_off();
    window_.set_made(epoch, tracks);
    events_.set_made(tracks);
    std::erase_if(feeding_, [&](const Feeding& f) { return window_.find(f.rendition) == nullptr; });
    rendered_.clear();
    answers = release();
  }
  send(std::move(answers));
}

void PlaylistSession::push_made(std::uint64_t epoch, const media::Chunk& chunk) {
  Answers answers;
  {
    const std::lock_guard lock(mutex_);
    if (!publishing_ || epoch != epoch_) return;
    if (push_locked(chunk)) answers = release();
  }
  send(std::move(answers));
}

void PlaylistSession::stop(TimePoint now) {
  Answers answers;
  {
    const std::lock_guard lock(mutex_);
    window_.stop();
    shelve_locked();
    answers = fall_silent_locked(now);
  }
  send(std::move(answers));
}

void PlaylistSession::end(TimePoint now) {
  Answers answers;
  {
    const std::lock_guard lock(mutex_);
    window_.end();
    answers = fall_silent_locked(now);
  }
  send(std::move(answers));
}

PlaylistSession::Answers PlaylistSession::fall_silent_locked(TimePoint now) {
  end_all_feeds();
  publishing_ = false;
  stopped_at_ = now;
  rendered_.clear();
  return release();
}

void PlaylistSession::caption(std::uint64_t epoch, std::int64_t start_us, std::string text,
                              const media::CaptionTrack& track) {
  const std::lock_guard lock(mutex_);
  if (publishing_ && epoch == epoch_) captions_.add(track, epoch, start_us, std::move(text));
}

void PlaylistSession::mark(media::Mark mark) {
  const std::lock_guard lock(mutex_);
  events_.add(mark);
  window_.mark(std::move(mark));
  rendered_.clear();
}

bool PlaylistSession::seen(const std::string& viewer, TimePoint now, std::size_t max_viewers) {
  const std::lock_guard lock(mutex_);
  if (const auto known = viewers_.find(viewer); known != viewers_.end()) {
    known->second = now;
    return true;
  }
  if (viewers_.size() >= max_viewers) return false;
  viewers_.emplace(viewer, now);
  return true;
}

std::size_t PlaylistSession::viewers() const {
  const std::lock_guard lock(mutex_);
  return viewers_.size();
}

std::size_t PlaylistSession::held() const {
  const std::lock_guard lock(mutex_);
  return held_.size();
}

bool PlaylistSession::sweep(TimePoint now) {
  Answers answers;
  bool stays = true;
  {
    const std::lock_guard lock(mutex_);
    std::erase_if(viewers_, [&](const auto& viewer) { return viewer.second + kViewerStays < now; });
    std::erase_if(held_, [&](Held& held) {
      if (held.until > now) return false;
      answers.emplace_back(std::move(held.out),
                           http::problem(error(ErrorCode::unavailable, "nothing came in time"), 1));
      return true;
    });
    stays = publishing_ || stopped_at_ + kWindowStays > now;
  }
  send(std::move(answers));
  return stays;
}

}  // namespace troupe::api
