#include <boost/json.hpp>
#include <gtest/gtest.h>

#include "sim/report.hpp"

namespace troupe::sim {
namespace {

Report example() {
  Section section;
  section.title = "ads";
  section.rows = {{"auctions", 1234, ""}, {"<b>rate</b>", 20.5, "/s"}};
  for (int i = 1; i <= 100; ++i) section.latencies["auction"].record(i);
  section.series.push_back({"auctions", "/s", {{0, 1}, {1, 5}, {2, 3}}});
  return Report{"A run", "troupe-sim ads", "2026-01-01T00:00:00Z", 60, {section}};
}

TEST(Report, JsonCarriesRowsPercentilesAndSeries) {
  const auto json = example().json();

  const auto& section = json.at("sections").at(0);
  EXPECT_TRUE(json.at("ok").as_bool());
  EXPECT_EQ(section.at("rows").at("auctions").at("value").as_double(), 1234);
  EXPECT_NEAR(section.at("latencies").at("auction").at("p99_ms").as_double(), 99, 99.0 / 64);
  EXPECT_EQ(section.at("series").at("auctions").at("points").as_array().size(), 3U);
}

TEST(Report, HtmlStandsAloneAndEscapesNames) {
  const auto html = example().html();

  EXPECT_EQ(html.find("http://"), std::string::npos);
  EXPECT_EQ(html.find("https://"), std::string::npos);
  EXPECT_EQ(html.find("<script"), std::string::npos);
  EXPECT_EQ(html.find("<b>rate"), std::string::npos);
  EXPECT_NE(html.find("&lt;b&gt;rate"), std::string::npos);
  EXPECT_NE(html.find("<polyline"), std::string::npos);
}

TEST(Report, AFailureInOneSectionFailsTheRun) {
  auto report = example();
  report.sections[0].failures.push_back("a viewer skipped");

  EXPECT_FALSE(report.ok());
  EXPECT_NE(report.table().find("FAILED: a viewer skipped"), std::string::npos);
}

}  // namespace
}  // namespace troupe::sim
