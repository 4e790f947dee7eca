// Links to watch by: what is signed, what is read, what players see of them.
#include <boost/asio/io_context.hpp>
#include <gtest/gtest.h>

#include "actors/live/directory.hpp"
#include "base/metrics.hpp"
#include "net/api/live/access.hpp"
#include "net/api/live/view_roll.hpp"

namespace troupe::api {
namespace {

const std::string kSession = "01ARZ3NDEKTSV4RRFFQ69G5FAV";
constexpr std::uint64_t kFar = 4'102'444'800;  // the year 2100

std::string hex(const Mac& mac) {
  std::string out;
  constexpr std::string_view kDigits = "0123456789abcdef";
  for (const auto byte : mac) {
    out += kDigits[byte >> 4];
    out += kDigits[byte & 15];
  }
  return out;
}

// RFC 4231, section 4: test cases 1 to 4, 6 and 7.
TEST(LinkSignature, IsHmacSha256AsRfc4231HasIt) {
  EXPECT_EQ(hex(hmac_sha256(std::string(20, '\x0b'), "Hi There")),
            "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7");
  EXPECT_EQ(hex(hmac_sha256("Jefe", "what do ya want for nothing?")),
            "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
  EXPECT_EQ(hex(hmac_sha256(std::string(20, '\xaa'), std::string(50, '\xdd'))),
            "773ea91e36800e46854db8ebd09181a72959098b3ef8c122d9635514ced565fe");
  std::string counting;
  for (char c = 1; c <= 25; ++c) counting += c;
  EXPECT_EQ(hex(hmac_sha256(counting, std::string(50, '\xcd'))),
            "82558a389a443c0ea4cc819899f2083a85f0faa3e578f8077a2e3ff46729665b");
  EXPECT_EQ(hex(hmac_sha256(std::string(131, '\xaa'),
                            "Test Using Larger Than Block-Size Key - Hash Key First")),
            "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54");
  EXPECT_EQ(hex(hmac_sha256(std::string(131, '\xaa'),
                            "This is a test using a larger than block-size key and a larger than "
                            "block-size data. The key needs to be hashed before being used by the "
                            "HMAC algorithm.")),
            "9b09ffa71b942fcb27635fbcd5b0e944bfdc63644f0713938a7f51535c3a35e2");
}

const std::string kKeys = "k2:000102030405060708090a0b0c0d0e0f,k1:6b6579206f6e65206b6579206f6e6521";

// docs/live_access.md shows the same link, made with openssl.
TEST(ViewLink, OneThatASiteMadeByTheDocumentIsTaken) {
  const auto link = read_link(
      "k1~live=01ARZ3NDEKTSV4RRFFQ69G5FAV~exp=4102444800~ip=203.0.113.0/24~viewer=bob"
      "~sig=8bf4fa55c3836e56487c67c4dc36ff044b72a8d28bb6b6d9c4ab252291dcd9a5");

  ASSERT_TRUE(link.ok());
  EXPECT_TRUE(LinkKeys::parse(kKeys)->check(*link).ok());
  EXPECT_EQ(link->link, (ViewLink{"k1", kSession, kFar, "203.0.113.0/24", {}, "bob"}));
}

TEST(ViewLink, IsReadAsItWasSigned) {
  const auto keys = *LinkKeys::parse(kKeys);
  const ViewLink made{"", kSession, kFar, "2001:db8::/32", {Way::live, Way::clips}, "b@x.org"};

  const auto text = keys.sign(made);
  const auto read = read_link(text);

  ASSERT_TRUE(read.ok()) << text;
  auto expected = made;
  expected.key_id = "k2";
  EXPECT_EQ(read->link, expected);
  EXPECT_TRUE(keys.check(*read).ok());
}

TEST(ViewLink, AnyOtherByteAndAnyOtherKeyIsRefused) {
  const auto keys = *LinkKeys::parse(kKeys);
  const auto text = keys.sign({"", kSession, kFar, {}, {Way::live}, "bob"});
  for (std::size_t i = 0; i < text.size(); ++i) {
    auto other = text;
    other[i] = other[i] == '1' ? '2' : '1';
    const auto read = read_link(other);
    EXPECT_FALSE(read.ok() && keys.check(*read).ok()) << other;
  }

  const auto gone = LinkKeys::parse("k1:6b6579206f6e65206b6579206f6e6521");
  EXPECT_EQ(gone->check(*read_link(text)).code(), ErrorCode::not_found);
  const auto another = LinkKeys::parse("k2:ff0102030405060708090a0b0c0d0e0f");
  EXPECT_EQ(another->check(*read_link(text)).code(), ErrorCode::forbidden);
}

TEST(ViewLink, WhatIsNoneIsRefused) {
  const std::string sig = "~sig=" + std::string(64, 'a');
  const std::string live = "k1~live=" + kSession, exp = "~exp=4102444800";
  EXPECT_TRUE(read_link(live + exp + sig).ok());
  for (const auto& text : {std::string(),
                           sig,
                           live + exp,
                           live + sig,
                           "k1" + exp + sig,
                           live + exp + sig + "a",
                           live + "~exp=0" + sig,
                           live + "~exp=-1" + sig,
                           live + "~exp=1x" + sig,
                           live + "~exp=99999999999999999999" + sig,
                           live + exp + "~ip=" + sig,
                           live + exp + "~ip=1.2.3.4/40" + sig,
                           live + exp + "~viewer=a b" + sig,
                           live + exp + "~viewer=" + std::string(65, 'a') + sig,
                           live + exp + "~for=" + sig,
                           live + exp + "~for=live,live" + sig,
                           live + exp + "~for=all" + sig,
                           live + exp + "~admin=1" + sig,
                           live + exp + exp + sig,
                           "~" + live + exp + sig,
                           "k-1~live=" + kSession + exp + sig,
                           live + exp + "~viewer=" + std::string(500, 'a') + sig})
    EXPECT_EQ(read_link(text).code(), ErrorCode::invalid_argument) << text;
}

TEST(LinkKeys, WhatAreNoneAreRefused) {
  for (const auto* text :
       {"", "k1", "k1:", "k1:00", "k1:zz0102030405060708090a0b0c0d0e0f",
        ":000102030405060708090a0b0c0d0e0f", "k1:000102030405060708090a0b0c0d0e0",
        "k1:000102030405060708090a0b0c0d0e0f,k1:000102030405060708090a0b0c0d0e0f"})
    EXPECT_EQ(LinkKeys::parse(text).code(), ErrorCode::invalid_argument) << text;
}

TEST(ViewLink, StandsBehindEveryUriOfAPlaylistAndNothingElse) {
  const std::string playlist =
      "#EXTM3U\n#EXT-X-DATERANGE:ID=\"cue-1\",CLASS=\"URI=\",X-PAYLOAD=0x00\n"
      "#EXT-X-MAP:URI=\"../../../video/init-7.mp4\"\n"
      "#EXT-X-KEY:METHOD=SAMPLE-AES,URI=\"data:text/plain;base64,AAAA\",KEYFORMAT=\"identity\"\n"
      "#EXT-X-PART:DURATION=0.20000,INDEPENDENT=YES,URI=\"part-1.0.m4s\"\n"
      "#EXTINF:2.00000,\nsegment-1.m4s\n"
      "#EXT-X-RENDITION-REPORT:URI=\"../audio/index.m3u8?a=1\",LAST-MSN=1\n";

  EXPECT_EQ(
      hls_with_link(playlist, "L"),
      "#EXTM3U\n#EXT-X-DATERANGE:ID=\"cue-1\",CLASS=\"URI=\",X-PAYLOAD=0x00\n"
      "#EXT-X-MAP:URI=\"../../../video/init-7.mp4?link=L\"\n"
      "#EXT-X-KEY:METHOD=SAMPLE-AES,URI=\"data:text/plain;base64,AAAA\",KEYFORMAT=\"identity\"\n"
      "#EXT-X-PART:DURATION=0.20000,INDEPENDENT=YES,URI=\"part-1.0.m4s?link=L\"\n"
      "#EXTINF:2.00000,\nsegment-1.m4s?link=L\n"
      "#EXT-X-RENDITION-REPORT:URI=\"../audio/index.m3u8?a=1&link=L\",LAST-MSN=1\n");
}

TEST(ViewLink, StandsBehindTheTemplatesOfAManifest) {
  EXPECT_EQ(dash_with_link("<SegmentTemplate initialization=\"v/init-7.mp4\" "
                           "media=\"v/segment-$Number$.m4s\"><SegmentTimeline/>",
                           "L"),
            "<SegmentTemplate initialization=\"v/init-7.mp4?link=L\" "
            "media=\"v/segment-$Number$.m4s?link=L\"><SegmentTimeline/>");
}

struct LiveAccess : ::testing::Test {
  Metrics metrics;
  live::Directory directory;
  ViewGate gate{.directory = directory,
                .metrics = metrics,
                .keys = *LinkKeys::parse(kKeys),
                .country = [](const std::string& at) {
                  return std::string(at == "192.0.2.1" ? "NZ" : at == "192.0.2.2" ? "FR" : "");
                }};

  void rule(live::ViewAccess access, live::Countries countries = {}) {
    live::Session session;
    session.id = kSession;
    session.owner = "alice";
    session.viewing = {access, std::move(countries)};
    directory.set(session);
  }
  static Visitor from(std::string address) { return {std::move(address), {}, {}}; }
  static Visitor known(std::string user) {
    return {"192.0.2.1", http::Principal{std::move(user), {}}, {}};
  }
  Visitor by_link(ViewLink link, std::string address = "192.0.2.1") {
    return {std::move(address), {}, gate.keys.sign(std::move(link))};
  }
  /// "": it may.
  std::string fate(const Visitor& visitor, Way way = Way::live) {
    const auto verdict = live_access(gate, visitor, kSession, way);
    const auto* refusal = std::get_if<Refusal>(&verdict);
    return refusal == nullptr ? "" : refusal->reason;
  }
};

TEST_F(LiveAccess, IsAsTheServerHasItUntilTheSessionSaysOtherwise) {
  EXPECT_EQ(fate(from("192.0.2.1")), "");
  gate.anonymous_viewers = false;
  EXPECT_EQ(fate(from("192.0.2.1")), "token_needed");
  EXPECT_EQ(fate(known("bob")), "");
  EXPECT_EQ(fate(by_link({"", kSession, kFar, {}, {}, {}})), "");
  rule(live::ViewAccess::open);
  EXPECT_EQ(fate(from("192.0.2.1")), "");
}

TEST_F(LiveAccess, ByLinkAlone) {
  rule(live::ViewAccess::link);

  EXPECT_EQ(fate(from("192.0.2.1")), "link_needed");
  EXPECT_EQ(fate(known("bob")), "link_needed");
  EXPECT_EQ(fate(known("alice")), "") << "the owner";
  EXPECT_EQ(fate({"192.0.2.1", http::Principal{"root", {"admin"}}, {}}), "");
  EXPECT_EQ(fate(by_link({"", kSession, kFar, {}, {}, {}})), "");
}

TEST_F(LiveAccess, ALinkThatIsNotForThisIsRefusedByWhatIsWrongWithIt) {
  EXPECT_EQ(fate(by_link({"", kSession, 1, {}, {}, {}})), "link_expired");
  EXPECT_EQ(fate(by_link({"", "01ARZ3NDEKTSV4RRFFQ69G5FAW", kFar, {}, {}, {}})), "link_session");
  const ViewLink clips{"", kSession, kFar, {}, {Way::clips}, {}};
  EXPECT_EQ(fate(by_link(clips)), "link_scope");
  EXPECT_EQ(fate(by_link(clips), Way::clips), "");
  const ViewLink here{"", kSession, kFar, "192.0.2.0/30", {}, {}};
  EXPECT_EQ(fate(by_link(here)), "");
  EXPECT_EQ(fate(by_link(here, "192.0.2.4")), "link_address");
  auto forged = by_link(here);
  forged.link->back() = forged.link->back() == '0' ? '1' : '0';
  EXPECT_EQ(fate(forged), "link_signature");
  EXPECT_EQ(fate({"192.0.2.1", {}, "nonsense"}), "link_malformed");
  gate.keys = *LinkKeys::parse("k3:000102030405060708090a0b0c0d0e0f");
  forged.link->replace(0, 2, "k1");
  EXPECT_EQ(fate(forged), "link_key");
}

TEST_F(LiveAccess, WhatDependsOnWhereSomebodyIsStaysOutOfSharedCaches) {
  const auto caching = [&](const Visitor& visitor) {
    std::string out;
    const auto viewing = std::get<Viewing>(live_access(gate, visitor, kSession, Way::live));
    http::Response response;
    response.headers["Cache-Control"] = "public, max-age=86400, immutable";
    as_seen_by(viewing, http::Responder([&](const http::Response& sent) {
                 out = sent.headers.at("Cache-Control");
               }))
        .send(std::move(response));
    return out;
  };
  const std::string open = "public, max-age=86400, immutable";
  const std::string closed = "private, max-age=86400, immutable";
  const ViewLink anywhere{"", kSession, kFar, {}, {}, {}};
  const ViewLink here{"", kSession, kFar, "192.0.2.0/30", {}, {}};

  EXPECT_EQ(caching(from("192.0.2.1")), open);
  EXPECT_EQ(caching(by_link(anywhere)), open);
  EXPECT_EQ(caching(by_link(here)), closed);
  rule(live::ViewAccess::open, *live::make_countries(live::Countries::Rule::allow, {"NZ"}));
  EXPECT_EQ(caching(from("192.0.2.1")), closed);
  EXPECT_EQ(caching(by_link(anywhere)), closed);
  EXPECT_EQ(caching({"192.0.2.2", http::Principal{"alice", {}}, {}}), closed)
      << "the owner, whom others at its cache would follow";
}

TEST_F(LiveAccess, WhoWasLetInByRulesThatHaveChangedSinceIsLetGo) {
  boost::asio::io_context loop;
  ViewRoll roll(loop, std::make_shared<const ViewGate>(gate));
  const auto visitor = from("192.0.2.1");
  const auto viewing = std::get<Viewing>(live_access(gate, visitor, kSession, Way::live));
  std::string cut;

  rule(live::ViewAccess::link);
  roll.judge_again(kSession);
  const auto leave =
      roll.enter(kSession, visitor, viewing, [&](const Refusal& why) { cut = why.reason; });

  EXPECT_EQ(cut, "link_needed");
  leave();
  roll.close();
}

TEST_F(LiveAccess, CountriesAreAllowedOrDenied) {
  using Rule = live::Countries::Rule;
  rule(live::ViewAccess::standard, *live::make_countries(Rule::allow, {"nz", "AU"}));
  EXPECT_EQ(fate(from("192.0.2.1")), "");
  EXPECT_EQ(fate(from("192.0.2.2")), "country");
  EXPECT_EQ(fate(from("192.0.2.3")), "country") << "nobody knows where";
  EXPECT_EQ(fate(by_link({"", kSession, kFar, {}, {}, {}}, "192.0.2.2")), "country");
  EXPECT_EQ(fate({"192.0.2.2", http::Principal{"alice", {}}, {}}), "") << "the owner";

  rule(live::ViewAccess::standard, *live::make_countries(Rule::deny, {"FR"}));
  EXPECT_EQ(fate(from("192.0.2.1")), "");
  EXPECT_EQ(fate(from("192.0.2.2")), "country");
  EXPECT_EQ(fate(from("192.0.2.3")), "country");
  gate.unknown_country_may = true;
  EXPECT_EQ(fate(from("192.0.2.3")), "");
  gate.country = nullptr;
  EXPECT_EQ(fate(from("192.0.2.2")), "");
}

TEST_F(LiveAccess, ViewsCountForWhomTheLinkWasMade) {
  auto visitor = by_link({"", kSession, kFar, {}, {}, "bob"});
  visitor.principal = http::Principal{"eve", {}};

  const auto viewing = std::get<Viewing>(live_access(gate, visitor, kSession, Way::live));

  EXPECT_EQ(viewing.account, "link/bob");
  EXPECT_EQ(viewing.viewer, "bob");
}

TEST_F(LiveAccess, CachesKeepForNoOthersAndNoLongerThanTheViewerMayWatch) {
  http::Response seen;
  const http::Responder out([&](http::Response response) { seen = std::move(response); });
  http::Response media;
  media.headers["Cache-Control"] = "public, max-age=86400, immutable";

  as_seen_by(Viewing{.by_token = true}, out).send(media);
  EXPECT_EQ(seen.headers["Cache-Control"], "private, max-age=86400, immutable");
  const http::Responder again([&](http::Response response) { seen = std::move(response); });
  as_seen_by(Viewing{.link = "L", .expires_s = 1}, again).send(media);
  EXPECT_EQ(seen.headers["Cache-Control"], "public, max-age=0, immutable");
}

TEST(Countries, AreThoseOfIso3166) {
  using Rule = live::Countries::Rule;
  for (const auto* code : {"UK", "EU", "X", "", "D E", "DEU", " D"})
    EXPECT_EQ(live::make_countries(Rule::allow, {code}).code(), ErrorCode::invalid_argument)
        << code;
  EXPECT_EQ(live::make_countries(Rule::allow, {}).code(), ErrorCode::invalid_argument);
  EXPECT_EQ(live::make_countries(Rule::deny, {"gb", "DE", "GB"})->codes,
            (std::vector<std::string>{"DE", "GB"}));
}

}  // namespace
}  // namespace troupe::api
