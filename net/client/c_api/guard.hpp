// What every function of the C API does with errors.
#pragma once

#include <exception>
#include <string>

#include "base/result.hpp"
#include "net/client/c_api/troupe_client.h"

namespace troupe::c_api {

/// Of this thread's last …_connect.
[[nodiscard]] std::string& connect_error();
[[nodiscard]] troupe_status status_of(ErrorCode code) noexcept;
/// Keeps `why` in `where` and returns `status`.
troupe_status fail(std::string& where, troupe_status status, const char* why) noexcept;

/// Runs `body`; what it throws, running out of memory above all, is an error as others.
template <class Body>
troupe_status guarded(std::string& where, const Body& body) noexcept {
  try {
    return body();
  } catch (const std::exception& e) {
    return fail(where, TROUPE_INTERNAL, e.what());
  } catch (...) {
    return fail(where, TROUPE_INTERNAL, "unknown");
  }
}

}  // namespace troupe::c_api
