#include "storage/backup.hpp"

#include <fstream>
#include <vector>

#include <fcntl.h>
#include <rocksdb/db.h>
#include <rocksdb/utilities/checkpoint.h>
#include <unistd.h>

#include "storage/store.hpp"

namespace troupe::storage {
namespace fs = std::filesystem;

namespace {

constexpr std::size_t kCopyBytes = 1U << 20;

Result<void> sync_path(const fs::path& path) {
  const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) return error(ErrorCode::io, "cannot open " + path.string());
  const bool ok = ::fsync(fd) == 0;
  ::close(fd);
  return ok ? Result<void>() : Result<void>(error(ErrorCode::io, "cannot sync " + path.string()));
}

Result<void> copy_file(const fs::path& from, const fs::path& to,
                       const std::function<void(std::size_t)>& copied) {
  std::ifstream in(from, std::ios::binary);
  std::ofstream out(to, std::ios::binary | std::ios::trunc);
  std::vector<char> buffer(kCopyBytes);
  while (in) {
    in.read(buffer.data(), static_cast<std::streamsize>(buffer.size()));
    out.write(buffer.data(), in.gcount());
    copied(static_cast<std::size_t>(in.gcount()));
  }
  out.close();
  if (!in.eof() || !out) return error(ErrorCode::io, "cannot copy " + from.string());
  return sync_path(to);
}

Result<void> copy_all(const fs::path& from, const fs::path& to, const CopyProgress& progress) {
  std::error_code ec;
  std::vector<fs::path> files;
  std::uint64_t total = 0, done = 0;
  for (const auto& entry : fs::directory_iterator(from, ec)) {
    if (!entry.is_regular_file() || entry.path().filename() == "LOCK") continue;
    files.push_back(entry.path());
    total += entry.file_size();
  }
  if (ec) return error(ErrorCode::not_found, from.string() + ": " + ec.message());
  fs::create_directories(to, ec);
  if (ec) return error(ErrorCode::io, to.string() + ": " + ec.message());
  for (const auto& file : files) {
    auto copied = copy_file(file, to / file.filename(), [&](std::size_t bytes) {
      done += bytes;
      if (progress) progress(done, total);
    });
    if (!copied.ok()) return copied;
  }
  return sync_path(to);
}

}  // namespace

Result<void> backup(const Store& store, const fs::path& to) {
  std::error_code ec;
  if (fs::exists(to, ec)) return error(ErrorCode::conflict, to.string() + " exists already");
  fs::create_directories(to.parent_path(), ec);
  rocksdb::Checkpoint* raw = nullptr;
  auto status = rocksdb::Checkpoint::Create(&store.db(), &raw);
  const std::unique_ptr<rocksdb::Checkpoint> checkpoint(raw);
  // 0: always flush the memtables, so that the copy needs no write-ahead log.
  if (status.ok()) status = checkpoint->CreateCheckpoint(to.string(), 0);
  if (!status.ok()) return error(ErrorCode::io, status.ToString());
  return {};
}

Result<void> restore(const fs::path& from, const fs::path& to, const CopyProgress& progress) {
  std::error_code ec;
  if (!fs::exists(from / "CURRENT", ec))
    return error(ErrorCode::not_found, from.string() + " holds no backup");
  if (fs::exists(to, ec)) return error(ErrorCode::conflict, to.string() + " exists already");
  const fs::path partial = to.string() + ".partial";
  fs::remove_all(partial, ec);
  if (auto copied = copy_all(from, partial, progress); !copied.ok()) return copied;
  {
    auto opened = Store::open({.path = partial, .read_only = true});
    if (!opened.ok()) return opened.error();
  }
  fs::rename(partial, to, ec);
  if (ec) return error(ErrorCode::io, to.string() + ": " + ec.message());
  return sync_path(to.parent_path().empty() ? fs::path(".") : to.parent_path());
}

}  // namespace troupe::storage
