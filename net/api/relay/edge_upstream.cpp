#include "net/api/relay/edge_upstream.hpp"

#include <algorithm>

#include <prometheus/counter.h>
#include <prometheus/histogram.h>
#include <spdlog/spdlog.h>

#include "net/ws/session.hpp"

namespace troupe::api::relay {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::chrono::seconds kSaidWithin{5};
constexpr double kMicros = 1'000'000;
constexpr std::uint16_t kNormal = 1000, kOverloaded = 1013, kOurs = 4000, kOursEnd = 4015;

std::int64_t unix_us() {
  return std::chrono::duration_cast<std::chrono::microseconds>(
             std::chrono::system_clock::now().time_since_epoch())
      .count();
}

std::string target_of(const std::string& id, const std::vector<std::string>& via,
                      const std::string& self) {
  std::string out = "/live/" + id + "/ws?relay=" + std::to_string(kVersion) + "&via=";
  for (const auto& one : via) out += one + ",";
  return out + self;
}

/// The origin's close code as a reason; nothing: it may be otherwise in a moment.
std::optional<Upstream::Over> final_reason(std::uint16_t code, const std::string& detail) {
  if (code == kNormal)
    return Upstream::Over{error(ErrorCode::conflict, "the session has ended"), true};
  if (code <= kOurs || code >= kOursEnd) return std::nullopt;
  const auto reason = static_cast<ErrorCode>(code - kOurs);
  if (reason == ErrorCode::not_found)
    return Upstream::Over{error(reason, "no such live session"), true};
  if (reason == ErrorCode::conflict)
    return Upstream::Over{error(reason, "the session has ended"), true};
  if (reason == ErrorCode::unsupported) return Upstream::Over{error(reason, detail)};
  return std::nullopt;
}

}  // namespace

Upstream::Upstream(const Env& env, std::string id, std::vector<std::string> via, TimePoint now)
    : env_(env),
      id_(std::move(id)),
      target_(target_of(id_, via, env.options.instance)),
      lost_at_(now),
      watched_(now),
      reactions_(ws::kReactions.size()) {
  connect(now);
}

Upstream::~Upstream() {
  link_.reset();
  const auto why = over_ ? over_->why : error(ErrorCode::unavailable, "the session is let go");
  admit(why);
  fail_said(why);
}

void Upstream::connect(TimePoint now) {
  heard_ = now;
  announced_ = false;
  link_ = env_.open(
      target_,
      {.open = [this] { open_ = true; },
       .message = [this](std::string_view bytes, bool is_text) { on_message(bytes, is_text); },
       .end = [this](std::uint16_t code, const Error& why) { on_end(code, why); }});
}

void Upstream::enter(Entered then, TimePoint now) {
  if (over_) return then(over_->why);
  if (ready_) return then({});
  if (waiters_.size() >= env_.options.max_waiting)
    return then(error(ErrorCode::overloaded, "too many wait for this session"));
  waiters_.push_back({std::move(then), now + env_.options.admit_within});
}

void Upstream::admit(const Result<void>& verdict) {
  for (auto& waiter : std::exchange(waiters_, {})) waiter.then(verdict);
}

void Upstream::on_end(std::uint16_t close_code, const Error& why) {
  if (const auto over = final_reason(close_code, why.detail)) {
    end(*over);
  } else if (why.code == ErrorCode::unauthenticated || why.code == ErrorCode::forbidden ||
             close_code == kOurs + static_cast<int>(ErrorCode::forbidden)) {
    spdlog::warn("live {}: the origin refuses this edge: {}", id_, why.detail);
    admit(error(ErrorCode::unavailable, "the origin refuses this server"));
  } else if (close_code == kOverloaded) {
    admit(error(ErrorCode::overloaded, why.detail));
  }
  broken(why);
}

void Upstream::end(Over over) {
  over_ = std::move(over);
  admit(over_->why);
  env_.over();
}

/// The upstream is gone; `tick` makes another. Viewers keep what they have.
void Upstream::broken(const Error& why) {
  const auto now = Clock::now();
  if (open_) lost_at_ = now;
  spdlog::info("live {}: upstream: {}", id_, why.detail);
  link_.reset();
  open_ = ready_ = greeting_ = false;
  told_.reset();
  const auto unavailable = error(ErrorCode::unavailable, "the origin is out of reach");
  for (auto& then : std::exchange(greeted_, {})) then(unavailable);
  for (auto& then : std::exchange(greeted_next_, {})) then(unavailable);
  fail_said(unavailable);
  retry_at_ = now + backoff_.next(env_.chance());
}

void Upstream::fail_said(const Error& why) {
  for (auto& [ref, said] : std::exchange(said_, {})) said.then(why);
}

void Upstream::on_message(std::string_view bytes, bool is_text) {
  heard_ = Clock::now();
  env_.bytes.Increment(static_cast<double>(bytes.size()));
  if (is_text) return on_text(bytes);
  on_media(bytes);
}

void Upstream::on_text(std::string_view text) {
  auto message = parse_down(text);
  if (!message.ok()) {
    if (message.code() == ErrorCode::unsupported) end({message.error()});
    return broken(message.error());
  }
  if (const auto* shown = std::get_if<Text>(&*message)) {
    if (shown->cue && shown->cue->number <= last_cue_) return;
    if (shown->cue) last_cue_ = shown->cue->number;
    return env_.sinks.text(id_, *shown, text);
  }
  std::visit(
      [this](auto& what) {
        if constexpr (!std::is_same_v<std::decay_t<decltype(what)>, Text>) take(what);
      },
      *message);
}

void Upstream::take(const Hello&) {
  shown_ = true;
}

void Upstream::take(Publication& publication) {
  announced_ = true;
  const auto begun = cursor_.publication(publication.epoch);
  if (begun == RelayCursor::Begun::old) return;
  if (auto fine = check_.add(publication.tracks); !fine.ok()) return broken(fine.error());
  if (begun == RelayCursor::Begun::again) {
    cuts_ = std::move(publication.cuts);
    resuming_ = true;
    return;
  }
  publication_ = std::make_shared<const live::Publication>(
      live::Publication{id_, publication.epoch, std::move(publication.tracks)});
  resuming_ = false;
  made_.reset();
  last_cue_ = 0;  // those that are still to come are told for its own timeline
  env_.sinks.start(publication_, publication.cuts);
}

void Upstream::take(const Renditions& renditions) {
  if (!publication_ || renditions.epoch != cursor_.epoch()) return;
  if (auto fine = check_.add(renditions.tracks); !fine.ok()) return broken(fine.error());
  made_ = renditions;
  env_.sinks.renditions(id_, renditions.epoch, renditions.tracks);
}

void Upstream::take(const Rules& rules) {
  env_.sinks.rules(id_, rules);
}

void Upstream::take(const Ready&) {
  if (!announced_) take(Stop{});  // over while nothing was heard
  ready_ = true;
  live_from_us_ = unix_us() + clock_.offset_us();
  backoff_.reset();
  admit({});
  send_report();
  if (!greeted_next_.empty()) send_greet();
}

void Upstream::take(const Stop&) {
  stop(env_.sinks.stop);
}

void Upstream::stop(const std::function<void(const std::string& id)>& how) {
  if (cursor_.epoch() == 0) return;
  cursor_.stop();
  check_.clear();
  publication_ = nullptr;
  how(id_);
}

void Upstream::take(const Viewers& viewers) {
  total_ = viewers;
}

void Upstream::take(Greeting& greeting) {
  if (greeting_ && greeting.ref == greet_ref_) end_greet(std::move(greeting.texts));
}

void Upstream::end_greet(const Result<std::vector<std::string>>& texts) {
  greeting_ = false;
  for (auto& then : std::exchange(greeted_, {})) then(texts);
  if (!greeted_next_.empty()) send_greet();
}

void Upstream::take(Answer& answer) {
  const auto found = said_.find(answer.ref);
  if (found == said_.end()) return;
  auto then = std::move(found->second.then);
  said_.erase(found);
  then(std::move(answer.text));
}

void Upstream::take(const Caption& caption) {
  env_.sinks.caption(id_, caption);
}

void Upstream::take(const Pong& pong) {
  clock_.sample(pong.sent_us, pong.wall_us, unix_us());
}

void Upstream::on_media(std::string_view bytes) {
  auto message = parse_media(bytes, Clock::now());
  if (!message.ok()) return broken(message.error());
  if (const auto* thumbnail = std::get_if<media::Thumbnail>(&*message))
    return env_.sinks.thumbnail(id_, *thumbnail);
  const auto* relayed = std::get_if<RelayedChunk>(&*message);
  const auto& chunk = relayed->chunk;
  const auto place = relayed->made ? cursor_.made(relayed->epoch, chunk->track, chunk->sequence)
                                   : cursor_.published(relayed->epoch, chunk->sequence);
  if (place == RelayCursor::Place::drop) return;
  if (auto fine = check_.check(*chunk); !fine.ok()) return broken(fine.error());
  const auto delay_us = unix_us() + clock_.offset_us() - chunk->wall_us;
  if (chunk->wall_us >= live_from_us_ && !relayed->made)
    env_.delay.Observe(static_cast<double>(std::max<std::int64_t>(delay_us, 0)) / kMicros);
  if (relayed->made) return env_.sinks.rendition_chunk(id_, relayed->epoch, chunk);
  if (std::exchange(resuming_, false) && place == RelayCursor::Place::hole) {
    env_.sinks.resume(publication_, cuts_);
    if (made_) env_.sinks.renditions(id_, made_->epoch, made_->tracks);
  }
  env_.sinks.chunk(id_, chunk);
}

void Upstream::send_greet() {
  if (!link_) return;
  greeting_ = true;
  greet_until_ = Clock::now() + kSaidWithin;
  greeted_ = std::exchange(greeted_next_, {});
  if (!link_->send(encode(Greet{++greet_ref_}))) broken(error(ErrorCode::overloaded, "unsent"));
}

void Upstream::greet(Greeted then) {
  // One under way may have been written before this viewer could hear what is said.
  if (greeted_next_.size() >= env_.options.max_waiting)
    return then(error(ErrorCode::overloaded, "too many come at once"));
  greeted_next_.push_back(std::move(then));
  if (ready_ && !greeting_) send_greet();
}

void Upstream::say(std::string token, std::string message,
                   std::function<void(Result<std::string>)> then, TimePoint now) {
  if (!ready_) return then(error(ErrorCode::unavailable, "the origin is out of reach"));
  // One that the origin would not take would cost all others the upstream.
  if (message.size() > kMaxSaidBytes || token.size() > kMaxTokenBytes)
    return then(error(ErrorCode::too_large, "at most 8 KiB for the origin"));
  if (said_.size() >= env_.options.max_said)
    return then(error(ErrorCode::overloaded, "too much waits for the origin"));
  const auto ref = ++last_ref_;
  said_[ref] = {std::move(then), now + kSaidWithin};
  if (!link_->send(encode(Forward{ref, std::move(token), std::move(message)})))
    broken(error(ErrorCode::overloaded, "unsent"));
}

void Upstream::react(std::size_t reaction, std::uint64_t times) {
  if (reaction >= reactions_.size()) return;
  reactions_[reaction] = std::min(reactions_[reaction] + times, kMaxReactions);
}

void Upstream::send_report() {
  const auto here = env_.sinks.viewers(id_);
  bool sent = link_->send(encode(Ping{unix_us()}));
  if (sent && here != told_) {
    sent = link_->send(encode(here));
    told_ = here;
  }
  if (sent && std::ranges::any_of(reactions_, [](auto count) { return count != 0; })) {
    sent = link_->send(encode(Reactions{reactions_}));
    std::ranges::fill(reactions_, 0);
  }
  if (!sent) return broken(error(ErrorCode::overloaded, "unsent"));
  env_.sinks.tell(id_, std::max<std::int64_t>(0, total_.sockets - here.sockets),
                  clock_.offset_us());
}

void Upstream::expire(TimePoint now) {
  std::erase_if(waiters_, [&](Waiter& waiter) {
    if (waiter.until > now) return false;
    waiter.then(error(ErrorCode::unavailable, "the origin is out of reach"));
    return true;
  });
  if (greeting_ && greet_until_ <= now)
    end_greet(error(ErrorCode::timeout, "the origin did not answer"));
  std::erase_if(said_, [&](auto& said) {
    if (said.second.until > now) return false;
    said.second.then(error(ErrorCode::timeout, "the origin did not answer"));
    return true;
  });
}

std::optional<Upstream::Over> Upstream::tick(TimePoint now, TimePoint interest) {
  if (over_) return over_;
  expire(now);
  if (link_ && now - heard_ > env_.options.silent_for)
    broken(error(ErrorCode::timeout, "the origin is silent"));
  if (!link_ && now >= retry_at_) {
    env_.reconnects.Increment();
    connect(now);
  }
  if (ready_) send_report();
  if (!ready_ && cursor_.epoch() != 0 && now - lost_at_ > env_.options.stop_after)
    stop(env_.sinks.lost);
  if (env_.sinks.viewers(id_) != Viewers() || !waiters_.empty() || !said_.empty()) watched_ = now;
  if (now - std::max(interest, watched_) <= env_.options.idle) return std::nullopt;
  return Over{error(ErrorCode::unavailable, "nobody watches")};
}

}  // namespace troupe::api::relay
