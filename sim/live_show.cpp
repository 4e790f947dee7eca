#include "sim/live_show.hpp"

#include <chrono>
#include <thread>

#include <fmt/format.h>

#include "sim/dash_viewers.hpp"
#include "sim/flv_viewers.hpp"
#include "sim/hls_viewers.hpp"

namespace troupe::sim {
namespace {

/// What is wrong with what these viewers saw.
void judge(const std::string& who, std::size_t viewers, const ViewerTotals& totals,
           Section& section) {
  const auto failed = [&](std::uint64_t count, const char* what) {
    if (count > 0) section.failures.push_back(fmt::format("{}: {} {}", who, count, what));
  };
  failed(totals.corrupt, "malformed messages");
  failed(totals.gaps, "holes that no skip explains");
  if (totals.skipped == 0) failed(totals.jumps, "fragments that do not follow in time");
  if (totals.hellos < viewers) {
    section.failures.push_back(
        fmt::format("{}: only {} of {} viewers were let in", who, totals.hellos, viewers));
  }
  for (const auto& [reason, count] : totals.close_reasons) {
    section.failures.push_back(
        fmt::format("{}: {} viewers lost their connection ({})", who, count, reason));
  }
}

}  // namespace

Show::Show(const Endpoint& endpoint, std::vector<std::string> sessions,
           const LiveSimOptions& options)
    : endpoint_(endpoint),
      sessions_(std::move(sessions)),
      options_(options),
      crowd_(options.viewer_threads) {
  const auto add = [&](const char* name, int viewers, Watch how, int threads) {
    if (viewers > 0)
      houses_.push_back({name, viewers, how, std::make_unique<Audience>(threads), {}});
  };
  add("live", options.viewers, watch, options.viewer_threads);
  add("FLV", options.flv_viewers, watch_flv, 1);
  add("HLS", options.hls_viewers, watch_hls, 1);
  add("DASH", options.dash_viewers, watch_dash, 1);
  add("low-latency DASH", options.low_dash_viewers, watch_low_latency_dash, 1);
}

Result<void> Show::begin() {
  for (auto& house : houses_)
    if (auto filled = fill(house); !filled.ok()) return filled.error();
  return {};
}

Result<void> Show::fill(House& house) {
  for (int i = 0; i < house.viewers; ++i) {
    Tap tap;
    if (i < options_.decoders && house.watch != watch_flv) {  // which decodes CMAF
      auto decoder = Decoder::start();
      if (!decoder.ok()) return decoder.error();
      tap = [raw = decoder->get()](std::string_view message) { raw->feed(message); };
      house.decoders.push_back(std::move(*decoder));
    }
    house.audience->add(house.watch, endpoint_, session(house.audience->size()), std::move(tap));
  }
  return {};
}

void Show::go_on(double done) {
  if (done >= 1.0 / 3 && options_.misfits.all() > 0 && !misfits_)
    misfits_ = std::make_unique<Misfits>(endpoint_, sessions_.front(), options_.misfits);
  if (done >= 0.5 && options_.crowd > 0 && crowd_.size() == 0) gather();
}

std::uint64_t Show::bytes() {
  auto sum = crowd_.totals().bytes;
  for (auto& house : houses_) sum += house.audience->totals().bytes;
  return sum;
}

void Show::end(Section& section, double seconds) {
  const auto bytes = this->bytes();
  crowd_.stop();
  for (auto& house : houses_) house.audience->stop();
  auto& sockets = *houses_.front().audience;
  const auto viewers = sockets.totals();
  section.rows.push_back({"viewers", static_cast<double>(options_.viewers), ""});
  section.rows.push_back({"received", static_cast<double>(bytes) * 8 / 1e6 / seconds, "Mbit/s"});
  section.rows.push_back({"messages", static_cast<double>(viewers.messages) / seconds, "1/s"});
  section.rows.push_back({"skipped chunks", static_cast<double>(viewers.skipped), ""});
  section.latencies["added delay"] = viewers.delay;
  if (sessions_.size() > 1) {
    report_sessions(sockets, section, seconds);
  } else {
    judge("live", static_cast<std::size_t>(options_.viewers), viewers, section);
  }
  if (crowd_.size() > 0) report_crowd(viewers, section);
  for (auto house = houses_.begin() + 1; house != houses_.end(); ++house) report(*house, section);
  if (misfits_) {
    section.rows.push_back(
        {"misfits' connections", static_cast<double>(misfits_->connections()), ""});
    section.rows.push_back(
        {"of them turned away", static_cast<double>(misfits_->turned_away()), ""});
  }
  misfits_.reset();
}

void Show::end_decoders(Section& section, double seconds) {
  for (auto& house : houses_) {
    std::uint64_t frames = 0;
    for (const auto& decoder : house.decoders) {
      decoder->finish();
      frames += decoder->frames();
      if (const auto text = decoder->complaints(); !text.empty())
        section.failures.push_back(house.name + ": decoder: " + text);
      if (decoder->frames() == 0)
        section.failures.push_back(house.name + ": a viewer could decode nothing");
    }
    if (house.decoders.empty()) continue;
    const auto count = static_cast<double>(house.decoders.size());
    const auto who = house.name == "live" ? std::string() : house.name + ": ";
    section.rows.push_back({who + "decoding viewers", count, ""});
    section.rows.push_back(
        {who + "decoded pictures", static_cast<double>(frames) / seconds / count, "1/s each"});
  }
}

/// Returns once all of the crowd have begun to connect.
void Show::gather() {
  auto& sockets = *houses_.front().audience;
  before_ = sockets.totals();
  sockets.forget_delays();
  const auto began = std::chrono::steady_clock::now();
  for (int i = 0; i < options_.crowd; ++i) {
    std::this_thread::sleep_until(began + options_.crowd_within * i / options_.crowd);
    crowd_.add(watch, endpoint_, session(crowd_.size()));
  }
}

void Show::report(House& house, Section& section) {
  const auto totals = house.audience->totals();
  section.rows.push_back({house.name + " viewers", static_cast<double>(house.viewers), ""});
  if (totals.delay.count() > 0) section.latencies[house.name + ": received"] = totals.delay;
  section.latencies[house.name + ": first picture"] = totals.start;
  judge(house.name, static_cast<std::size_t>(house.viewers), totals, section);
}

void Show::report_crowd(const ViewerTotals& viewers, Section& section) {
  const auto crowd = crowd_.totals();
  section.rows.push_back({"crowd", static_cast<double>(options_.crowd), ""});
  section.rows.push_back({"crowd: first picture, longest", crowd.start.max(), "ms"});
  section.rows.push_back({"crowd: skipped chunks", static_cast<double>(crowd.skipped), ""});
  section.latencies["added delay"] = before_.delay;
  section.latencies["added delay beside the crowd"] = viewers.delay;
  section.latencies["crowd: first picture"] = crowd.start;
  judge("crowd", static_cast<std::size_t>(options_.crowd), crowd, section);
  if (crowd.start.max() > kPlayingWithinMs) {
    section.failures.push_back(
        fmt::format("crowd: somebody waited {:.0f} ms for a picture", crowd.start.max()));
  }
  if (viewers.skipped > before_.skipped) {
    section.failures.push_back(fmt::format("live: the crowd cost those who were there {} chunks",
                                           viewers.skipped - before_.skipped));
  }
}

/// Each session by itself: what its viewers got, and how late.
void Show::report_sessions(Audience& audience, Section& section, double seconds) {
  const auto all = audience.totals_by_session();
  const auto viewers = static_cast<std::size_t>(options_.viewers);
  for (std::size_t i = 0; i < sessions_.size(); ++i) {
    const auto own = viewers / sessions_.size() + (i < viewers % sessions_.size() ? 1 : 0);
    if (own == 0) continue;
    const auto who = fmt::format("session {}", i + 1);
    const auto& totals = all.at(sessions_[i]);
    const auto each =
        static_cast<double>(totals.bytes) * 8 / 1e6 / seconds / static_cast<double>(own);
    section.rows.push_back({who + ": received", each, "Mbit/s each"});
    section.rows.push_back({who + ": added delay, p99", totals.delay.quantile(0.99), "ms"});
    judge(who, own, totals, section);
  }
}

}  // namespace troupe::sim
