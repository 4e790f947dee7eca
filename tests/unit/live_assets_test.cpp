// Records and rules of on-demand assets.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "actors/live/asset.hpp"

namespace troupe::live {
namespace {

Session session_of(const std::string& owner) {
  Session session;
  session.id = "01JD3Z2Q8W5N7X4V6T0R9S1M2K";
  session.title = "Last night";
  session.owner = owner;
  return session;
}

TEST(LiveAsset, ARecordIsReadAsItWasWritten) {
  auto asset = make_asset("01JD3Z2Q8W5N7X4V6T0R9S1M2A", session_of("alice"), 17);
  asset.state = AssetState::failed;
  asset.visibility = Visibility::unlisted;
  asset.facts = {.duration_us = 5'000'000,
                 .bytes = 99,
                 .publications = 2,
                 .width = 640,
                 .height = 360,
                 .complete = false,
                 .captions = true,
                 .thumbnails = true};
  asset.failure = "the disk's share of assets is used up";
  asset.failure_code = "overloaded";
  const auto bytes = encode_asset(asset);

  EXPECT_EQ(decode_asset(asset.id, bytes), asset);
  EXPECT_FALSE(decode_asset(asset.id, bytes.substr(0, bytes.size() / 2)));
}

TEST(LiveAsset, OfASessionThatAsksViewersForMoreItBeginsPrivate) {
  auto guarded = session_of("alice");
  guarded.viewing.access = ViewAccess::link;

  EXPECT_EQ(make_asset("A", session_of("alice"), 0).visibility, Visibility::everybody);
  EXPECT_EQ(make_asset("A", guarded, 0).visibility, Visibility::owner_only);
}

TEST(LiveAsset, APrivateOneIsThereForItsOwnerAndAdministratorsAlone) {
  auto asset = make_asset("A", session_of("alice"), 0);
  asset.visibility = Visibility::owner_only;
  const Caller alice{"alice", false}, bob{"bob", false}, admin{"root", true};

  EXPECT_TRUE(may_see(asset, &alice) && owns(asset, alice));
  EXPECT_TRUE(may_see(asset, &admin) && owns(asset, admin));
  EXPECT_FALSE(may_see(asset, &bob));
  EXPECT_FALSE(may_see(asset, nullptr));
  asset.visibility = Visibility::unlisted;
  EXPECT_TRUE(may_see(asset, nullptr));
  EXPECT_FALSE(owns(asset, bob));
}

TEST(LiveAsset, OnlyWhatIsAVisibilityIsOne) {
  for (const auto one : {Visibility::everybody, Visibility::unlisted, Visibility::owner_only})
    EXPECT_EQ(*parse_visibility(to_string(one)), one);
  EXPECT_EQ(parse_visibility("secret").code(), ErrorCode::invalid_argument);
}

TEST(LiveRecordMode, OnlyWhatIsAModeIsOne) {
  for (const auto one : {RecordMode::off, RecordMode::window, RecordMode::whole})
    EXPECT_EQ(*parse_record_mode(to_string(one)), one);
  EXPECT_EQ(parse_record_mode("").code(), ErrorCode::invalid_argument);
}

}  // namespace
}  // namespace troupe::live
