#include "net/api/live/shield.hpp"

#include "actors/live/directory.hpp"
#include "net/api/live/cues.hpp"
#include "net/api/live/playlists.hpp"
#include "net/api/live/relay.hpp"
#include "net/api/live/thumbnails.hpp"
#include "net/api/live/view_roll.hpp"
#include "net/ws/hub.hpp"

namespace troupe::api {
namespace {

void show(const ShieldParts& parts, const std::string& id, const relay::Text& what,
          std::string_view text) {
  if (const auto& said = what.cue) {
    const Cue cue{said->number, said->epoch, said->media_us, said->scheme, said->payload};
    parts.cues->keep(id, cue);
    parts.playlists->mark(id, CueBook::mark(cue));
  }
  parts.fanout->text(id, text);
}

/// Viewers over WebSocket hear what was published.
std::vector<media::Track> pictures_of(std::vector<media::Track> tracks) {
  std::erase_if(tracks, [](const auto& track) { return track.kind == media::TrackKind::audio; });
  return tracks;
}

}  // namespace

EdgeSinks edge_sinks(const ShieldParts& parts) {
  EdgeSinks out;
  out.start = [parts](const live::PublicationPtr& publication, const auto& cuts) {
    parts.cues->start(*publication);
    parts.playlists->start_relayed(publication, cuts);
    parts.fanout->start(publication->session_id, publication->epoch, publication->tracks);
  };
  out.resume = [parts](const live::PublicationPtr& publication, const auto& cuts) {
    parts.playlists->start_relayed(publication, cuts);
  };
  out.chunk = [parts](const std::string& id, const media::ChunkPtr& chunk) {
    parts.fanout->chunk(id, chunk);
    parts.cues->chunk(id, *chunk);
    parts.playlists->chunk(id, *chunk);
  };
  out.renditions = [parts](const std::string& id, std::uint64_t epoch,
                           const std::vector<media::Track>& tracks) {
    parts.playlists->set_made(id, epoch, tracks);
    parts.fanout->set_renditions(id, epoch, pictures_of(tracks));
    parts.relay->renditions(id, epoch, tracks);
  };
  out.rendition_chunk = [parts](const std::string& id, std::uint64_t epoch,
                                const media::ChunkPtr& chunk) {
    parts.fanout->rendition_chunk(id, epoch, chunk);
    parts.playlists->push_made(id, epoch, *chunk);
  };
  out.text = [parts](const std::string& id, const relay::Text& what, std::string_view text) {
    show(parts, id, what, text);
  };
  out.caption = [parts](const std::string& id, const relay::Caption& caption) {
    parts.playlists->caption(id, caption.epoch, caption.media_us, caption.text, caption.track);
    parts.relay->caption(id, caption);
  };
  out.thumbnail = [parts](const std::string& id, const media::Thumbnail& thumbnail) {
    parts.thumbnails->add(id, thumbnail);
    parts.relay->thumbnail(id, thumbnail);
  };
  out.rules = [parts](const std::string& id, const relay::Rules& asked) {
    parts.directory.view_as(id, live::Directory::Viewing{asked.rules, asked.owner});
    parts.roll->judge_again(id);
    parts.relay->rules_changed(id);
  };
  out.stop = [parts](const std::string& id) {
    parts.cues->stop(id);
    parts.fanout->stop(id);
    parts.playlists->stop(id);
  };
  out.lost = [parts](const std::string& id) {
    parts.cues->stop(id);
    parts.fanout->stop(id);
    parts.playlists->forget(id);
  };
  out.end = [parts](const std::string& id) {
    parts.cues->stop(id);
    parts.fanout->end(id);
    parts.playlists->end(id);
  };
  out.forget = [parts](const std::string& id) {
    parts.cues->stop(id);
    parts.fanout->forget(id);
    parts.thumbnails->forget(id);
    parts.playlists->forget(id);
    // Last: without it what there is would be judged as this server judges its own.
    parts.directory.view_as(id, std::nullopt);
  };
  out.viewers = [parts](const std::string& id) {
    const auto below = parts.relay->viewers(id);
    return relay::Viewers{parts.fanout->viewers(id) + below.sockets,
                          parts.playlists->viewers(id) + below.players};
  };
  out.tell = [parts](const std::string& id, std::int64_t elsewhere, std::int64_t offset_us) {
    const auto audience = parts.fanout->audience(id);
    if (!audience) return;
    audience->elsewhere = elsewhere + parts.relay->viewers(id).sockets;
    audience->clock_offset_us = offset_us;
  };
  return out;
}

RelayOptions relay_options(std::string instance, const std::shared_ptr<ws::Fanout>& fanout,
                           const std::shared_ptr<LivePlaylists>& playlists,
                           std::shared_ptr<const ShieldLinks> links) {
  RelayOptions out;
  out.instance = std::move(instance);
  out.cuts = [playlists](const std::string& id) { return playlists->cuts(id); };
  out.cues = [links](const std::string& id) { return links->api->cues->pending(id); };
  out.react = [fanout, links](const std::string& id, std::size_t reaction, std::uint64_t times) {
    if (times == 0) return;
    // They come back from the origin, for all to see.
    if (links->edge != nullptr && links->edge->relays(id))
      return links->edge->react(id, reaction, times);
    fanout->react(id, reaction, times);
  };
  out.rules = [links](const std::string& id) {
    relay::Rules asked;
    if (const auto own = links->api->directory.viewing(id)) asked = {own->rules, own->owner};
    // What is not said goes by the origin, not by each edge.
    if (asked.rules.access == live::ViewAccess::standard)
      asked.rules.access =
          links->api->anonymous_viewers ? live::ViewAccess::open : live::ViewAccess::token;
    return asked;
  };
  out.thumbnails = [links](const std::string& id) {
    return links->thumbnails ? links->thumbnails->all(id) : std::vector<media::Thumbnail>();
  };
  out.foreign = [links](const std::string& id) {
    return links->edge != nullptr && links->edge->relays(id);
  };
  out.total = [fanout, playlists, links](const std::string& id, const relay::Viewers& below) {
    if (links->edge != nullptr && links->edge->relays(id)) return links->edge->total(id);
    return relay::Viewers{fanout->viewers(id) + below.sockets,
                          playlists->viewers(id) + below.players};
  };
  out.greet = [links](const std::string& id, auto then) {
    greet_viewer(*links->api, id, std::move(then));
  };
  out.say = [links](const std::string& id, const relay::Forward& said, auto then) {
    say_for_viewer(links->api, id, said, std::move(then));
  };
  return out;
}

}  // namespace troupe::api
