// Static files of web/: read once at start, served from memory.
#pragma once

#include <filesystem>
#include <string>

#include "base/result.hpp"
#include "net/http/router.hpp"

namespace troupe::http {

/// Serves every regular file below `directory` at "/" + its relative path, `index.html` also at its
/// folder, with ETag, If-None-Match, a Content-Security-Policy and the type that the ending says.
/// Nothing outside `directory` and nothing that was not there at start can be reached. Returns the
/// number of files. Errors: io; too_large (over 32 MiB in all).
Result<std::size_t> mount_static_files(Router& router, const std::filesystem::path& directory);

}  // namespace troupe::http
