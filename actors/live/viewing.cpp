#include "actors/live/viewing.hpp"

#include <algorithm>

namespace troupe::live {
namespace {

/// ISO 3166-1 as of 2025, and XK, which MaxMind's databases have for Kosovo.
constexpr std::string_view kCountries =
    "AD AE AF AG AI AL AM AO AQ AR AS AT AU AW AX AZ BA BB BD BE BF BG BH BI BJ BL BM BN BO BQ BR "
    "BS BT BV BW BY BZ CA CC CD CF CG CH CI CK CL CM CN CO CR CU CV CW CX CY CZ DE DJ DK DM DO DZ "
    "EC EE EG EH ER ES ET FI FJ FK FM FO FR GA GB GD GE GF GG GH GI GL GM GN GP GQ GR GS GT GU GW "
    "GY HK HM HN HR HT HU ID IE IL IM IN IO IQ IR IS IT JE JM JO JP KE KG KH KI KM KN KP KR KW KY "
    "KZ LA LB LC LI LK LR LS LT LU LV LY MA MC MD ME MF MG MH MK ML MM MN MO MP MQ MR MS MT MU MV "
    "MW MX MY MZ NA NC NE NF NG NI NL NO NP NR NU NZ OM PA PE PF PG PH PK PL PM PN PR PS PT PW PY "
    "QA RE RO RS RU RW SA SB SC SD SE SG SH SI SJ SK SL SM SN SO SR SS ST SV SX SY SZ TC TD TF TG "
    "TH TJ TK TL TM TN TO TR TT TV TW TZ UA UG UM US UY UZ VA VC VE VG VI VN VU WF WS XK YE YT ZA "
    "ZM ZW";

bool is_country(std::string_view code) {
  return code.size() == 2 && code.find(' ') == std::string_view::npos &&
         kCountries.find(code) != std::string_view::npos;
}

}  // namespace

std::string_view to_string(ViewAccess access) noexcept {
  switch (access) {
    case ViewAccess::standard:
      return "";
    case ViewAccess::open:
      return "public";
    case ViewAccess::token:
      return "token";
    case ViewAccess::link:
      return "link";
  }
  return "";
}

Result<ViewAccess> parse_view_access(std::string_view text) {
  for (const auto access : {ViewAccess::open, ViewAccess::token, ViewAccess::link})
    if (text == to_string(access)) return access;
  return error(ErrorCode::invalid_argument, "access: public, token, link or null");
}

bool Countries::admit(std::string_view code, bool unknown_may) const {
  if (rule == Rule::any) return true;
  if (code.empty()) return unknown_may;
  return std::ranges::binary_search(codes, code) == (rule == Rule::allow);
}

Result<Countries> make_countries(Countries::Rule rule, std::vector<std::string> codes) {
  if (rule == Countries::Rule::any || codes.empty())
    return error(ErrorCode::invalid_argument, "countries: at least one");
  for (auto& code : codes) {
    std::ranges::transform(code, code.begin(), [](char c) {
      return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
    });
    if (!is_country(code))
      return error(ErrorCode::invalid_argument,
                   "countries: two letters each, as ISO 3166-1 has them");
  }
  std::ranges::sort(codes);
  codes.erase(std::unique(codes.begin(), codes.end()), codes.end());
  return Countries{rule, std::move(codes)};
}

}  // namespace troupe::live
