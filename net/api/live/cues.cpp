#include "net/api/live/cues.hpp"

#include <algorithm>

#include <boost/json.hpp>

#include "base/ids.hpp"
#include "net/api/live/access.hpp"
#include "net/api/live/body.hpp"
#include "net/http/router.hpp"
#include "storage/batch.hpp"
#include "storage/writer.hpp"

namespace troupe::api {
namespace {

namespace json = boost::json;
using http::Request;
using http::Responder;

constexpr std::size_t kMaxBody = 52U << 10;  // 8 KiB, each byte as \u00XX
constexpr std::size_t kPending = 32;         // of a session
constexpr std::int64_t kBehindUs = 30'000'000, kAheadUs = 60'000'000;
constexpr std::int64_t kMaxWaitUs = 5'000'000;  // a picture that has not come for so long stands

std::int64_t unix_us() {
  return std::chrono::duration_cast<std::chrono::microseconds>(
             std::chrono::system_clock::now().time_since_epoch())
      .count();
}

Result<void> check(std::string_view scheme, std::string_view payload) {
  const bool plain = std::all_of(scheme.begin(), scheme.end(),
                                 [](char c) { return c > 0x20 && c < 0x7F && c != '"'; });
  if (scheme.empty() || scheme.size() > kMaxSchemeBytes || !plain)
    return error(ErrorCode::invalid_argument,
                 "scheme: 1 to 200 printable ASCII characters without spaces and quotes");
  if (payload.size() > kMaxCueBytes) return error(ErrorCode::too_large, "payload: at most 8 KiB");
  return {};
}

struct NewCue {
  std::string scheme, payload;
  std::int64_t at_us = 0;
};
Result<NewCue> parse(const Request& request) {
  auto body = body_of(request, {"scheme", "payload", "at_ms"});
  if (!body.ok()) return body.error();
  NewCue out;
  for (const auto& [name, text] :
       {std::pair{"scheme", &out.scheme}, std::pair{"payload", &out.payload}}) {
    const auto* value = body->if_contains(name);
    if (value == nullptr || !value->is_string())
      return error(ErrorCode::invalid_argument, std::string(name) + ": a string");
    *text = std::string(value->get_string());
  }
  const auto at_ms = number_in(*body, "at_ms");
  if (!at_ms.ok()) return at_ms.error();
  constexpr std::uint64_t kLast = 253'402'300'799'000;  // the end of the year 9999
  out.at_us = static_cast<std::int64_t>(std::min(at_ms->value_or(0), kLast)) * 1000;
  return out;
}

}  // namespace

void CueBook::start(const live::Publication& publication) {
  if (publication.tracks.empty()) return;
  const auto video =
      std::ranges::find(publication.tracks, media::TrackKind::video, &media::Track::kind);
  const auto& leading = video == publication.tracks.end() ? publication.tracks.front() : *video;
  const std::lock_guard lock(mutex_);
  auto& running = sessions_[publication.session_id];
  if (running.epoch >= publication.epoch) return;
  running = {publication.epoch, leading.id, 0, 0, {}};
}

std::vector<Cue> CueBook::chunk(const std::string& id, const media::Chunk& chunk) {
  std::vector<Cue> out;
  const std::lock_guard lock(mutex_);
  const auto found = sessions_.find(id);
  if (found == sessions_.end() || found->second.track != chunk.track) return out;
  auto& running = found->second;
  const bool first = running.wall_us == 0;
  running.end_us = chunk.start_us + chunk.duration_us;
  running.wall_us = chunk.wall_us;
  const auto due = first ? due_.find(id) : due_.end();
  if (due == due_.end()) return out;
  for (const auto& cue : due->second) {
    if (cue.due_us <= chunk.wall_us) continue;
    const auto media_us = running.end_us + (cue.due_us - chunk.wall_us);
    out.push_back({cue.number, running.epoch, media_us, cue.scheme, cue.payload});
    running.cues.push_back(out.back());
  }
  return out;
}

CueBook::Keep CueBook::keep_until_due(const std::string& id, const Cue& cue, std::int64_t at_us,
                                      std::int64_t now_us) {
  Keep out;
  const std::lock_guard lock(mutex_);
  if (at_us > now_us) {
    out.due = live::DueCue{cue.number, at_us, cue.scheme, cue.payload};
    due_[id].push_back(*out.due);
  }
  for (auto& [session, all] : due_) {
    std::erase_if(all, [&, &name = session](const live::DueCue& known) {
      if (known.due_us <= now_us) out.past.emplace_back(name, known.number);
      return known.due_us <= now_us;
    });
    while (all.size() > kPending) {
      out.past.emplace_back(session, all.front().number);
      all.pop_front();
    }
  }
  std::erase_if(due_, [](const auto& entry) { return entry.second.empty(); });
  return out;
}

void CueBook::restore(const std::string& id, live::DueCue due) {
  const std::lock_guard lock(mutex_);
  last_number_ = std::max(last_number_, due.number);
  auto& all = due_[id];
  all.push_back(std::move(due));
  if (all.size() > kPending) all.pop_front();
}

void CueBook::stop(const std::string& id) {
  const std::lock_guard lock(mutex_);
  sessions_.erase(id);
}

Result<Cue> CueBook::add(const std::string& id, std::string scheme, std::string payload,
                         std::int64_t at_us, std::int64_t now_us) {
  if (auto fine = check(scheme, payload); !fine.ok()) return fine.error();
  if (at_us == 0) at_us = now_us;
  if (at_us < now_us - kBehindUs || at_us > now_us + kAheadUs)
    return error(ErrorCode::invalid_argument, "at_ms: at most 30 s ago and 60 s ahead");
  const std::lock_guard lock(mutex_);
  const auto found = sessions_.find(id);
  if (found == sessions_.end() || found->second.wall_us == 0)
    return error(ErrorCode::conflict, "nobody publishes");
  if (const auto verdict = rate_.take(id, std::chrono::steady_clock::now()); !verdict.allowed)
    return error(ErrorCode::rate_limited,
                 "wait " + std::to_string(verdict.retry_after.count()) + " ms");
  auto& running = found->second;
  // A publisher that stands still has no picture for what is now.
  const auto shown_us = std::max(running.wall_us, std::min(now_us, running.wall_us + kMaxWaitUs));
  const auto media_us = running.end_us + (shown_us - running.wall_us) + (at_us - now_us);
  last_number_ = std::max(last_number_ + 1, static_cast<std::uint64_t>(now_us / 1000));
  const Cue cue{last_number_, running.epoch, std::max<std::int64_t>(media_us, 0), std::move(scheme),
                std::move(payload)};
  running.cues.push_back(cue);
  if (running.cues.size() > kPending) running.cues.pop_front();
  return cue;
}

void CueBook::keep(const std::string& id, const Cue& cue) {
  const std::lock_guard lock(mutex_);
  const auto found = sessions_.find(id);
  if (found == sessions_.end() || found->second.epoch != cue.epoch) return;
  found->second.cues.push_back(cue);
  if (found->second.cues.size() > kPending) found->second.cues.pop_front();
}

media::Mark CueBook::mark(const Cue& cue) {
  return {"cue-" + std::to_string(cue.number),   cue.epoch, cue.media_us, cue.scheme, cue.payload,
          static_cast<std::uint32_t>(cue.number)};
}

std::vector<std::string> CueBook::pending(const std::string& id) const {
  std::vector<std::string> out;
  const std::lock_guard lock(mutex_);
  const auto found = sessions_.find(id);
  if (found == sessions_.end()) return out;
  for (const auto& cue : found->second.cues) {
    if (cue.media_us >= found->second.end_us - kMaxWaitUs) out.push_back(message(cue));
  }
  return out;
}

std::string CueBook::message(const Cue& cue) {
  return json::serialize(json::object{{"type", "cue"},
                                      {"number", cue.number},
                                      {"epoch", cue.epoch},
                                      {"media_us", cue.media_us},
                                      {"scheme", cue.scheme},
                                      {"payload", cue.payload}});
}

namespace {

/// Stores it when it is due later, then tells all who watch, and answers.
void place(const LiveCueApi& api, const std::string& session, const NewCue& what,
           std::int64_t now_us, const Responder& out) {
  const auto cue = api.book->add(session, what.scheme, what.payload, what.at_us, now_us);
  if (!cue.ok()) return out.send(cue.error());
  const auto told = [announce = api.announce, session, cue = *cue, out] {
    announce(session, cue);
    out.send(http::json_response(201, json::object{{"number", cue.number},
                                                   {"epoch", cue.epoch},
                                                   {"media_us", cue.media_us},
                                                   {"scheme", cue.scheme}}));
  };
  const auto keep = api.book->keep_until_due(session, *cue, what.at_us, now_us);
  if (!keep.due && keep.past.empty()) return told();
  storage::Batch batch;
  if (keep.due)
    batch.put(storage::Family::live, live::cue_key(session, cue->number),
              live::encode_cue(*keep.due));
  for (const auto& [of, number] : keep.past)
    batch.erase(storage::Family::live, live::cue_key(of, number));
  auto queued = api.writer.submit(std::move(batch), [told, out](const auto& done) {
    if (!done.ok()) return out.send(done.error());
    told();
  });
  if (!queued.ok()) out.send(queued.error());
}

}  // namespace

Result<void> restore_cues(CueBook& book, const storage::Store& store, storage::Writer& writer) {
  auto all = live::load_cues(store);
  if (!all.ok()) return all.error();
  storage::Batch past;
  for (auto& [session, cue] : *all) {
    if (cue.due_us > unix_us()) {
      book.restore(session, std::move(cue));
    } else {
      past.erase(storage::Family::live, live::cue_key(session, cue.number));
    }
  }
  return all->empty() ? Result<void>() : writer.submit(std::move(past), [](const auto&) {});
}

void mount_live_cues(http::Router& router, LiveCueApi api) {
  const auto shared = std::make_shared<const LiveCueApi>(std::move(api));
  router.add("POST", "/api/v1/live/{id}/cues",
             [shared](const Request& request, const Responder& out) {
               const auto id = parse_id(request.params.at("id"));
               if (!id) return out.send(error(ErrorCode::not_found, "no such live session"));
               auto wanted = parse(request);
               if (!wanted.ok()) return out.send(wanted.error());
               // The moment is that of the request, however long the check of who asks takes.
               const auto now_us = unix_us();
               as_moderator(shared->asker, request, id->to_string(), out,
                            [shared, out, session = id->to_string(), what = *wanted, now_us] {
                              place(*shared, session, what, now_us, out);
                            });
             },
             {.max_body_bytes = kMaxBody});
}

}  // namespace troupe::api
