// Live sessions become assets: ffmpeg publishes, the session ends, what is there plays, also when
// the server is killed on the way.
#include <chrono>
#include <filesystem>
#include <random>
#include <thread>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "actors/live/live_store.hpp"
#include "base/metrics.hpp"
#include "storage/store.hpp"
#include "storage/writer.hpp"
#include "tests/support/captioned_clip.hpp"
#include "tests/support/hls_rules.hpp"
#include "tests/support/recorded_session.hpp"

namespace troupe::test {
namespace {

namespace json = boost::json;
using testing::HasSubstr;

std::string root(const ServerProcess& server) {
  return "http://127.0.0.1:" + std::to_string(server.endpoint().http_port);
}

json::value asset_of(sim::HttpClient& http, const std::string& path) {
  const auto reply = http.get(path);
  return reply.ok() && reply->status == 200 ? reply->json() : json::value();
}

bool is_ready(const json::value& asset) {
  return asset.is_object() && asset.at("state").as_string() == "ready";
}

/// The asset at `path` once it is ready.
json::value ready_asset(ServerProcess& server, sim::HttpClient& http, const std::string& path) {
  json::value asset;
  EXPECT_TRUE(eventually([&] {
    asset = asset_of(http, path);
    return is_ready(asset);
  })) << json::serialize(asset)
      << server.log();
  return asset;
}

std::string text_at(const json::value& object, std::string_view member) {
  return std::string(object.at(member).as_string());
}

/// Ends the session; the path of the asset that it becomes.
std::string end_session(sim::HttpClient& http, const std::string& id) {
  const auto ended = http.request("DELETE", "/api/v1/live/" + id);
  EXPECT_EQ(ended->status, 200) << ended->body;
  return text_at(ended->json(), "asset_path");
}

sim::HttpReply patch(sim::HttpClient& http, const std::string& path, const json::object& body) {
  return *http.request("PATCH", path, json::serialize(body));
}

TEST(LiveAssetE2E, AWholeSessionOfTwoPublicationsBecomesAnAssetThatPlaysInHlsAndDash) {
  ServerProcess server({"live.thumbnail_s=1", "http.access_log=false"});
  auto alice = server.client("alice");
  Recorded recorded(server, alice, 4, "whole");
  recorded.publish(server, alice, 7);

  const auto asset = ready_asset(server, alice, end_session(alice, recorded.id));

  const auto seconds = asset.at("seconds").to_number<double>();
  EXPECT_GT(seconds, 7);
  EXPECT_EQ(asset.at("publications").to_number<int>(), 2);
  EXPECT_EQ(asset.at("width").to_number<int>(), 320);
  EXPECT_TRUE(asset.at("complete").as_bool());
  std::string complaints;
  const auto pictures = decoded_pictures(root(server) + text_at(asset, "hls_path"), complaints);
  EXPECT_NEAR(pictures, seconds * 30, 12) << complaints;
  const auto manifest = alice.get(text_at(asset, "dash_path"))->body;
  EXPECT_THAT(manifest.substr(manifest.find("</Period>")), HasSubstr("<Period"));
  const auto first = decoded_pictures(root(server) + text_at(asset, "dash_path"), complaints);
  EXPECT_GT(first, 100) << "FFmpeg plays the first period alone" << complaints;
  const auto media = text_at(asset, "hls_path");
  const auto folder = media.substr(0, media.rfind('/') + 1);
  EXPECT_THAT(check_multivariant(alice.get(media)->body), testing::IsEmpty());
  const auto list = read_playlist(alice.get(folder + "video/index.m3u8")->body);
  EXPECT_THAT(list.objections, testing::IsEmpty());
  const auto segment = alice.get(folder + "video/" + list.segments.at(1).uri);
  EXPECT_EQ(segment->headers.at("cache-control"), "public, max-age=31536000, immutable");
  const auto known = alice.request("GET", folder + "video/" + list.segments.at(1).uri, {},
                                   {{"If-None-Match", segment->headers.at("etag")}});
  EXPECT_EQ(known->status, 304);
  const auto part = alice.request("GET", folder + "video/" + list.segments.at(1).uri, {},
                                  {{"Range", "bytes=4-7"}});
  EXPECT_EQ(part->status, 206);
  EXPECT_EQ(part->body, segment->body.substr(4, 4));
  const auto thumbnails = alice.get(text_at(asset, "thumbnails_path"))->body;
  const auto name = thumbnails.substr(thumbnails.find("thumb-"));
  const auto picture = alice.get(folder + name.substr(0, name.find('\n')));
  EXPECT_EQ(picture->status, 200);
  EXPECT_TRUE(picture->body.starts_with("\xFF\xD8")) << "a JPEG";
}

TEST(LiveAssetE2E, WhatItsOwnerMakesPrivateIsThereForNobodyElse) {
  ServerProcess server({"live.record=whole", "http.access_log=false"});
  auto alice = server.client("alice"), mallory = server.client("mallory");
  const Recorded recorded(server, alice, 1);
  const auto path = end_session(alice, recorded.id);
  const auto asset = ready_asset(server, alice, path);
  const auto hls = text_at(asset, "hls_path");
  const auto listed = [&](sim::HttpClient& http) {
    return http.get("/api/v1/assets")->json().at("items").as_array().size();
  };
  EXPECT_EQ(listed(mallory), 1U);
  const auto session = "/api/v1/live/" + recorded.id;
  EXPECT_EQ(text_at(alice.get(session)->json(), "asset_path"), path);
  EXPECT_FALSE(mallory.get(session)->json().as_object().contains("asset"))
      << "who finds it there would know of an unlisted one";

  EXPECT_EQ(patch(mallory, path, {{"title", "mine"}}).status, 403);
  EXPECT_EQ(patch(alice, path, {{"visibility", "sometimes"}}).status, 400);
  EXPECT_EQ(patch(alice, path, {{"title", ""}}).status, 400);
  EXPECT_EQ(patch(alice, path, {{"visibility", "unlisted"}, {"title", "Last night"}}).status, 200);
  EXPECT_EQ(listed(mallory), 0U);
  EXPECT_EQ(mallory.get(hls)->status, 200);
  EXPECT_EQ(patch(alice, path, {{"visibility", "private"}}).status, 200);
  EXPECT_EQ(mallory.get(path)->status, 404);
  EXPECT_EQ(mallory.get(hls)->status, 404);
  EXPECT_EQ(mallory.request("DELETE", path)->status, 404);
  EXPECT_EQ(listed(alice), 1U);
  EXPECT_THAT(alice.get(hls)->headers.at("cache-control"), HasSubstr("private"));
  EXPECT_EQ(text_at(asset_of(alice, path), "title"), "Last night");

  EXPECT_EQ(alice.request("DELETE", path)->status, 200);

  EXPECT_EQ(alice.get(path)->status, 404);
  EXPECT_EQ(alice.get(hls)->status, 404);
  EXPECT_TRUE(eventually([&] { return std::filesystem::is_empty(server.data_dir() + "/assets"); }))
      << "its files went too";
}

TEST(LiveAssetE2E, ClipsOfAnAssetAreThoseOfItsRulesAlone) {
  ServerProcess server({"live.record=whole", "http.access_log=false"});
  auto alice = server.client("alice");
  sim::HttpClient stranger("127.0.0.1", server.endpoint().http_port);
  const Recorded recorded(server, alice, 1);
  const auto asset = text_at(ready_asset(server, alice, end_session(alice, recorded.id)), "id");
  const auto made = [&](const std::string& clips) {
    const auto ordered =
        alice.post(clips, json::object{{"from_ms", recorded.from_ms}, {"to_ms", recorded.to_ms}});
    EXPECT_EQ(ordered->status, 202) << ordered->body;
    EXPECT_TRUE(
        eventually([&] { return is_ready(asset_of(alice, ordered->headers.at("location"))); }));
    return "/clips/" + text_at(ordered->json(), "id") + "/clip.mp4";
  };
  const auto of_assets = "/api/v1/assets/", of_sessions = "/api/v1/live/";
  const auto clip = made(of_assets + asset + "/clips");
  const auto status = [&](const std::string& path) { return stranger.get(path)->status; };
  EXPECT_EQ(status(of_assets + asset + clip), 200);

  ASSERT_EQ(patch(alice, of_assets + asset, {{"visibility", "private"}}).status, 200);

  for (const auto& rest : {std::string("/clips"), clip.substr(0, clip.rfind('/')), clip}) {
    EXPECT_EQ(status(of_assets + asset + rest), 404) << rest;
    EXPECT_EQ(status(of_sessions + asset + rest), 404) << rest;
    EXPECT_EQ(status(of_assets + recorded.id + rest), 404) << rest;
  }
  EXPECT_EQ(alice.get(of_assets + asset + clip)->status, 200);
  EXPECT_EQ(alice.get(of_sessions + asset + clip)->status, 404);
  EXPECT_EQ(status(of_sessions + recorded.id + "/clips"), 200) << "a session that ended has some";
}

TEST(LiveAssetE2E, AssetsAreMadeOnDemandAndListedByPages) {
  ServerProcess server;
  auto alice = server.client("alice"), mallory = server.client("mallory");
  const Recorded recorded(server, alice, 1);
  const auto assets = "/api/v1/live/" + recorded.id + "/assets";

  EXPECT_EQ(mallory.post(assets, json::object())->status, 403);
  std::vector<std::string> made;
  for (int i = 0; i < 3; ++i) {
    const auto reply = alice.post(assets, json::object());
    ASSERT_EQ(reply->status, 202) << reply->body;
    ready_asset(server, alice, reply->headers.at("location"));
    made.push_back(text_at(reply->json(), "id"));
  }

  const auto first = alice.get("/api/v1/assets?limit=2")->json();
  ASSERT_EQ(first.at("items").as_array().size(), 2U);
  EXPECT_EQ(text_at(first.at("items").as_array()[0], "id"), made[2]) << "newest first";
  const auto rest =
      alice.get("/api/v1/assets?limit=2&cursor=" + text_at(first, "next_cursor"))->json();
  ASSERT_EQ(rest.at("items").as_array().size(), 1U);
  EXPECT_EQ(text_at(rest.at("items").as_array()[0], "id"), made[0]);
  EXPECT_TRUE(rest.at("next_cursor").is_null());
  EXPECT_EQ(alice.get("/api/v1/assets?limit=0")->status, 400);
  const auto ended = alice.request("DELETE", "/api/v1/live/" + recorded.id);
  EXPECT_FALSE(ended->json().as_object().contains("asset")) << "a window does not become one";
}

TEST(LiveAssetE2E, HowMuchIsRecordedIsTheSessionsOwn) {
  ServerProcess server;
  auto alice = server.client("alice");
  const auto made = alice.post("/api/v1/live", json::object{{"title", "s"}})->json();
  const auto path = "/api/v1/live/" + text_at(made, "id");
  EXPECT_EQ(text_at(made, "record"), "window");

  EXPECT_EQ(patch(alice, path, {{"record", "all"}}).status, 400);
  EXPECT_EQ(text_at(patch(alice, path, {{"record", "whole"}}).json(), "record"), "whole");
}

TEST(LiveAssetE2E, NothingIsRecordedOfASessionThatIsOff) {
  ServerProcess server({"live.record=off"});
  auto alice = server.client("alice");
  const auto made = alice.post("/api/v1/live", json::object{{"title", "s"}})->json();
  const auto id = text_at(made, "id");
  {
    auto pushing = encoder(text_at(made, "publish_url"));
    ASSERT_TRUE(eventually([&] {
      const auto session = alice.get("/api/v1/live/" + id)->json();
      return session.as_object().contains("publisher");
    })) << server.log();
  }

  EXPECT_EQ(alice.get("/api/v1/live/" + id + "/recordings")->status, 404);
  EXPECT_EQ(alice.post("/api/v1/live/" + id + "/assets", json::object())->status, 404);
}

TEST(LiveAssetE2E, CaptionsOfASessionAreThoseOfItsAsset) {
  ServerProcess server({"live.record=whole", "http.access_log=false"});
  auto alice = server.client("alice");
  const auto made = alice.post("/api/v1/live", json::object{{"title", "s"}})->json();
  const auto clip = make_captioned_clip();
  std::string file = *clip.tracks.front().init;
  for (const auto& chunk : clip.chunks)
    if (chunk.track == clip.tracks.front().id) file += *chunk.bytes;
  const auto pushed =
      alice.request("POST", text_at(made, "ingest_path"), file, {{"Content-Type", "video/mp4"}});
  ASSERT_EQ(pushed->status, 200) << pushed->body;

  const auto asset = ready_asset(server, alice, end_session(alice, text_at(made, "id")));

  const auto captions = alice.get(text_at(asset, "captions_path"));
  EXPECT_THAT(captions->body, HasSubstr("HELLO WORLD"));
  const auto hls = text_at(asset, "hls_path");
  EXPECT_THAT(alice.get(hls)->body, HasSubstr("TYPE=SUBTITLES"));
  const auto folder = hls.substr(0, hls.rfind('/')) + "/captions/";
  const auto list = read_playlist(alice.get(folder + "index.m3u8")->body);
  EXPECT_THAT(list.objections, testing::IsEmpty());
  EXPECT_THAT(alice.get(folder + list.segments.at(0).uri)->body, HasSubstr("HELLO WORLD"));
}

TEST(LiveAssetE2E, ADamagedRecordKeepsNeitherTheServerNorOthersFromStarting) {
  ServerProcess server({"live.record=whole", "http.access_log=false"});
  auto alice = server.client("alice");
  const Recorded damaged(server, alice, 1), other(server, alice, 1);
  const auto path = "/api/v1/live/" + damaged.id + "/clips";
  const auto clip =
      alice.post(path, json::object{{"from_ms", damaged.from_ms}, {"to_ms", damaged.to_ms}});
  ASSERT_TRUE(eventually([&] { return is_ready(asset_of(alice, clip->headers.at("location"))); }));
  ASSERT_EQ(server.terminate(), 0);
  {
    Metrics metrics;
    const auto store = std::move(*storage::Store::open({.path = server.data_dir() + "/db"}));
    storage::Writer writer(*store, metrics);
    storage::Batch batch;
    batch.put(storage::Family::live, live::session_key(damaged.id), "not a session");
    ASSERT_TRUE(writer.submit(std::move(batch), [](const auto&) {}).ok());
    writer.flush();
  }

  server.start();

  auto again = server.client("alice");
  ready_asset(server, again, end_session(again, other.id));
  EXPECT_THAT(server.log(), HasSubstr(damaged.id));
  const auto kept = [&](const std::string& folder) {
    return std::filesystem::exists(server.data_dir() + folder + damaged.id);
  };
  EXPECT_TRUE(kept("/recordings/"));
  EXPECT_TRUE(kept("/clips/"));
}

TEST(LiveAssetE2E, AnEndThatWasAcknowledgedIsAnAssetWheneverTheServerIsKilled) {
  const auto seed = std::random_device{}();
  SCOPED_TRACE(seed);
  std::mt19937 random(seed);
  ServerProcess server({"live.record=whole", "http.access_log=false"});
  for (int round = 0; round < 2; ++round) {
    auto alice = server.client("alice");
    const Recorded recorded(server, alice, 1.5);
    const auto path = end_session(alice, recorded.id);
    std::this_thread::sleep_for(std::chrono::microseconds(random() % 8'000));

    server.kill();
    server.start();

    auto again = server.client("alice");
    const auto asset = ready_asset(server, again, path);
    const auto seconds = asset.at("seconds").to_number<double>();
    EXPECT_GT(seconds, 1.5);
    std::string complaints;
    EXPECT_NEAR(decoded_pictures(root(server) + text_at(asset, "hls_path"), complaints),
                seconds * 30, 3)
        << complaints;
    EXPECT_EQ(complaints, "");
  }
}

}  // namespace
}  // namespace troupe::test
