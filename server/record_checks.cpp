#include "server/record_checks.hpp"

namespace troupe::server {

storage::RecordChecks all_record_checks() {
  storage::RecordChecks checks;
  return checks;
}

}  // namespace troupe::server
