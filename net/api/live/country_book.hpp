// Where addresses are: a database in MaxMind's format, read anew when its file changes.
#pragma once

#include <filesystem>
#include <memory>
#include <string>

#include "base/result.hpp"

namespace troupe {
class Metrics;
}

namespace troupe::api {

/// Thread-safe. The database is held in memory, so that its file may be replaced or written over at
/// any time; a thread looks every second whether it was. One that cannot be read then leaves the
/// old one in place.
class CountryBook {
 public:
  /// Errors: io, corrupt (no such database).
  static Result<std::shared_ptr<CountryBook>> open(std::filesystem::path file, Metrics& metrics);
  ~CountryBook();
  CountryBook(const CountryBook&) = delete;
  CountryBook& operator=(const CountryBook&) = delete;

  /// `country.iso_code` of the address, ISO 3166-1 alpha-2; empty: not known. Blocks on nothing.
  [[nodiscard]] std::string country(const std::string& address) const;

  struct Impl;

 private:
  explicit CountryBook(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace troupe::api
