// A database of countries as the MaxMind DB File Format Specification (version 2.0,
// https://maxmind.github.io/MaxMind-DB/) has it, for tests.
#pragma once

#include <string>
#include <utility>
#include <vector>

namespace troupe::test {

/// Networks of IPv4 ("192.0.2.0/24") and IPv6, none inside another, with their countries; as
/// {"country": {"iso_code": CODE}}. The tree is one of IPv6, with IPv4 below ::/96.
[[nodiscard]] std::string country_file(
    const std::vector<std::pair<std::string, std::string>>& networks);

}  // namespace troupe::test
