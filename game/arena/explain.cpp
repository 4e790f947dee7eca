#include "game/arena/explain.hpp"

#include <string>
#include <string_view>

#include <fmt/format.h>

namespace troupe::game::arena {
namespace {

std::string_view name(Clamp clamp) {
  return clamp == Clamp::none ? "none" : clamp == Clamp::too_old ? "too_old" : "future";
}

std::string point(Point at) {
  return fmt::format(R"({{"x":{},"y":{}}})", at.x, at.y);
}

double ticks(Moment moment) {
  return static_cast<double>(moment.value) / kMomentsPerTick;
}

std::string row(const World& world, const Candidate& one) {
  const auto& now = world.players[one.slot];
  return fmt::format(
      R"({{"slot":{},"then":{},"now":{},"distance":{},"off":{},"on_line":{},"wall":{}}})", one.slot,
      point({one.then.x, one.then.y}), point({now.x, now.y}), one.distance, one.off, one.on_line,
      one.wall ? std::to_string(*one.wall) : "null");
}

std::string box(const Wall& w) {
  return fmt::format(R"({{"x0":{},"y0":{},"x1":{},"y1":{}}})", w.x0, w.y0, w.x1, w.y1);
}

}  // namespace

std::string explain(const World& world, const Verdict& verdict) {
  const auto& shot = verdict.shot;
  std::string others, boxes;
  for (const auto& one : candidates(world.history, verdict))
    others += (others.empty() ? "" : ",") + row(world, one);
  for (const auto& wall : walls()) boxes += (boxes.empty() ? "" : ",") + box(wall);
  const Point to{
      shot.from.x + sine(static_cast<std::uint8_t>(shot.aim + 64)) * (kHitscanRange / 1'024),
      shot.from.y + sine(shot.aim) * (kHitscanRange / 1'024)};
  return fmt::format(
      R"({{"aim":{},"from":{},"to":{},"seen":{},"judged":{},"clamp":"{}","hit":{},"distance":{},)"
      R"("off":{},"same":{},"others":[{}],"walls":[{}]}})",
      shot.aim, point(shot.from), point(to), ticks(verdict.seen), ticks(verdict.judged),
      name(verdict.clamp), verdict.hit ? std::to_string(*verdict.hit) : "null", verdict.distance,
      verdict.off, judge_shot(world.history, shot) == verdict, others, boxes);
}

}  // namespace troupe::game::arena
