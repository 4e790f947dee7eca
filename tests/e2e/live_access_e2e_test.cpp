// Who may watch, by each way there is, against a real server with a session on air.
#include <cstdio>
#include <fstream>
#include <optional>

#include <boost/json.hpp>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "sim/child_process.hpp"
#include "sim/http_client.hpp"
#include "tests/support/country_file.hpp"
#include "tests/support/server_process.hpp"
#include "tests/support/temp_dir.hpp"
#include "tests/support/ws_viewing.hpp"

namespace troupe::test {
namespace {

using namespace std::chrono_literals;
namespace json = boost::json;
using testing::HasSubstr;
using testing::Not;

constexpr const char* kKey = "000102030405060708090a0b0c0d0e0f";

/// All URIs of a playlist: lines, and those in quotes.
std::vector<std::string> uris_of(const std::string& playlist) {
  std::vector<std::string> out;
  for (std::size_t at = 0; at < playlist.size();) {
    const auto end = std::min(playlist.find('\n', at), playlist.size());
    const auto line = playlist.substr(at, end - at);
    at = end + 1;
    if (line.starts_with('#')) {
      const auto uri = line.find("URI=\"");
      if (uri != std::string::npos)
        out.push_back(line.substr(uri + 5, line.find('"', uri + 5) - uri - 5));
    } else if (!line.empty()) {
      out.push_back(line);
    }
  }
  return out;
}

class LiveAccessE2E : public testing::Test {
 protected:
  TempDir files;
  const std::string countries = write_countries();
  ServerProcess server{{"live.link_keys=k1:" + std::string(kKey), "live.thumbnail_s=1",
                        "http.trusted_proxies=127.0.0.1", "live.geo_database=" + countries}};
  sim::HttpClient alice = server.client("alice");
  sim::HttpClient nobody{"127.0.0.1", server.endpoint().http_port};
  const json::value session = alice.post("/api/v1/live", json::object{{"title", "x"}})->json();
  const std::string id{session.at("id").as_string()};
  const std::string api = "/api/v1/live/" + id, live = "/live/" + id;
  std::optional<sim::ChildProcess> encoder;

  [[nodiscard]] std::string write_countries() const {
    const auto file = files / "countries.mmdb";
    std::ofstream(file, std::ios::binary)
        << country_file({{"203.0.113.0/25", "NZ"}, {"203.0.113.128/25", "FR"}});
    return file;
  }
  void publish() {
    const auto at = server.endpoint();
    const auto url = "rtmp://127.0.0.1:" + std::to_string(at.rtmp_port) + "/live/" +
                     std::string(session.at("rtmp_stream_key").as_string());
    std::vector<std::string> argv{"ffmpeg", "-nostdin", "-loglevel", "error", "-re"};
    for (const auto* word : {"-f",       "lavfi",       "-i",      "testsrc2=size=320x180:rate=30",
                             "-f",       "lavfi",       "-i",      "sine",
                             "-c:v",     "libx264",     "-preset", "ultrafast",
                             "-tune",    "zerolatency", "-g",      "30",
                             "-pix_fmt", "yuv420p",     "-c:a",    "aac",
                             "-f",       "flv"})
      argv.emplace_back(word);
    argv.push_back(url);
    encoder.emplace(std::move(*sim::ChildProcess::start(argv, {.stderr_path = "-"})));
  }
  std::string link(json::object wish = {}) {
    if (!wish.contains("expires_in_s")) wish["expires_in_s"] = 3600;
    const auto reply = alice.post(api + "/links", wish);
    EXPECT_EQ(reply->status, 200) << reply->body;
    return std::string(reply->json().at("link").as_string());
  }
  void ask_for(const std::string& access) {
    const auto reply =
        alice.request("PATCH", api, json::serialize(json::object{{"access", access}}));
    ASSERT_EQ(reply->status, 200) << reply->body;
    ASSERT_EQ(reply->json().at("access"), json::string(access));
  }
  /// Asks until there is something; fails after 30 s.
  sim::HttpReply on_air(const std::string& target) {
    sim::HttpReply out;
    EXPECT_TRUE(eventually(
        [&] {
          auto reply = nobody.get(target);
          if (!reply.ok() || reply->status == 503 || reply->status == 404) return false;
          out = std::move(*reply);
          return true;
        },
        30))
        << target;
    return out;
  }
  std::string reason(const std::string& target) {
    const auto reply = nobody.get(target);
    return reply->status == 200 ? "" : std::string(reply->json().at("reason").as_string());
  }
  sim::WsClient watch(const std::string& query) {
    return std::move(
        *sim::WsClient::connect("127.0.0.1", server.endpoint().http_port, live + "/ws" + query));
  }
  /// "../../../video/x" of a media playlist, "v/…" of a multivariant one.
  [[nodiscard]] std::string resolve(const std::string& uri) const {
    return uri.starts_with("../../../") ? live + "/" + uri.substr(9) : live + "/" + uri;
  }
};

TEST_F(LiveAccessE2E, ASessionByLinkPlaysInEachWayByItsLinkAlone) {
  ask_for("link");
  publish();
  const auto with = "?link=" + link({{"viewer", "bob"}});

  const auto entry = on_air(live + "/index.m3u8" + with);
  ASSERT_EQ(entry.status, 200) << entry.body;
  const auto variants = uris_of(entry.body);
  ASSERT_FALSE(variants.empty());
  for (const auto& uri : variants) ASSERT_THAT(uri, HasSubstr(with));
  const auto media = on_air(resolve(variants.front()));
  for (const auto& uri : uris_of(media.body)) EXPECT_THAT(uri, HasSubstr(with)) << media.body;
  const auto next = on_air(resolve(variants.front()) + "&_HLS_skip=YES");
  EXPECT_EQ(next.status, 200);
  // All that is named can be had, and nothing of it without the link.
  std::size_t fetched = 0;
  for (const auto& uri : uris_of(media.body)) {
    if (!uri.starts_with("../../../")) continue;
    const auto file = nobody.get(resolve(uri));
    // A part that was hinted at may never come: a key frame began another segment.
    if (file->status == 404 && uri == uris_of(media.body).back()) continue;
    fetched += file->status == 200;
    if (file->status == 200) {
      EXPECT_THAT(file->headers.at("cache-control"), HasSubstr("public"));
    }
    EXPECT_EQ(reason(resolve(uri.substr(0, uri.find('?')))), "link_needed");
  }
  EXPECT_GE(fetched, 3U);

  for (const auto* name : {"/manifest.mpd", "/low-latency.mpd"}) {
    const auto led = on_air(live + name + with);
    ASSERT_EQ(led.status, 302);
    const auto to = led.headers.at("location");
    ASSERT_THAT(to, HasSubstr(with));
    const auto manifest = on_air(live + "/" + to);
    EXPECT_THAT(manifest.body, HasSubstr("-$Number$.m4s" + with + "\""));
    EXPECT_EQ(reason(live + "/" + to.substr(0, to.find('?'))), "link_needed");
  }
  EXPECT_EQ(on_air(api + "/thumbnails/latest.jpg" + with).status, 200);
  EXPECT_EQ(reason(api + "/thumbnails/latest.jpg"), "link_needed");
  const auto recorded = on_air(api + "/recordings/index.m3u8" + with);
  for (const auto& uri : uris_of(recorded.body)) EXPECT_THAT(uri, HasSubstr(with));
  EXPECT_EQ(reason(api + "/recordings/index.m3u8"), "link_needed");
  EXPECT_EQ(nobody.get(api + "/clips" + with)->status, 200);
  EXPECT_EQ(reason(api + "/clips"), "link_needed");
  EXPECT_EQ(reason(live + ".flv"), "link_needed");

  auto viewer = watch(with), stranger = watch("");
  EXPECT_EQ(fate(viewer), 0);
  EXPECT_EQ(fate(stranger), 4003);
  EXPECT_GE(server.metric("troupe_live_views_refused_total{reason=\"link_needed\"}"), 1);
}

TEST_F(LiveAccessE2E, FfmpegPlaysHlsDashAndFlvByNothingButTheLink) {
  ask_for("link");
  publish();
  const auto with = "?link=" + link();
  for (const std::string name : {"/index.m3u8", "/manifest.mpd", ".flv"}) {
    // A stream without end: by then the session is on air.
    if (name != ".flv") {
      ASSERT_LT(on_air(live + name + with).status, 400);
    }
    const auto url =
        "http://127.0.0.1:" + std::to_string(server.endpoint().http_port) + live + name + with;
    FILE* pipe =
        popen(("timeout 50 ffprobe -v error -count_frames -select_streams v:0 -read_intervals "
               "'%+#20' -show_entries stream=nb_read_frames -of csv=p=0 '" +
               url + "' 2>&1")
                  .c_str(),
              "r");
    char text[512] = {};
    const auto size = fread(text, 1, sizeof text - 1, pipe);
    pclose(pipe);
    EXPECT_GT(std::atoi(text), 0) << name << ": " << std::string(text, size);
  }
}

TEST_F(LiveAccessE2E, WhatIsWrongWithALinkIsToldApart) {
  ask_for("link");
  const auto index = live + "/index.m3u8?link=";
  const auto elsewhere = link({{"address", "203.0.113.0/24"}});

  EXPECT_EQ(reason(index + elsewhere), "link_address");
  EXPECT_EQ(
      nobody.request("GET", index + elsewhere, {}, {{"X-Forwarded-For", "203.0.113.9"}})->status,
      503)
      << "nobody publishes, but it may";
  EXPECT_EQ(reason(index + link({{"for", {"clips"}}})), "link_scope");
  auto changed = link();
  changed.back() = changed.back() == '0' ? '1' : '0';
  EXPECT_EQ(reason(index + changed), "link_signature");
  EXPECT_EQ(reason(index + "x"), "link_malformed");
  const auto refused = nobody.get(live + "/index.m3u8");
  EXPECT_EQ(refused->status, 403);
  EXPECT_EQ(refused->headers.at("content-type"), "application/problem+json");
}

TEST_F(LiveAccessE2E, AConnectionEndsWithItsLinkAndWithTheSessionsRule) {
  auto by_link = watch("?link=" + link({{"expires_in_s", 2}})), anybody = watch("");
  ASSERT_EQ(fate(by_link), 0);
  ASSERT_EQ(fate(anybody), 0);

  EXPECT_EQ(close_code_of(by_link), 4003) << "expired";
  ask_for("link");
  EXPECT_EQ(close_code_of(anybody), 4003);
}

TEST_F(LiveAccessE2E, LinksAreMadeByOwnersAndModeratorsAndViewsCountByTheirNames) {
  auto bob = server.client("bob");
  const json::object wish{{"expires_in_s", 60}, {"viewer", "carol"}};
  EXPECT_EQ(bob.post(api + "/links", wish)->status, 403);
  EXPECT_EQ(nobody.post(api + "/links", wish)->status, 401);
  for (const auto* body :
       {R"({})", R"({"expires_in_s":0})", R"({"expires_in_s":60,"viewer":"a b"})",
        R"({"expires_in_s":60,"address":"x"})", R"({"expires_in_s":60,"for":[]})",
        R"({"expires_in_s":60,"other":1})"})
    EXPECT_EQ(alice.request("POST", api + "/links", body)->status, 400) << body;
  ASSERT_EQ(alice.request("PATCH", api, R"({"views_per_account":1,"access":"link"})")->status, 200);

  const auto with = "?link=" + link(wish);
  auto first = watch(with), second = watch(with), other = watch("?link=" + link());
  EXPECT_EQ(fate(first) + fate(second), 4003) << "carol watches once";
  EXPECT_EQ(fate(other), 0) << "nobody knows who";
}

TEST_F(LiveAccessE2E, ASessionIsKeptToCountriesByTheAddressThatTheProxyTells) {
  const auto index = live + "/index.m3u8";
  const auto from = [&](const std::string& address) {
    return nobody.request("GET", index, {}, {{"X-Forwarded-For", address}});
  };
  EXPECT_EQ(alice.request("PATCH", api, R"({"countries":{"allow":["UK"]}})")->status, 400);
  EXPECT_EQ(alice.request("PATCH", api, R"({"countries":{"allow":["NZ"],"deny":[]}})")->status,
            400);
  auto anybody = watch("");
  ASSERT_EQ(fate(anybody), 0);

  const auto set = alice.request("PATCH", api, R"({"countries":{"allow":["nz"]}})");

  ASSERT_EQ(set->status, 200);
  EXPECT_EQ(json::serialize(set->json().at("countries")), R"({"allow":["NZ"]})");
  EXPECT_EQ(from("203.0.113.1")->status, 503) << "nobody publishes, but it may";
  const auto refused = from("203.0.113.200");
  EXPECT_EQ(refused->status, 451);
  EXPECT_EQ(refused->json().at("reason"), "country");
  EXPECT_EQ(from("203.0.113.1, 203.0.113.200")->status, 451) << "what a client wrote itself";
  EXPECT_EQ(from("192.0.2.1")->status, 451) << "nobody knows where";
  EXPECT_EQ(close_code_of(anybody), 4451) << "127.0.0.1 is nowhere";
  auto again = watch("");
  EXPECT_EQ(fate(again), 4451);

  ASSERT_EQ(alice.request("PATCH", api, R"({"countries":{"deny":["FR"]}})")->status, 200);
  EXPECT_EQ(from("203.0.113.1")->status, 503);
  EXPECT_EQ(from("203.0.113.200")->status, 451);
  const auto free = alice.request("PATCH", api, R"({"countries":null})");
  EXPECT_EQ(free->json().as_object().if_contains("countries"), nullptr);
  EXPECT_EQ(from("192.0.2.1")->status, 503);
}

TEST_F(LiveAccessE2E, RulesOutliveTheServerAndTheEndOfTheSession) {
  ask_for("link");
  const auto with = "?link=" + link();

  server.kill();
  server.start();
  auto again = server.client("alice");
  sim::HttpClient stranger("127.0.0.1", server.endpoint().http_port);

  EXPECT_EQ(stranger.get(live + "/index.m3u8")->status, 403);
  EXPECT_EQ(stranger.get(live + "/index.m3u8" + with)->status, 503)
      << "nobody publishes, but it may";
  ASSERT_EQ(again.request("DELETE", api)->status, 200);
  EXPECT_EQ(stranger.get(api + "/clips")->status, 403);
  EXPECT_EQ(stranger.get(api + "/clips" + with)->status, 200);
  server.kill();
  server.start();
  EXPECT_EQ(sim::HttpClient("127.0.0.1", server.endpoint().http_port).get(api + "/clips")->status,
            403);
}

TEST_F(LiveAccessE2E, ACueThatIsStillDueOutlivesAKilledServerAndComesWithTheNextPublication) {
  publish();
  ASSERT_LT(on_air(live + "/index.m3u8").status, 400);
  const auto now_ms = std::chrono::duration_cast<std::chrono::milliseconds>(
                          std::chrono::system_clock::now().time_since_epoch())
                          .count();
  const auto placed = alice.post(
      api + "/cues",
      json::object{{"scheme", "urn:x"}, {"payload", "goal"}, {"at_ms", now_ms + 50'000}});
  ASSERT_EQ(placed->status, 201) << placed->body;

  server.kill();
  encoder.reset();
  server.start();
  publish();
  auto viewer = watch("");

  json::value told;
  EXPECT_TRUE(eventually([&] {
    const auto message = viewer.receive(200ms);
    if (!message.ok() || !message->text) return false;
    const auto value = json::parse(message->bytes);
    if (value.at("type") != "cue") return false;
    told = value;
    return true;
  }));
  ASSERT_TRUE(told.is_object());
  EXPECT_EQ(told.at("number"), placed->json().at("number"));
  EXPECT_EQ(told.at("payload"), "goal");
  EXPECT_GT(told.at("epoch").to_number<std::uint64_t>(),
            placed->json().at("epoch").to_number<std::uint64_t>());
  // Due at the same moment, on another timeline.
  const auto due_us =
      told.at("epoch").to_number<std::int64_t>() + told.at("media_us").to_number<std::int64_t>();
  EXPECT_NEAR(static_cast<double>(due_us) / 1e6, static_cast<double>(now_ms + 50'000) / 1e3, 5);
}

}  // namespace
}  // namespace troupe::test
