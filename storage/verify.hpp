// Verification: reads a whole data directory and checks every record.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "storage/keys.hpp"

namespace troupe::storage {

class Store;

/// Checks one record; false when its key or its value is not what it should be.
using RecordCheck = std::function<bool(std::string_view key, std::string_view value)>;

/// What is known about the records: by family and by the tag that KeyBuilder put first. Domains add
/// theirs.
class RecordChecks {
 public:
  RecordChecks();  ///< Knows the storage room's own records.
  void add(Family family, std::string_view tag, RecordCheck check);
  /// Nothing when the tag is unknown.
  [[nodiscard]] const RecordCheck* find(Family family, std::string_view key) const;

 private:
  std::map<std::pair<Family, std::string>, RecordCheck> checks_;
};

/// Verifies FlatBuffers root type `Record` (schemas/…_generated.h).
template <class Record, class Verifier>
bool is_record(std::string_view value) {
  Verifier verifier(reinterpret_cast<const std::uint8_t*>(value.data()), value.size());
  return verifier.template VerifyBuffer<Record>(nullptr);
}

struct VerifyReport {
  struct FamilyCount {
    std::uint64_t records = 0;
    std::uint64_t bytes = 0;
    std::uint64_t bad = 0;
  };
  std::map<std::string, FamilyCount> families;
  std::vector<std::string> problems;  ///< The first 100, each a sentence.
  std::uint64_t problem_count = 0;

  [[nodiscard]] bool ok() const noexcept { return problem_count == 0; }
};

/// Checks every record of every family, that the journal has no gap from its first untrimmed offset
/// on, and that no cursor is beyond its end. Checksums of RocksDB's blocks are verified on the way.
/// `progress` hears the records read so far. Errors: io.
Result<VerifyReport> verify(const Store& store, const RecordChecks& checks,
                            const std::function<void(std::uint64_t records)>& progress);

}  // namespace troupe::storage
