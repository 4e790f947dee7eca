// Origin and edge over real sockets: what viewers of an edge see, and what they cost the origin.
#include <set>

#include <boost/json.hpp>
#include <gtest/gtest.h>

#include "base/ids.hpp"
#include "net/api/relay/wire.hpp"
#include "sim/fragment.hpp"
#include "sim/hls_playlist.hpp"
#include "sim/http_client.hpp"
#include "tests/support/certificate.hpp"
#include "tests/support/live_viewing.hpp"
#include "tests/support/server_process.hpp"
#include "tests/support/temp_dir.hpp"

namespace troupe::test {
namespace {

using namespace std::chrono_literals;
namespace json = boost::json;

const Clip& clip() {
  static const Clip made = make_clip({});
  return made;
}

std::string url_of(LiveServer& server) {
  return "http://127.0.0.1:" + std::to_string(server.endpoint().http_port);
}

api::EdgeOptions edge_of(const std::string& origin) {
  api::EdgeOptions options;
  options.origin = origin;
  options.token = [] { return live_token("edge", "relay"); };
  return options;
}

LiveServer::Setup edge_setup(const std::string& origin, std::chrono::milliseconds idle = 10s) {
  LiveServer::Setup setup;
  setup.change = [origin, idle](api::LiveGatewayOptions& options) {
    options.edge = edge_of(origin);
    options.edge->idle = idle;
  };
  return setup;
}

double metric(const LiveServer& server, const std::string& name) {
  const auto text = server.metrics();
  const auto at = text.find("\n" + name + " ");
  return at == std::string::npos ? 0 : std::stod(text.substr(at + name.size() + 2));
}

std::int64_t viewers_of(LiveServer& server, const std::string& id) {
  sim::HttpClient http("127.0.0.1", server.endpoint().http_port);
  const auto reply = http.get("/api/v1/live/" + id);
  return reply.ok() && reply->status == 200 ? reply->json().at("viewers").to_number<std::int64_t>()
                                            : -1;
}

bool plays(sim::WsClient& viewer, int chunks = 20) {
  return read_until(viewer, [&](const auto& m) { return !m.text && --chunks == 0; });
}

/// The chunks of the next messages, init segments left out.
std::vector<std::string> chunks_of(sim::WsClient& viewer, std::size_t count) {
  std::vector<std::string> out;
  read_until(viewer, [&](const sim::WsMessage& message) {
    if (message.text) return false;
    const auto fragment = sim::parse_fragment(message.bytes);
    if (fragment.ok() && !fragment->init) out.push_back(message.bytes);
    return out.size() >= count;
  });
  return out;
}

class LiveEdgeE2E : public ::testing::Test {
 protected:
  LiveServer origin{LiveServer::Setup{}};
  const MadeSession session = make_session(origin.endpoint());
};

TEST_F(LiveEdgeE2E, FiftyViewersOfAnEdgeCostOneUpstreamAndGetTheOriginsBytes) {
  LiveServer edge(edge_setup(url_of(origin)));
  OnAir air(origin, session, clip());
  auto direct = join(origin, session.id);
  std::vector<sim::WsClient> sockets;
  for (int i = 0; i < 25; ++i) sockets.push_back(join(edge, session.id));
  sim::HttpClient http("127.0.0.1", edge.endpoint().http_port);
  std::string text;
  for (int i = 0; i < 25; ++i) {
    ASSERT_TRUE(eventually([&] {
      const auto reply = http.get("/live/" + session.id + "/index.m3u8");
      text = reply.ok() ? reply->body : "";
      return reply.ok() && reply->status == 200;
    }));
  }
  const auto variant = sim::parse_multivariant(text);
  ASSERT_TRUE(variant.ok()) << text;

  std::set<std::string> theirs;
  for (auto& chunk : chunks_of(direct, 200)) theirs.insert(std::move(chunk));
  for (auto& viewer : sockets) {
    const auto ours = chunks_of(viewer, 100);
    ASSERT_EQ(ours.size(), 100U);
    for (const auto& chunk : ours) EXPECT_TRUE(theirs.contains(chunk));
  }
  EXPECT_EQ(metric(edge, "troupe_live_upstream_sessions"), 1);
  EXPECT_EQ(metric(edge, "troupe_live_upstream_reconnects_total"), 0);
  EXPECT_GT(metric(edge, "troupe_live_upstream_bytes_total"), 10'000);
  EXPECT_TRUE(eventually([&] { return metric(origin, "troupe_live_relays") == 1; }));
  EXPECT_TRUE(eventually([&] { return viewers_of(origin, session.id) == 51; }))
      << viewers_of(origin, session.id);
  const auto playlist =
      http.get(sim::resolve("/live/" + session.id + "/index.m3u8", variant->video));
  ASSERT_TRUE(playlist.ok());
  const auto media = sim::parse_media(playlist->body);
  ASSERT_TRUE(media.ok()) << playlist->body;
  sim::HttpClient there("127.0.0.1", origin.endpoint().http_port);
  int whole = 0;
  for (const auto& [number, segment] : media->segments) {
    if (!segment.complete) continue;
    ++whole;
    const auto path = "/live/" + session.id + "/video/segment-" + std::to_string(number) + ".m4s";
    EXPECT_EQ(http.get(path)->body, there.get(path)->body) << path;
  }
  EXPECT_GE(whole, 1);
}

TEST_F(LiveEdgeE2E, AnOriginThatComesBackPlaysAgainForThoseWhoStayed) {
  TempDir dir;
  LiveServer::Setup setup;
  setup.data_dir = dir / "db";
  auto first = std::make_unique<LiveServer>(setup);
  const auto kept = make_session(first->endpoint());
  setup.port = first->endpoint().http_port;
  LiveServer edge(edge_setup(url_of(*first)));
  auto air = std::make_unique<OnAir>(*first, kept, clip());
  auto viewer = join(edge, kept.id);
  ASSERT_TRUE(plays(viewer));

  air.reset();
  first.reset();
  auto second = std::make_unique<LiveServer>(setup);
  OnAir again(*second, kept, clip());

  EXPECT_TRUE(read_until(viewer, [](const auto& m) { return is_type(m, "hello"); }))
      << "of the new publication";
  EXPECT_TRUE(plays(viewer));
  EXPECT_GE(metric(edge, "troupe_live_upstream_reconnects_total"), 1);
}

TEST_F(LiveEdgeE2E, ASessionThatNobodyWatchesIsLetGoAndComesBack) {
  LiveServer edge(edge_setup(url_of(origin), 500ms));
  OnAir air(origin, session, clip());
  {
    auto viewer = join(edge, session.id);
    ASSERT_TRUE(plays(viewer));
    EXPECT_TRUE(eventually([&] { return viewers_of(origin, session.id) == 1; }));
    ASSERT_TRUE(plays(viewer, 80)) << "for longer than it may be idle";
    EXPECT_EQ(metric(edge, "troupe_live_upstream_sessions"), 1);
  }

  EXPECT_TRUE(eventually([&] { return metric(edge, "troupe_live_upstream_sessions") == 0; }));
  EXPECT_TRUE(eventually([&] { return metric(origin, "troupe_live_relays") == 0; }));
  EXPECT_EQ(viewers_of(origin, session.id), 0);
  auto viewer = join(edge, session.id);
  EXPECT_TRUE(plays(viewer));
}

TEST_F(LiveEdgeE2E, WhatTheOriginDoesNotHaveTheEdgeDoesNot) {
  LiveServer edge(edge_setup(url_of(origin)));
  const std::string unknown = "01ARZ3NDEKTSV4RRFFQ69G5FAV";
  auto viewer = join(edge, unknown);
  sim::HttpClient http("127.0.0.1", edge.endpoint().http_port, live_token("alice"));
  sim::HttpClient there("127.0.0.1", origin.endpoint().http_port, live_token("alice"));

  EXPECT_EQ(close_code_of(viewer), 4004);
  EXPECT_EQ(http.get("/live/" + unknown + "/index.m3u8")->status, 404);
  EXPECT_EQ(http.get("/api/v1/live/" + unknown)->status, 404);
  EXPECT_EQ(http.get("/live/" + session.id + "/index.m3u8")->status, 503) << "nobody publishes";
  EXPECT_EQ(http.get("/api/v1/live/" + session.id)->json().at("origin").as_string(),
            url_of(origin));
  auto waiting = join(edge, session.id);
  EXPECT_TRUE(read_until(waiting, [](const auto& m) {
    return is_type(m, "hello") && json::parse(m.bytes).at("state").as_string() == "waiting";
  }));
  ASSERT_EQ(there.request("DELETE", "/api/v1/live/" + session.id)->status, 200);
  EXPECT_EQ(close_code_of(waiting), 1000);
  auto late = join(edge, session.id);
  EXPECT_EQ(close_code_of(late), 4005);
}

TEST_F(LiveEdgeE2E, ACircleOfOriginsIsRefused) {
  const std::string unknown = "01ARZ3NDEKTSV4RRFFQ69G5FAV";
  // Ports are known only once a server listens: the first points at one that comes after it.
  auto probe = std::make_unique<LiveServer>(LiveServer::Setup{});
  const auto port = probe->endpoint().http_port;
  probe.reset();
  LiveServer first(edge_setup("http://127.0.0.1:" + std::to_string(port)));
  auto setup = edge_setup(url_of(first));
  setup.port = port;
  LiveServer second(setup);

  auto viewer = join(first, unknown);
  EXPECT_EQ(close_code_of(viewer), 4013);
  sim::HttpClient http("127.0.0.1", port);
  const auto hls = http.get("/live/" + unknown + "/index.m3u8");
  EXPECT_NE(hls->body.find("circle"), std::string::npos) << hls->body;
  const auto shown = http.get("/api/v1/live/" + unknown);
  EXPECT_NE(shown->status, 200);
}

TEST_F(LiveEdgeE2E, WhichWayARequestCameIsNotForViewersToSay) {
  LiveServer edge(edge_setup(url_of(origin)));
  sim::HttpClient http("127.0.0.1", edge.endpoint().http_port, live_token("mallory"));
  std::string via;
  for (std::size_t i = 0; i < api::relay::kMaxHops; ++i) via += make_id_string() + ",";
  const auto status = [&](const std::string& target) {
    return http.request("GET", target, {}, {{"Troupe-Via", via}})->status;
  };

  EXPECT_EQ(status("/api/v1/live/" + session.id), 200);
  EXPECT_EQ(status("/live/" + session.id + "/index.m3u8"), 503) << "nobody publishes, but it may";
  auto viewer = join(edge, session.id);
  EXPECT_EQ(fate(viewer), 0);
}

TEST_F(LiveEdgeE2E, IdsThatWereMadeUpKeepNobodyOut) {
  auto setup = edge_setup(url_of(origin));
  const auto change = setup.change;
  setup.change = [change](api::LiveGatewayOptions& options) {
    change(options);
    options.edge->max_sessions = options.edge->max_fetches = 2;
  };
  LiveServer edge(setup);
  sim::HttpClient http("127.0.0.1", edge.endpoint().http_port);

  for (int i = 0; i < 10; ++i) {
    EXPECT_EQ(http.get("/api/v1/live/" + make_id_string())->status, 404);
    EXPECT_EQ(http.get("/live/" + make_id_string() + "/index.m3u8")->status, 404);
  }

  EXPECT_EQ(http.get("/api/v1/live/" + session.id)->status, 200);
  auto viewer = join(edge, session.id);
  EXPECT_EQ(fate(viewer), 0);
}

TEST_F(LiveEdgeE2E, WhatIsSaidAtAnEdgeIsHeardEverywhere) {
  LiveServer edge(edge_setup(url_of(origin)));
  LiveServer farther(edge_setup(url_of(edge)));
  auto direct = join(origin, session.id);
  auto near = join(edge, session.id, live_token("bob"));
  auto far = join(farther, session.id, live_token("carol"));
  auto nobody = join(edge, session.id);
  const auto greeted = [](const auto& m) { return is_type(m, "chat_history"); };
  for (auto* viewer : {&direct, &near, &far, &nobody}) ASSERT_TRUE(read_until(*viewer, greeted));

  ASSERT_TRUE(far.send_text(R"({"type":"chat","text":"from far away"})").ok());
  for (auto* viewer : {&direct, &near, &far}) {
    EXPECT_TRUE(read_until(*viewer, [](const auto& m) {
      return is_type(m, "chat") && json::parse(m.bytes).at("user").as_string() == "carol";
    }));
  }
  ASSERT_TRUE(far.send_text(R"({"type":"react","reaction":"heart"})").ok());
  for (auto* viewer : {&direct, &near, &far}) {
    EXPECT_TRUE(read_until(*viewer, [](const auto& m) {
      return is_type(m, "reactions") &&
             json::parse(m.bytes).at("counts").at("heart").as_int64() == 1;
    }));
  }
  ASSERT_TRUE(nobody.send_text(R"({"type":"chat","text":"who am I"})").ok());
  EXPECT_TRUE(read_until(nobody, [](const auto& m) {
    return is_type(m, "error") && json::parse(m.bytes).at("code").as_string() == "unauthenticated";
  }));
  auto late = join(farther, session.id);
  EXPECT_TRUE(read_until(late, [](const auto& m) {
    return is_type(m, "chat_history") && m.bytes.find("from far away") != std::string::npos;
  }));
}

TEST_F(LiveEdgeE2E, TheOriginCountsWhoWatchesAnywhere) {
  auto edge = std::make_unique<LiveServer>(edge_setup(url_of(origin)));
  auto direct = join(origin, session.id);
  {
    std::vector<sim::WsClient> viewers;
    for (int i = 0; i < 5; ++i) viewers.push_back(join(*edge, session.id));
    const auto all = [](const auto& m) {
      return is_type(m, "viewers") && json::parse(m.bytes).at("count").as_int64() == 6;
    };
    EXPECT_TRUE(read_until(direct, all));
    EXPECT_TRUE(read_until(viewers.front(), all));
    EXPECT_TRUE(eventually([&] { return viewers_of(origin, session.id) == 6; }));
  }

  EXPECT_TRUE(eventually([&] { return viewers_of(origin, session.id) == 1; }));
  auto one = join(*edge, session.id);
  EXPECT_TRUE(eventually([&] { return viewers_of(origin, session.id) == 2; }));
  one.close();
  edge.reset();
  EXPECT_TRUE(eventually([&] { return viewers_of(origin, session.id) == 1; }));
}

/// Asks until the answer is a 200.
std::string get(LiveServer& server, const std::string& target) {
  sim::HttpClient http("127.0.0.1", server.endpoint().http_port);
  std::string body;
  EXPECT_TRUE(eventually([&] {
    auto reply = http.get(target);
    if (!reply.ok() || reply->status != 200) return false;
    body = std::move(reply->body);
    return true;
  })) << target;
  return body;
}

TEST(LiveEdgeLadder, RenditionsThumbnailsAndCuesComeWithTheSession) {
  LiveServer::Setup setup;
  setup.change = [](api::LiveGatewayOptions& options) {
    options.ladder = {.rungs = *media::parse_ladder("90p:100k"),
                      .workers = 1,
                      .max_lag = 20s,
                      .thumbnail_every = 1s};
  };
  LiveServer origin(setup);
  const auto session = make_session(origin.endpoint());
  OnAir air(origin, session, clip());
  ASSERT_NE(get(origin, "/live/" + session.id + "/index.m3u8").find("90p"), std::string::npos);
  LiveServer edge(edge_setup(url_of(origin)));

  auto small = join(edge, session.id, {}, "?rendition=90p");
  EXPECT_TRUE(read_until(small, [](const auto& m) {
    return is_type(m, "rendition") && json::parse(m.bytes).at("name").as_string() == "90p";
  }));
  EXPECT_TRUE(plays(small));
  EXPECT_NE(get(edge, "/live/" + session.id + "/index.m3u8").find("90p"), std::string::npos);
  const auto viewer = "/live/" + session.id + "/v/01ARZ3NDEKTSV4RRFFQ69G5FAV/";
  const auto playlist = sim::parse_media(get(edge, viewer + "90p/index.m3u8"));
  ASSERT_TRUE(playlist.ok());
  const auto whole = std::ranges::find_if(playlist->segments,
                                          [](const auto& entry) { return entry.second.complete; });
  ASSERT_NE(whole, playlist->segments.end());
  const auto segment =
      "/live/" + session.id + "/90p/segment-" + std::to_string(whole->first) + ".m4s";
  EXPECT_EQ(get(edge, segment), get(origin, segment));
  const auto thumbnails = "/api/v1/live/" + session.id + "/thumbnails";
  const auto items = json::parse(get(edge, thumbnails)).at("items").as_array();
  ASSERT_FALSE(items.empty());
  const auto picture = thumbnails + "?t=" + std::to_string(items.back().at("t_ms").as_int64());
  EXPECT_EQ(get(edge, picture), get(origin, picture));

  sim::HttpClient owner("127.0.0.1", origin.endpoint().http_port, live_token("alice"));
  ASSERT_EQ(owner
                .post("/api/v1/live/" + session.id + "/cues",
                      json::object{{"scheme", "urn:test"}, {"payload", "now"}})
                ->status,
            201);
  EXPECT_TRUE(read_until(small, [](const auto& m) { return is_type(m, "cue"); }));
  auto late = join(edge, session.id);
  EXPECT_TRUE(read_until(late, [](const auto& m) { return is_type(m, "cue"); }));
  EXPECT_TRUE(eventually([&] {
    return get(edge, viewer + "video/index.m3u8").find("ID=\"cue-") != std::string::npos;
  }));
}

TEST_F(LiveEdgeE2E, WhatTheOriginAsksOfViewersTheEdgeAsks) {
  LiveServer edge(edge_setup(url_of(origin)));
  OnAir air(origin, session, clip());
  auto anybody = join(edge, session.id);
  ASSERT_TRUE(plays(anybody));
  sim::HttpClient owner("127.0.0.1", origin.endpoint().http_port, live_token("alice"));

  ASSERT_EQ(owner.request("PATCH", "/api/v1/live/" + session.id, R"({"access":"token"})")->status,
            200);

  EXPECT_EQ(close_code_of(anybody), 4002) << "who watches is judged again";
  auto late = join(edge, session.id);
  EXPECT_EQ(close_code_of(late), 4002);
  sim::HttpClient http("127.0.0.1", edge.endpoint().http_port);
  EXPECT_EQ(http.get("/live/" + session.id + "/index.m3u8")->status, 401);
  auto known = join(edge, session.id, live_token("bob"));
  EXPECT_TRUE(plays(known));
}

TEST(LiveEdgeTls, AnOriginHasToBeWhoItsCertificateIsFor) {
  const Certificate certificate, other;
  LiveServer::Setup setup;
  setup.tls_certificate = certificate.file;
  setup.tls_key = certificate.key;
  LiveServer origin(setup);
  const auto session = std::string("01ARZ3NDEKTSV4RRFFQ69G5FAV");
  const auto port = std::to_string(origin.endpoint().http_port);
  const auto fate = [&](const std::string& host, const std::string& ca) {
    LiveServer::Setup there;
    there.change = [&](api::LiveGatewayOptions& options) {
      options.edge = edge_of("https://" + host + ":" + port);
      options.edge->ca_file = ca;
      options.edge->admit_within = 1s;
    };
    LiveServer edge(there);
    auto viewer = join(edge, session);
    return close_code_of(viewer);
  };

  EXPECT_EQ(fate("localhost", certificate.file), 4004) << "it was asked, and has no such session";
  EXPECT_EQ(fate("localhost", other.file), 4010);
  EXPECT_EQ(fate("127.0.0.1", certificate.file), 4010) << "another name";
}

TEST_F(LiveEdgeE2E, PlayersOfFlvWatchAtAnEdgeToo) {
  LiveServer edge(edge_setup(url_of(origin)));
  OnAir air(origin, session, clip());
  auto viewer = sim::WsClient::connect("127.0.0.1", edge.endpoint().http_port,
                                       "/live/" + session.id + ".flv");
  ASSERT_TRUE(viewer.ok());

  EXPECT_TRUE(plays(*viewer));
  EXPECT_TRUE(eventually([&] { return viewers_of(origin, session.id) == 1; }));
}

TEST_F(LiveEdgeE2E, PlayersOfFlvAreJudgedByTheOriginsRules) {
  auto setup = edge_setup(url_of(origin));
  const auto change = setup.change;
  setup.change = [change](api::LiveGatewayOptions& options) {
    change(options);
    options.anonymous_viewers = false;
  };
  LiveServer edge(setup);
  OnAir air(origin, session, clip());
  const auto path = "/live/" + session.id + ".flv";
  const auto watch = [&] {
    return std::move(*sim::WsClient::connect("127.0.0.1", edge.endpoint().http_port, path));
  };

  auto anybody = watch();
  EXPECT_TRUE(plays(anybody)) << "the origin asks nothing";
  sim::HttpClient owner("127.0.0.1", origin.endpoint().http_port, live_token("alice"));
  ASSERT_EQ(owner.request("PATCH", "/api/v1/live/" + session.id, R"({"access":"token"})")->status,
            200);
  EXPECT_EQ(close_code_of(anybody), 4002);
  auto late = watch();
  EXPECT_EQ(close_code_of(late), 4002);
  const auto refused = sim::HttpClient("127.0.0.1", edge.endpoint().http_port).get(path);
  ASSERT_TRUE(refused.ok());
  EXPECT_EQ(refused->status, 401);
  EXPECT_EQ(refused->json().at("reason").as_string(), "token_needed");
}

TEST_F(LiveEdgeE2E, OnlyATokenWithTheScopeRelays) {
  LiveServer::Setup setup = edge_setup(url_of(origin));
  const auto change = setup.change;
  setup.change = [change](api::LiveGatewayOptions& options) {
    change(options);
    options.edge->token = [] { return live_token("edge"); };
  };
  LiveServer edge(setup);

  auto viewer = join(edge, session.id);
  EXPECT_EQ(close_code_of(viewer), 4010);
}

}  // namespace
}  // namespace troupe::test
