// Inside of Batch, for Writer.
#pragma once

#include <vector>

#include <rocksdb/write_batch.h>

#include "storage/batch.hpp"

namespace rocksdb {
class ColumnFamilyHandle;
}

namespace troupe::storage {

/// Operations are kept until the writer knows the database's handles and the journal's next offset.
struct Batch::Impl {
  enum class Kind : std::uint8_t { put, erase, erase_range };
  struct Operation {
    Kind kind;
    Family family;
    std::string key;    ///< begin of a range
    std::string value;  ///< end of a range
  };
  std::vector<Operation> operations;
  std::vector<Event> events;
  std::size_t bytes = 0;
};

}  // namespace troupe::storage
