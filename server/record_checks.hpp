// All kinds of record that the engine stores, for `troupe verify`.
#pragma once

#include "storage/verify.hpp"

namespace troupe::server {

[[nodiscard]] storage::RecordChecks all_record_checks();

}  // namespace troupe::server
