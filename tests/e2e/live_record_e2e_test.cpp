// ffmpeg pushes over SRT to a real server; what is recorded survives its kill and decodes.
#include <filesystem>

#include <boost/json.hpp>
#include <gtest/gtest.h>

#include "tests/support/recorded_session.hpp"

namespace troupe::test {
namespace {

TEST(LiveRecordE2E, TheLastMinutesSurviveTheKillOfTheServerAndDecode) {
  ServerProcess server;
  auto http = server.client("alice");
  const auto made = http.post("/api/v1/live", boost::json::object{{"title", "recorded"}});
  ASSERT_TRUE(made.ok() && made->status == 201);
  const auto session = made->json();
  const auto id = std::string(session.at("id").as_string());
  EXPECT_EQ(http.get("/api/v1/live/" + id + "/recordings")->status, 404) << "nothing yet";
  {
    auto pushing = encoder(std::string(session.at("publish_url").as_string()));
    ASSERT_TRUE(eventually([&] { return recorded_seconds(http, id) > 6; })) << server.log();
  }

  server.kill();
  server.start();

  auto again = server.client("alice");
  const auto seconds = recorded_seconds(again, id);
  EXPECT_GT(seconds, 6);
  std::string complaints;
  const auto pictures =
      decoded_pictures("http://127.0.0.1:" + std::to_string(server.endpoint().http_port) +
                           "/api/v1/live/" + id + "/recordings/index.m3u8",
                       complaints);
  EXPECT_NEAR(pictures, seconds * 30, 3) << complaints;
  EXPECT_EQ(complaints, "");
}

TEST(LiveRecordE2E, WhatIsTurnedOffOnTheAirLeavesNoPicturesBehind) {
  ServerProcess server({"live.thumbnail_s=1", "http.access_log=false"});
  auto alice = server.client("alice");
  const auto made = alice.post("/api/v1/live", boost::json::object{{"title", "private"}})->json();
  const auto path = "/api/v1/live/" + std::string(made.at("id").as_string());
  const auto record = [&](const char* mode) {
    const auto body = boost::json::serialize(boost::json::object{{"record", mode}});
    EXPECT_EQ(alice.request("PATCH", path, body)->status, 200);
  };
  const auto kept = [&] {
    std::size_t pictures = 0;
    for (const auto& file :
         std::filesystem::recursive_directory_iterator(server.data_dir() + "/recordings"))
      pictures += file.path().extension() == ".jpg";
    return pictures;
  };
  const auto shown = [&] { return alice.get(path + "/thumbnails/latest.jpg")->body; };
  const auto two_more_are_shown = [&] {
    for (int i = 0; i < 2; ++i) {
      const auto last = shown();
      if (!eventually([&] { return shown() != last; })) return false;
    }
    return true;
  };
  auto pushing = encoder(std::string(made.at("publish_url").as_string()));
  ASSERT_TRUE(eventually([&] { return kept() > 0; })) << server.log();

  record("off");
  ASSERT_TRUE(two_more_are_shown());
  const auto until_then = kept();
  ASSERT_TRUE(two_more_are_shown());

  EXPECT_EQ(kept(), until_then);
  record("window");
  EXPECT_TRUE(eventually([&] { return kept() > until_then; }));
}

boost::json::object order(std::int64_t from_ms, std::int64_t to_ms) {
  return {{"from_ms", from_ms}, {"to_ms", to_ms}, {"title", "the best of it"}};
}

TEST(LiveClipE2E, AClipBeginsAtAKeyFrameDecodesAndOutlivesTheServer) {
  ServerProcess server;
  auto alice = server.client("alice");
  const Recorded recorded(server, alice, 6);
  const auto clips = "/api/v1/live/" + recorded.id + "/clips";
  const auto from_ms = recorded.from_ms + 2'500, to_ms = recorded.from_ms + 5'000;

  const auto ordered = alice.post(clips, order(from_ms, to_ms));

  ASSERT_EQ(ordered->status, 202) << ordered->body;
  const auto path = ordered->headers.at("location");
  boost::json::value clip;
  ASSERT_TRUE(eventually([&] {
    clip = alice.get(path)->json();
    return clip.at("state").as_string() == "ready";
  })) << boost::json::serialize(clip);
  const auto actual_from = clip.at("from_ms").to_number<std::int64_t>();
  EXPECT_LE(actual_from, from_ms);
  EXPECT_GT(actual_from, from_ms - 1'001) << "a key frame each second";
  EXPECT_NEAR(static_cast<double>(clip.at("to_ms").to_number<std::int64_t>()),
              static_cast<double>(to_ms), 35);
  server.kill();
  server.start();
  auto again = server.client("alice");
  EXPECT_EQ(again.get(clips)->json().at("items").as_array().size(), 1U);
  std::string complaints;
  const auto pictures = decoded_pictures(
      "http://127.0.0.1:" + std::to_string(server.endpoint().http_port) + path + "/clip.mp4",
      complaints);
  EXPECT_EQ(pictures, clip.at("pictures").to_number<int>());
  EXPECT_NEAR(pictures, static_cast<double>(to_ms - actual_from) * 30 / 1000, 2);
  EXPECT_EQ(complaints, "");
}

/// The clip that was ordered at `clips`, once it is ready.
boost::json::value made_clip(sim::HttpClient& http, const std::string& clips,
                             boost::json::object body) {
  const auto ordered = http.post(clips, body);
  EXPECT_EQ(ordered->status, 202) << ordered->body;
  boost::json::value clip;
  EXPECT_TRUE(eventually([&] {
    clip = http.get(ordered->headers.at("location"))->json();
    return clip.at("state").as_string() == "ready";
  })) << boost::json::serialize(clip);
  return clip;
}

TEST(LiveClipE2E, AnExactClipHasThePicturesOfItsTimeAndNoOthersAlsoOfAnAsset) {
  ServerProcess server({"live.record=whole", "http.access_log=false"});
  auto alice = server.client("alice");
  const Recorded recorded(server, alice, 5, {}, Shown::brightness);
  const auto origin = "http://127.0.0.1:" + std::to_string(server.endpoint().http_port);
  const auto session = "/api/v1/live/" + recorded.id;
  const auto all = brightness(origin + session + "/recordings/index.m3u8");
  ASSERT_GT(all.size(), 140U);
  const std::ptrdiff_t first = 47, last = 101;  // neither beside a key frame
  const auto at_ms = [&](std::ptrdiff_t picture) {
    return recorded.from_ms + 1 + picture * 1'000 / 30 + 10;  // while it is on
  };
  auto body = order(at_ms(first), at_ms(last + 1));
  body["exact"] = true;
  const auto expect_pictures = [&](const boost::json::value& clip) {
    const auto shown = brightness(origin + std::string(clip.at("path").as_string()));
    EXPECT_EQ(clip.at("pictures").to_number<std::ptrdiff_t>(), last - first + 1);
    ASSERT_EQ(std::ssize(shown), last - first + 1);
    for (std::size_t i = 0; i < shown.size(); ++i)
      EXPECT_NEAR(shown[i], all[static_cast<std::size_t>(first) + i], 3) << "picture " << i;
  };

  const auto clip = made_clip(alice, session + "/clips", body);

  EXPECT_TRUE(clip.at("exact").as_bool());
  expect_pictures(clip);
  EXPECT_NEAR(clip.at("from_ms").to_number<double>(),
              static_cast<double>(recorded.from_ms) + first * 1'000.0 / 30, 3);
  auto follows = order(at_ms(last + 1), at_ms(last + 20));
  follows["exact"] = true;
  const auto second = brightness(
      origin + std::string(made_clip(alice, session + "/clips", follows).at("path").as_string()));
  ASSERT_EQ(std::ssize(second), 19);
  EXPECT_NEAR(second[0], all[static_cast<std::size_t>(last) + 1], 3) << "none twice, none missing";
  std::string complaints;
  EXPECT_EQ(decoded_pictures(origin + std::string(clip.at("path").as_string()), complaints),
            last - first + 1);
  EXPECT_EQ(complaints, "");
  auto longest = order(recorded.from_ms, recorded.from_ms + 121'000);
  longest["exact"] = true;
  EXPECT_EQ(alice.post(session + "/clips", longest)->status, 413);

  const auto ended = alice.request("DELETE", session)->json();
  const auto asset = std::string(ended.at("asset_path").as_string());
  ASSERT_TRUE(eventually([&] { return alice.get(asset)->json().at("state") == "ready"; }));
  expect_pictures(made_clip(alice, asset + "/clips", body));
  EXPECT_EQ(server.client("mallory").post(asset + "/clips", body)->status, 403);
}

TEST(LiveClipE2E, AClipIsServedInRangesAndRefusedToOthers) {
  ServerProcess server;
  auto alice = server.client("alice"), mallory = server.client("mallory");
  const Recorded recorded(server, alice, 2);
  const auto clips = "/api/v1/live/" + recorded.id + "/clips";
  const auto status_of = [&](boost::json::value body) { return alice.post(clips, body)->status; };

  EXPECT_EQ(mallory.post(clips, order(recorded.from_ms, recorded.to_ms))->status, 403);
  EXPECT_EQ(status_of(order(recorded.to_ms, recorded.from_ms)), 400);
  EXPECT_EQ(status_of(order(1, 2)), 404) << "nothing is recorded of 1970";
  EXPECT_EQ(status_of(order(recorded.from_ms, recorded.from_ms + 3'600'000)), 413);
  EXPECT_EQ(status_of({{"from_ms", "now"}, {"to_ms", 5}}), 400);
  EXPECT_EQ(status_of({{"from_ms", 5}}), 400);
  EXPECT_EQ(alice.get(clips + "/01ARZ3NDEKTSV4RRFFQ69G5FAV")->status, 404);
  const auto ordered = alice.post(clips, order(recorded.from_ms, recorded.to_ms));
  ASSERT_EQ(ordered->status, 202) << ordered->body;
  const auto path = ordered->headers.at("location");
  ASSERT_TRUE(
      eventually([&] { return alice.get(path)->json().at("state").as_string() == "ready"; }));

  const auto whole = alice.get(path + "/clip.mp4");
  const auto part = alice.request("GET", path + "/clip.mp4", {}, {{"Range", "bytes=4-7"}});
  const auto tail = alice.request("GET", path + "/clip.mp4", {}, {{"Range", "bytes=-10"}});
  const auto beyond = alice.request("GET", path + "/clip.mp4", {}, {{"Range", "bytes=99999999-"}});
  const auto known =
      alice.request("GET", path + "/clip.mp4", {}, {{"If-None-Match", whole->headers.at("etag")}});

  EXPECT_EQ(whole->status, 200);
  EXPECT_EQ(part->status, 206);
  EXPECT_EQ(part->body, "ftyp");
  EXPECT_EQ(part->headers.at("content-range"), "bytes 4-7/" + std::to_string(whole->body.size()));
  EXPECT_EQ(tail->body, whole->body.substr(whole->body.size() - 10));
  EXPECT_EQ(beyond->status, 416);
  EXPECT_EQ(known->status, 304);
  EXPECT_EQ(mallory.request("DELETE", path)->status, 403);
  EXPECT_EQ(alice.request("DELETE", path)->status, 200);
  EXPECT_EQ(alice.get(path + "/clip.mp4")->status, 404);
}

}  // namespace
}  // namespace troupe::test
