#include "net/api/ratings_api.hpp"

#include <boost/json.hpp>

#include "actors/ratings/rating_store.hpp"
#include "actors/system/context.hpp"
#include "net/http/router.hpp"
#include "storage/read_pool.hpp"
#include "storage/store.hpp"

namespace troupe::api {
namespace {

namespace json = boost::json;
using http::Request;
using http::Responder;

json::object to_json(const ratings::StoredRating& stored) {
  const auto& rating = stored.rating;
  return {{"system", ratings::to_string(stored.system)},
          {"rating", rating.rating},
          {"deviation", rating.deviation},
          {"points", ratings::points(stored.system, rating)},
          {"matches", rating.matches},
          {"wins", rating.wins},
          {"updated_ms", rating.updated_ms}};
}

}  // namespace

void mount_ratings(http::Router& router, actors::Context& context) {
  router.add("GET", "/api/v1/ratings/{player}",
             [&context](const Request& request, const Responder& out) {
               auto posted = context.reads.post(
                   [out, player = request.params.at("player")](const storage::Store& store) {
                     const auto ratings = ratings::read_ratings(store, player);
                     if (!ratings.ok()) return out.send(ratings.error());
                     json::object modes;
                     for (const auto& [mode, rating] : *ratings) modes[mode] = to_json(rating);
                     out.send(http::json_response(
                         200, json::object{{"player", player}, {"modes", std::move(modes)}}));
                   });
               if (!posted.ok()) out.send(posted.error());
             });
}

}  // namespace troupe::api
