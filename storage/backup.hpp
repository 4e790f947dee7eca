// Backup and restore: consistent copies of the database, made while it is in use or at rest.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>

#include "base/result.hpp"

namespace troupe::storage {

class Store;

/// Called with the bytes copied so far and in all.
using CopyProgress = std::function<void(std::uint64_t done, std::uint64_t total)>;

/// Writes a consistent copy of `store` into `to`, which must not exist. On the same file system the
/// files are hard links, which takes milliseconds; what was acknowledged before the call is in it.
/// Blocks; any thread but an actor's. Errors: conflict (`to` exists), io.
Result<void> backup(const Store& store, const std::filesystem::path& to);

/// Copies a backup to `to`, which must not exist, syncs it, opens it and closes it again as a
/// check. `to` appears under its name only when it is whole. Errors: not_found, conflict, corrupt,
/// io.
Result<void> restore(const std::filesystem::path& from, const std::filesystem::path& to,
                     const CopyProgress& progress);

}  // namespace troupe::storage
