#include "net/client/c_api/guard.hpp"

namespace troupe::c_api {

std::string& connect_error() {
  thread_local std::string text;
  return text;
}

troupe_status status_of(ErrorCode code) noexcept {
  switch (code) {
    case ErrorCode::invalid_argument:
      return TROUPE_INVALID_ARGUMENT;
    case ErrorCode::overloaded:
      return TROUPE_OVERLOADED;
    case ErrorCode::io:
      return TROUPE_IO;
    default:
      return TROUPE_INTERNAL;
  }
}

troupe_status fail(std::string& where, troupe_status status, const char* why) noexcept {
  try {
    where = why;
  } catch (...) {
    where.clear();
  }
  return status;
}

}  // namespace troupe::c_api
