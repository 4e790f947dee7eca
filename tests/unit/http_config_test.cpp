#include <fstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "server/config.hpp"
#include "server/open_files.hpp"
#include "tests/support/temp_dir.hpp"

namespace troupe::server {
namespace {

using testing::HasSubstr;

Result<Config> load_text(const std::string& text,
                         const std::map<std::string, std::string>& environment = {}) {
  const test::TempDir dir;
  std::ofstream(dir / "troupe.toml") << text;
  return load_config(dir / "troupe.toml", environment);
}

std::string refusal(const std::string& text,
                    const std::map<std::string, std::string>& environment = {}) {
  const auto config = load_text(text, environment);
  if (config.ok()) return "accepted";
  EXPECT_EQ(config.code(), ErrorCode::invalid_argument);
  return config.error().detail;
}

TEST(Config, TheDefaultsSurviveToToml) {
  const auto text = to_toml(Config{});
  const auto again = load_text(text);
  ASSERT_TRUE(again.ok()) << again.error().detail;
  EXPECT_EQ(to_toml(*again), text);
}

TEST(Config, AnyTextSurvivesToToml) {
  Config config;
  config.data_dir = "a \"quoted\" \\ path\twith\nlines é";
  config.http_rate_per_second = 0.125;
  const auto again = load_text(to_toml(config));
  ASSERT_TRUE(again.ok()) << again.error().detail;
  EXPECT_EQ(again->data_dir, config.data_dir);
  EXPECT_EQ(again->http_rate_per_second, 0.125);
}

TEST(Config, SecretsAreNotShown) {
  Config config;
  config.live_link_keys = "k1:6b6579206f6e65206b6579206f6e6521";

  const auto text = to_toml(config);

  EXPECT_THAT(text, Not(HasSubstr("6b6579")));
  EXPECT_THAT(text, HasSubstr("# link_keys is set, and not shown\n"));
  EXPECT_TRUE(load_text(text).ok());
}

TEST(Config, EachSettingIsDocumentedOnce) {
  std::set<std::string> keys;
  for (const auto& setting : settings()) {
    EXPECT_TRUE(keys.insert(setting.key).second) << setting.key;
    EXPECT_FALSE(setting.help.empty()) << setting.key;
  }
}

TEST(Config, AnUnknownKeyIsRefusedWithItsLineAndTheNearestOne) {
  EXPECT_THAT(refusal("data_dir = \"x\"\n[http]\nprot = 1\n"),
              AllOf(HasSubstr("line 3"), HasSubstr("'http.prot'"), HasSubstr("'http.port'")));
  EXPECT_THAT(refusal("[match]\n[match.tick]\nhz = 1\n"), HasSubstr("match.tick"));
  EXPECT_THAT(refusal("", {{"TROUPE_HTTP_PROT", "1"}}), HasSubstr("TROUPE_HTTP_PORT"));
}

TEST(Config, ValuesOutsideTheirRangeAreRefused) {
  EXPECT_THAT(refusal("[http]\nport = 65536\n"),
              AllOf(HasSubstr("line 2"), HasSubstr("between 0 and 65535")));
  EXPECT_THAT(refusal("[match]\ntick_hz = 0\n"), HasSubstr("between 1 and 120"));
  EXPECT_THAT(refusal("[log]\nlevel = \"loud\"\n"), HasSubstr("one of trace, debug"));
  for (const char* rate : {"-1.0", "nan", "inf"}) {
    EXPECT_THAT(refusal(std::string("[http]\nrate_per_second = ") + rate + "\n"),
                HasSubstr("rate_per_second"))
        << rate;
  }
}

TEST(Config, TypesAreNotConverted) {
  EXPECT_THAT(refusal("[http]\nport = \"80\"\n"), HasSubstr("wrong type"));
  EXPECT_THAT(refusal("[http]\naddress = 1\n"), HasSubstr("wrong type"));
  EXPECT_THAT(refusal("[http]\nport = 80.5\n"), HasSubstr("not a whole number"));
  EXPECT_THAT(refusal("[http]\naccess_log = 1\n"), HasSubstr("true or false"));
  EXPECT_THAT(refusal("http = 1\n"), HasSubstr("unknown key"));
}

TEST(Config, BrokenTomlNamesItsLine) {
  EXPECT_THAT(refusal("[http]\nport = = 1\n"), HasSubstr("line 2"));
}

TEST(Config, TheEnvironmentGoesOverTheFile) {
  const auto config = load_text(
      "[http]\nport = 1\naddress = \"::1\"\n",
      {{"TROUPE_HTTP_PORT", "2"}, {"TROUPE_MATCH_ENABLED", "false"}, {"TROUPE_PRESET", "x"}});
  ASSERT_TRUE(config.ok()) << config.error().detail;
  EXPECT_EQ(config->http_port, 2);
  EXPECT_EQ(config->http_address, "::1");
  EXPECT_FALSE(config->match_enabled);
  EXPECT_THAT(refusal("", {{"TROUPE_HTTP_PORT", "2x"}}), HasSubstr("TROUPE_HTTP_PORT"));
}

TEST(Config, WhatGoesTogetherIsChecked) {
  EXPECT_THAT(refusal("[http]\ntls_certificate = \"a\"\n"), HasSubstr("go together"));
  EXPECT_THAT(refusal("[auth]\nalgorithm = \"ES256\"\n"), HasSubstr("auth.key_file"));
}

TEST(OpenFiles, AreNeededForAllConnectionsThatAreConfigured) {
  Config config;
  const auto usual = open_files_needed(config);
  config.http_max_connections += 5'000;
  config.rtmp_max_connections += 100;

  EXPECT_EQ(open_files_needed(config), usual + 5'100);
}

}  // namespace
}  // namespace troupe::server
