#include "server/adjudicate.hpp"

#include <boost/json.hpp>
#include <fmt/format.h>

#include "actors/match/adjudicate.hpp"
#include "game/game.hpp"
#include "net/api/match_shots.hpp"

namespace troupe::server {
namespace {

namespace json = boost::json;

double units(const json::value& length) {
  return length.to_number<double>() / game::kUnit;
}

std::string place(const json::value& at) {
  return fmt::format("({:.2f}, {:.2f})", units(at.at("x")), units(at.at("y")));
}

std::string outcome(const json::object& other) {
  if (!other.at("on_line").as_bool()) return "missed";
  if (!other.at("wall").is_null())
    return fmt::format("behind wall {}", other.at("wall").to_number<int>());
  return "in the line";
}

std::string tell(const json::object& all) {
  const auto& shot = all.at("shot").as_object();
  std::string out = fmt::format(
      "match {}, tick {}: shot of slot {} ({})\n"
      "  from {} along aim {} ({:.1f} degrees) to {}\n"
      "  saw the others at tick {:.2f}, judged at {:.2f}: {:.2f} ticks back, {}\n",
      all.at("match").as_string().c_str(), all.at("tick").to_number<int>(),
      all.at("slot").to_number<int>(), all.at("player").as_string().c_str(), place(shot.at("from")),
      shot.at("aim").to_number<int>(), shot.at("aim").to_number<int>() * 360 / 256.0,
      place(shot.at("to")), shot.at("seen").to_number<double>(),
      shot.at("judged").to_number<double>(),
      all.at("tick").to_number<double>() - shot.at("judged").to_number<double>(),
      shot.at("clamp").as_string() == "none"
          ? std::string("as it claimed")
          : fmt::format("not what it claimed: {}", shot.at("clamp").as_string().c_str()));
  for (const auto& value : shot.at("others").as_array()) {
    const auto& other = value.as_object();
    out += fmt::format(
        "  slot {:>2}: then {}, now {}; {:.2f} units along the line, {:.2f} off it: {}\n",
        other.at("slot").to_number<int>(), place(other.at("then")), place(other.at("now")),
        units(other.at("distance")), units(other.at("off")), outcome(other));
  }
  const auto& hit = shot.at("hit");
  out += hit.is_null() ? std::string("  verdict: hits nobody\n")
                       : fmt::format("  verdict: hits slot {}\n", hit.to_number<int>());
  const bool same = all.at("as_logged").as_bool() && shot.at("same").as_bool();
  out += fmt::format("  state after the tick {} as played again, {} as logged: {}\n",
                     all.at("replayed_hash").as_string().c_str(),
                     all.at("logged_hash").as_string().c_str(),
                     same ? "this is what the match did" : "NOT what the match did");
  return out;
}

}  // namespace

Result<std::string> adjudicate(const storage::Store& store, const AdjudicateOptions& options) {
  const auto judged = match::adjudicate(store, options.match, options.tick, options.slot);
  if (!judged.ok()) return judged.error();
  const auto all = api::to_json(*judged);
  return options.json ? json::serialize(all) + "\n" : tell(all);
}

}  // namespace troupe::server
