#include "server/record_checks.hpp"

#include "actors/auction/campaign_store.hpp"
#include "actors/feed/feed_store.hpp"
#include "actors/fleet/fleet.hpp"
#include "actors/leaderboard/leaderboard_store.hpp"
#include "actors/live/live_store.hpp"
#include "actors/match/fairness/dossier.hpp"
#include "actors/match/match_store.hpp"
#include "actors/ratings/rating_store.hpp"
#include "actors/tournament/tournament_store.hpp"
#include "net/api/live/alerts.hpp"

namespace troupe::server {

storage::RecordChecks all_record_checks() {
  storage::RecordChecks checks;
  api::add_alert_record_checks(checks);
  auction::add_record_checks(checks);
  fairness::add_record_checks(checks);
  feed::add_record_checks(checks);
  fleet::add_record_checks(checks);
  leaderboard::add_record_checks(checks);
  live::add_record_checks(checks);
  match::add_record_checks(checks);
  ratings::add_record_checks(checks);
  tournament::add_record_checks(checks);
  return checks;
}

}  // namespace troupe::server
