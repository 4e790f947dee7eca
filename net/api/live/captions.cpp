#include "net/api/live/captions.hpp"

#include <algorithm>

#include <boost/json.hpp>

namespace troupe::api {

media::CaptionTrack caption_track(media::CaptionChannel channel,
                                  const media::CaptionLanguages& languages) {
  using media::CaptionChannel;
  media::CaptionTrack out;
  out.language = languages[static_cast<std::size_t>(channel)];
  if (channel == CaptionChannel::cc1) return out;
  const auto name = media::channel_name(channel);
  out.folder += "-" + name;
  out.name = channel < CaptionChannel::s1 ? "Captions CC" + name.substr(2)
                                          : "Captions, service " + name.substr(1);
  return out;
}

void LiveCaptions::start(const live::Publication& publication) {
  const auto video =
      std::ranges::find(publication.tracks, media::TrackKind::video, &media::Track::kind);
  const std::lock_guard lock(mutex_);
  auto& running = sessions_[publication.session_id];
  if (running.epoch >= publication.epoch) return;
  running = {publication.epoch, nullptr};
  if (video == publication.tracks.end()) return;
  // Pictures that can hold none have no reader.
  if (auto reader = media::CaptionReader::open(*video); reader.ok())
    running.reader = std::move(*reader);
}

LiveCaptions::Shown LiveCaptions::read(const std::string& id, const media::Chunk& chunk) {
  Running running;
  {
    const std::lock_guard lock(mutex_);
    const auto found = sessions_.find(id);
    if (found == sessions_.end() || !found->second.reader) return {};
    running = found->second;
  }
  return {running.epoch, running.reader->read(chunk)};
}

void LiveCaptions::stop(const std::string& id) {
  const std::lock_guard lock(mutex_);
  sessions_.erase(id);
}

std::string LiveCaptions::message(std::uint64_t epoch, const media::CaptionEvent& event) {
  return boost::json::serialize(boost::json::object{
      {"type", "caption"}, {"epoch", epoch}, {"media_us", event.start_us}, {"text", event.text}});
}

}  // namespace troupe::api
