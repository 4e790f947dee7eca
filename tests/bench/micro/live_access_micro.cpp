// What each request of a viewer by link costs.
#include <string>

#include <benchmark/benchmark.h>

#include "actors/live/directory.hpp"
#include "base/metrics.hpp"
#include "net/api/live/access.hpp"

namespace {

using namespace troupe;

const std::string kSession = "01ARZ3NDEKTSV4RRFFQ69G5FAV";
constexpr std::uint64_t kFar = 4'102'444'800;

std::string link() {
  return api::LinkKeys::own(std::string(32, 'k'))
      .sign({"", kSession, kFar, "192.0.2.0/24", {}, "bob"});
}

/// A minute in segments of two seconds, the last three of them in parts of 200 ms.
std::string playlist() {
  std::string out = "#EXTM3U\n#EXT-X-MAP:URI=\"../../../video/init-1763740800000000.mp4\"\n";
  for (int segment = 0; segment < 30; ++segment) {
    const auto name = std::to_string(881'870'400 + segment);
    out += "#EXT-X-PROGRAM-DATE-TIME:2026-11-21T16:00:00.000Z\n";
    for (int part = 0; segment >= 27 && part < 10; ++part)
      out += "#EXT-X-PART:DURATION=0.20000,URI=\"../../../video/part-" + name + "." +
             std::to_string(part) + ".m4s\"\n";
    out += "#EXTINF:2.00000,\n../../../video/segment-" + name + ".m4s\n";
  }
  return out;
}

void BM_PlaylistByLink(benchmark::State& state) {
  const auto text = playlist(), by = link();
  for (auto _ : state) benchmark::DoNotOptimize(api::hls_with_link(text, by));
  state.counters["bytes"] = static_cast<double>(text.size());
}
BENCHMARK(BM_PlaylistByLink);

void BM_AccessByLink(benchmark::State& state) {
  Metrics metrics;
  live::Directory directory;
  live::Session session;
  session.id = kSession;
  session.viewing.access = live::ViewAccess::link;
  directory.set(session);
  const api::ViewGate gate{
      .directory = directory, .metrics = metrics, .keys = api::LinkKeys::own(std::string(32, 'k'))};
  const api::Visitor visitor{"192.0.2.7", {}, link()};
  for (auto _ : state)
    benchmark::DoNotOptimize(api::live_access(gate, visitor, kSession, api::Way::live));
}
BENCHMARK(BM_AccessByLink);

}  // namespace
