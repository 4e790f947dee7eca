#include "storage/verify.hpp"

#include <fmt/format.h>
#include <sodium.h>

#include "storage/journal.hpp"
#include "storage/records.hpp"
#include "storage/store.hpp"

namespace troupe::storage {
namespace {

constexpr std::size_t kMaxProblems = 100;
constexpr std::uint64_t kProgressEvery = 10'000;
constexpr std::size_t kShownKeyBytes = 24;

std::string shown(std::string_view key) {
  const auto part = key.substr(0, kShownKeyBytes);
  std::string hex(part.size() * 2 + 1, '\0');
  sodium_bin2hex(hex.data(), hex.size(), reinterpret_cast<const unsigned char*>(part.data()),
                 part.size());
  hex.pop_back();
  return hex + (key.size() > part.size() ? "…" : "");
}

/// The tag that KeyBuilder put first; empty for a key that does not begin with one.
std::string tag_of(std::string_view key) {
  const auto end = key.find(std::string_view("\0\x01", 2));
  return end == std::string_view::npos ? std::string() : std::string(key.substr(0, end));
}

struct Run {
  const Store& store;
  const RecordChecks& checks;
  const std::function<void(std::uint64_t)>& progress;
  VerifyReport report;
  std::uint64_t records = 0;
  std::uint64_t next_offset = 1;  ///< of the journal

  void problem(std::string text) {
    if (++report.problem_count <= kMaxProblems) report.problems.push_back(std::move(text));
  }

  void check(Family family, VerifyReport::FamilyCount& count, std::string_view key,
             std::string_view value) {
    ++count.records;
    count.bytes += key.size() + value.size();
    const auto* known = checks.find(family, key);
    if (known == nullptr || !(*known)(key, value)) {
      ++count.bad;
      problem(fmt::format("{}: the record at key {} {}", family_name(family), shown(key),
                          known == nullptr ? "is of an unknown kind" : "does not verify"));
    }
    if (family == Family::journal) check_gap(key);
    if (progress && ++records % kProgressEvery == 0) progress(records);
  }

  void check_gap(std::string_view key) {
    const auto offset = journal_offset(key);
    if (!offset) return;
    if (*offset < next_offset) {
      problem(
          fmt::format("journal: offset {} lies before the trimmed end {}", *offset, next_offset));
      return;
    }
    if (*offset > next_offset)
      problem(fmt::format("journal: offsets {} to {} are missing", next_offset, *offset - 1));
    next_offset = *offset + 1;
  }

  void check_cursors() {
    auto scanned = store.scan(
        Family::cursors, {}, {}, SIZE_MAX, [this](std::string_view key, std::string_view value) {
          const auto next = decode_cursor(value);
          if (next && *next > next_offset) {
            KeyReader reader(key, "c");
            problem(fmt::format("cursors: {} stands at {}, beyond the journal's end {}",
                                reader.text(), *next, next_offset));
          }
          return true;
        });
    if (!scanned.ok()) problem("cursors: " + scanned.error().detail);
  }
};

}  // namespace

RecordChecks::RecordChecks() {
  add(Family::idempotency, "i",
      [](auto, auto value) { return decode_remembered(value).has_value(); });
  add(Family::cursors, "c", [](auto, auto value) { return decode_cursor(value).has_value(); });
}

void RecordChecks::add(Family family, std::string_view tag, RecordCheck check) {
  checks_[{family, std::string(tag)}] = std::move(check);
}

const RecordCheck* RecordChecks::find(Family family, std::string_view key) const {
  // Two families have plain keys instead of tagged ones.
  static const RecordCheck event = [](std::string_view k, std::string_view v) {
    const auto offset = journal_offset(k);
    return offset && decode_event(*offset, v);
  };
  static const RecordCheck meta = [](auto, std::string_view v) {
    return decode_meta_number(v).has_value();
  };
  if (family == Family::journal) return &event;
  if (family == Family::meta) return &meta;
  const auto it = checks_.find({family, tag_of(key)});
  return it == checks_.end() ? nullptr : &it->second;
}

Result<VerifyReport> verify(const Store& store, const RecordChecks& checks,
                            const std::function<void(std::uint64_t)>& progress) {
  const auto begin = journal_begin(store);
  Run run{store, checks, progress, {}, 0, begin.ok() ? *begin : 1};
  if (!begin.ok()) run.problem("journal: " + begin.error().detail);
  for (int i = 0; i < kFamilyCount; ++i) {
    const auto family = static_cast<Family>(i);
    auto& count = run.report.families[std::string(family_name(family))];
    auto scanned =
        store.scan(family, {}, {}, SIZE_MAX, [&](std::string_view key, std::string_view value) {
          run.check(family, count, key, value);
          return true;
        });
    if (!scanned.ok())
      run.problem(fmt::format("{}: {}", family_name(family), scanned.error().detail));
  }
  run.check_cursors();
  return std::move(run.report);
}

}  // namespace troupe::storage
