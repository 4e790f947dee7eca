// FLV over real sockets, to players that read it, and to some that do not.
#include <cstdlib>
#include <fstream>

#include <gtest/gtest.h>

#include "sim/flv_reader.hpp"
#include "sim/http_client.hpp"
#include "tests/support/http_fixture.hpp"
#include "tests/support/live_viewing.hpp"
#include "tests/support/server_process.hpp"
#include "tests/support/temp_dir.hpp"

namespace troupe::test {
namespace {

using namespace std::chrono_literals;
namespace json = boost::json;
using sim::FlvTag;

/// Longer than a test: where a clip begins anew its sound does not follow on the last.
const Clip& clip() {
  static const Clip made = make_clip({.seconds = 12});
  return made;
}

std::string flv_path(const MadeSession& session) {
  return "/live/" + session.id + ".flv";
}

/// Answers 200 once the publication has reached the hubs.
void await_on_air(LiveServer& server, const MadeSession& session) {
  ASSERT_TRUE(eventually([&] {
    RawSocket socket(server.endpoint().http_port);
    socket.send(get(flv_path(session)));
    return socket.until("\r\n").starts_with("HTTP/1.1 200");
  }));
}

/// A viewer over HTTP.
class HttpViewer {
 public:
  HttpViewer(const LiveServer& server, const MadeSession& session, const std::string& query = {})
      : socket_(server.endpoint().http_port) {
    socket_.send(get(flv_path(session) + query));
    head_ = socket_.until("\r\n\r\n");
    const auto end = head_.find("\r\n\r\n");
    static_cast<void>(socket_.read(end + 4));
    head_.resize(end + 4);
  }
  [[nodiscard]] const std::string& head() const { return head_; }

  /// The tags that come next, until there are `count`.
  std::vector<FlvTag> tags(std::size_t count) {
    std::vector<FlvTag> out;
    while (out.size() < count) {
      const auto bytes = socket_.read(1'000);
      if (bytes.empty()) break;
      static_cast<void>(check_.take(bytes));
      auto more = reader_.feed(bytes);
      EXPECT_TRUE(more.ok()) << more.error().detail;
      if (!more.ok()) break;
      out.insert(out.end(), more->begin(), more->end());
    }
    return out;
  }
  [[nodiscard]] const sim::ViewerTotals& totals() const { return totals_; }
  bool closed() { return socket_.closed(); }

 private:
  RawSocket socket_;
  std::string head_;
  sim::FlvReader reader_;
  sim::ViewerTotals totals_;
  sim::FlvCheck check_{totals_};
};

sim::WsClient join_flv(const LiveServer& server, const MadeSession& session,
                       const std::string& query = {}) {
  return std::move(
      *sim::WsClient::connect("127.0.0.1", server.endpoint().http_port, flv_path(session) + query));
}

std::int64_t viewers_of(const LiveServer& server, const MadeSession& session) {
  sim::HttpClient http("127.0.0.1", server.endpoint().http_port);
  return http.get("/api/v1/live/" + session.id)->json().at("viewers").as_int64();
}

TEST(LiveFlvE2E, APlayerOverHttpGetsHeadersThenEverythingFromAKeyFrameOn) {
  LiveServer server;
  const auto session = make_session(server.endpoint());
  OnAir air(server, session, clip());
  await_on_air(server, session);

  HttpViewer viewer(server, session);
  const auto tags = viewer.tags(200);

  EXPECT_NE(viewer.head().find("Content-Type: video/x-flv"), std::string::npos) << viewer.head();
  EXPECT_NE(viewer.head().find("Access-Control-Allow-Origin: *"), std::string::npos);
  EXPECT_EQ(viewer.head().find("Content-Length"), std::string::npos);
  ASSERT_GE(tags.size(), 200U);
  EXPECT_EQ(tags[0].type, FlvTag::script);
  EXPECT_NE(tags[0].data.find("onMetaData"), std::string::npos);
  EXPECT_TRUE(tags[1].type == FlvTag::video && tags[1].header());
  EXPECT_TRUE(tags[2].type == FlvTag::audio && tags[2].header());
  EXPECT_TRUE(tags[3].key());
  EXPECT_EQ(viewer.totals().corrupt, 0U);
  EXPECT_EQ(viewer.totals().gaps, 0U);
}

TEST(LiveFlvE2E, APlayerOverWebSocketGetsTheSameInBinaryMessages) {
  LiveServer server(2);
  const auto session = make_session(server.endpoint());
  OnAir air(server, session, clip());
  await_on_air(server, session);
  auto viewer = join_flv(server, session);
  sim::ViewerTotals totals;
  sim::FlvCheck check(totals);

  EXPECT_TRUE(read_until(viewer, [&](const sim::WsMessage& message) {
    EXPECT_FALSE(message.text);
    return !check.take(message.bytes) || totals.messages >= 200;
  }));

  EXPECT_EQ(totals.hellos, 1U);
  EXPECT_EQ(totals.corrupt, 0U);
  EXPECT_EQ(totals.gaps, 0U);
}

TEST(LiveFlvE2E, LibavformatReadsItWithContinuousTimes) {
  LiveServer server;
  const auto session = make_session(server.endpoint());
  OnAir air(server, session, clip());
  await_on_air(server, session);
  const TempDir dir;
  const auto url =
      "http://127.0.0.1:" + std::to_string(server.endpoint().http_port) + flv_path(session);

  const auto command =
      "ffprobe -v error -probesize 200000 -read_intervals '%+#150' "
      "-show_entries packet=codec_type,dts_time -of csv=p=0 " +
      url + " > " + (dir / "packets") + " 2> " + (dir / "errors");
  ASSERT_EQ(std::system(command.c_str()), 0);

  std::ifstream errors(dir / "errors"), packets(dir / "packets");
  const std::string said((std::istreambuf_iterator<char>(errors)), {});
  EXPECT_EQ(said, "");
  std::map<std::string, double> last;
  int count = 0;
  for (std::string line; std::getline(packets, line); ++count) {
    const auto comma = line.find(',');
    const auto kind = line.substr(0, comma);
    const auto at = std::stod(line.substr(comma + 1));
    if (last.contains(kind)) {
      EXPECT_GT(at, last[kind]);
      EXPECT_LT(at - last[kind], kind == "video" ? 0.036 : 0.025);
    }
    last[kind] = at;
  }
  EXPECT_GE(count, 150);
  EXPECT_EQ(last.size(), 2U);
}

TEST(LiveFlvE2E, ItsViewersAreCountedAndLetGoWhenTheSessionEnds) {
  LiveServer server(2);
  const auto session = make_session(server.endpoint());
  OnAir air(server, session, clip());
  await_on_air(server, session);
  ASSERT_TRUE(eventually([&] { return viewers_of(server, session) == 0; }));
  HttpViewer http(server, session);
  auto socket = join_flv(server, session);
  {
    auto left = join_flv(server, session);
    EXPECT_TRUE(eventually([&] { return viewers_of(server, session) == 3; }));
  }
  EXPECT_TRUE(eventually([&] { return viewers_of(server, session) == 2; }));

  sim::HttpClient owner("127.0.0.1", server.endpoint().http_port, live_token("alice"));
  ASSERT_TRUE(owner.request("DELETE", "/api/v1/live/" + session.id)->ok());

  EXPECT_TRUE(http.closed());
  EXPECT_EQ(close_code_of(socket), 1000);
  EXPECT_TRUE(eventually(
      [&] { return server.metrics().find("troupe_live_flv_viewers 0") != std::string::npos; }));
}

TEST(LiveFlvE2E, AnEncoderThatComesBackGoesOnInTheSameResponse) {
  LiveServer server;
  const auto session = make_session(server.endpoint());
  auto air = std::make_unique<OnAir>(server, session, clip());
  await_on_air(server, session);
  HttpViewer viewer(server, session);
  ASSERT_GE(viewer.tags(60).size(), 60U);

  air.reset();
  air = std::make_unique<OnAir>(server, session, clip());

  EXPECT_GE(viewer.tags(200).size(), 200U);
  EXPECT_EQ(viewer.totals().corrupt, 0U) << "no second header, times do not run back";
  EXPECT_EQ(viewer.totals().hellos, 1U);
}

TEST(LiveFlvE2E, WhoDoesNotReadHarmsNobodyAndIsLetGoInTheEnd) {
  LiveServer server;
  const auto session = make_session(server.endpoint());
  OnAir air(server, session, clip());
  await_on_air(server, session);
  std::vector<RawSocket> stalled, dripping;
  for (int i = 0; i < 10; ++i) {
    for (auto* list : {&stalled, &dripping}) {
      list->emplace_back(server.endpoint().http_port);
      list->back().send(get(flv_path(session)));
    }
  }
  HttpViewer viewer(server, session);

  for (int i = 0; i < 5; ++i) {
    for (auto& socket : dripping) EXPECT_EQ(socket.read(1).size(), 1U);
    EXPECT_GE(viewer.tags(40).size(), 40U);
  }
  // Whoever talks into the stream is no player.
  stalled.front().send(std::string(1U << 20, 'x'));
  EXPECT_TRUE(stalled.front().closed());

  EXPECT_EQ(viewer.totals().gaps, 0U);
  sim::HttpClient owner("127.0.0.1", server.endpoint().http_port, live_token("alice"));
  ASSERT_TRUE(owner.request("DELETE", "/api/v1/live/" + session.id)->ok());
  EXPECT_TRUE(eventually(
      [&] { return server.metrics().find("troupe_live_flv_viewers 0") != std::string::npos; }));
}

TEST(LiveFlvE2E, WhatCannotBeWatchedIsRefusedInWords) {
  LiveServer server;
  const auto session = make_session(server.endpoint());
  sim::HttpClient http("127.0.0.1", server.endpoint().http_port);
  const auto status = [&](const std::string& target) { return http.get(target)->status; };

  EXPECT_EQ(status("/live/nonsense.flv"), 404);
  EXPECT_EQ(status("/live/00000000000000000000000000.flv"), 404);
  const auto idle = http.get(flv_path(session));
  EXPECT_EQ(idle->status, 503);
  EXPECT_TRUE(idle->headers.contains("retry-after") || idle->headers.contains("Retry-After"));
  {
    auto waiting = join_flv(server, session);
    EXPECT_EQ(close_code_of(waiting), 4010);
  }
  OnAir air(server, session, clip());
  await_on_air(server, session);
  EXPECT_EQ(status(flv_path(session) + "?rendition=360p"), 404);
  auto without = join_flv(server, session, "?rendition=360p");
  EXPECT_EQ(close_code_of(without), 4004);
  EXPECT_EQ(http.request("POST", flv_path(session), "{}")->status, 405);
  const auto head = http.request("HEAD", flv_path(session));
  EXPECT_TRUE(!head.ok() || head->status == 200);
}

TEST(LiveFlvE2E, CodecsThatPlayersOfFlvDoNotTakeAreRefused) {
  LiveServer server;
  const auto session = make_session(server.endpoint());
  auto publisher = std::move(*server.gateway().publish(session.id, session.key));
  auto tracks = clip().tracks;
  tracks[1].codecs = "opus";
  publisher->tracks(tracks);
  sim::HttpClient http("127.0.0.1", server.endpoint().http_port);

  EXPECT_TRUE(eventually([&] { return http.get(flv_path(session))->status == 406; }));
  auto viewer = join_flv(server, session);
  EXPECT_EQ(close_code_of(viewer), 4013);
}

TEST(LiveFlvE2E, ARenditionIsPlayedByWhoAsksForIt) {
  LiveServer server(1, {},
                    {.rungs = *media::parse_ladder("90p:100k"), .workers = 1, .max_lag = 20s});
  const auto session = make_session(server.endpoint());
  OnAir air(server, session, clip());
  const auto path = flv_path(session) + "?rendition=90p";
  ASSERT_TRUE(eventually([&] {
    RawSocket socket(server.endpoint().http_port);
    socket.send(get(path));
    return socket.until("\r\n").starts_with("HTTP/1.1 200");
  }));

  HttpViewer viewer(server, session, "?rendition=90p");
  const auto tags = viewer.tags(150);

  ASSERT_GE(tags.size(), 150U);
  // "height" and 90 as a double (AMF0).
  constexpr std::string_view kHeight("height\x00\x40\x56\x80\x00\x00\x00\x00\x00", 15);
  EXPECT_NE(tags[0].data.find(kHeight), std::string::npos);
  EXPECT_EQ(viewer.totals().corrupt, 0U);
  EXPECT_EQ(viewer.totals().gaps, 0U);
}

TEST(LiveFlvE2E, AnAccountsViewsAreCountedAsThoseOfWebSockets) {
  LiveServer server;
  const auto session = make_session(server.endpoint());
  OnAir air(server, session, clip());
  await_on_air(server, session);
  sim::HttpClient owner("127.0.0.1", server.endpoint().http_port, live_token("alice"));
  ASSERT_TRUE(owner
                  .request("PATCH", "/api/v1/live/" + session.id, R"({"views_per_account":1})",
                           {{"Content-Type", "application/json"}})
                  ->ok());
  const auto token = live_token("bob");
  const auto watch = [&](const std::string& query) {
    RawSocket socket(server.endpoint().http_port);
    socket.send(get(flv_path(session) + query, "Authorization: Bearer " + token + "\r\n"));
    return std::pair(socket.until("\r\n").substr(9, 3), std::move(socket));
  };

  auto first = watch("?view=tv");
  auto second = watch("?view=phone");
  auto again = watch("?view=tv");

  EXPECT_EQ(first.first, "200");
  EXPECT_EQ(second.first, "403");
  EXPECT_EQ(again.first, "200");
  EXPECT_TRUE(first.second.closed()) << "its view goes on over the other connection";
}

TEST(LiveFlvE2E, WhoMayNotWatchIsTurnedAwayAndWhoMayNotAnyMoreIsLetGo) {
  LiveServer server;
  const auto session = make_session(server.endpoint());
  OnAir air(server, session, clip());
  await_on_air(server, session);
  HttpViewer anonymous(server, session);
  auto unknown = join_flv(server, session);
  ASSERT_FALSE(anonymous.tags(10).empty());

  sim::HttpClient owner("127.0.0.1", server.endpoint().http_port, live_token("alice"));
  ASSERT_TRUE(owner
                  .request("PATCH", "/api/v1/live/" + session.id, R"({"access":"token"})",
                           {{"Content-Type", "application/json"}})
                  ->ok());

  EXPECT_TRUE(anonymous.closed());
  EXPECT_EQ(close_code_of(unknown), 4002);
  sim::HttpClient http("127.0.0.1", server.endpoint().http_port);
  EXPECT_EQ(http.get(flv_path(session))->status, 401);
  auto late = join_flv(server, session);
  EXPECT_EQ(close_code_of(late), 4002);
  RawSocket known(server.endpoint().http_port);
  known.send(get(flv_path(session), "Authorization: Bearer " + live_token("bob") + "\r\n"));
  EXPECT_TRUE(known.until("\r\n").starts_with("HTTP/1.1 200"));
}

}  // namespace
}  // namespace troupe::test
