// Who may watch a session: what it asks of viewers, and from which countries. Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"

namespace troupe::live {

enum class ViewAccess : std::uint8_t {
  standard,  ///< as the server has it for all
  open,      ///< anybody
  token,     ///< whoever has a token, or a link
  link,      ///< whoever has a link
};
/// "public", "token", "link"; empty: standard.
[[nodiscard]] std::string_view to_string(ViewAccess access) noexcept;
/// Errors: invalid_argument.
[[nodiscard]] Result<ViewAccess> parse_view_access(std::string_view text);

/// Countries by ISO 3166-1 alpha-2.
struct Countries {
  enum class Rule : std::uint8_t { any, allow, deny };
  Rule rule = Rule::any;
  std::vector<std::string> codes;  ///< in upper case, ascending, each once

  /// Whether somebody in `code` may watch; empty: nobody knows where, then `unknown_may`.
  [[nodiscard]] bool admit(std::string_view code, bool unknown_may) const;

  friend bool operator==(const Countries&, const Countries&) = default;
};
/// In any order and case. Errors: invalid_argument (no such country; `allow` or `deny` without
/// any).
[[nodiscard]] Result<Countries> make_countries(Countries::Rule rule,
                                               std::vector<std::string> codes);

struct ViewRules {
  ViewAccess access = ViewAccess::standard;
  Countries countries;

  /// Whether nothing is asked beyond what the server asks for all.
  [[nodiscard]] bool standard() const {
    return access == ViewAccess::standard && countries.rule == Countries::Rule::any;
  }
  friend bool operator==(const ViewRules&, const ViewRules&) = default;
};

}  // namespace troupe::live
