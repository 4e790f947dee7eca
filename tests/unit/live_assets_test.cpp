// Records and rules of on-demand assets.
#include <future>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "actors/live/asset.hpp"
#include "base/metrics.hpp"
#include "net/api/live/recorded_file.hpp"
#include "storage/keys.hpp"
#include "storage/store.hpp"
#include "storage/writer.hpp"
#include "tests/support/temp_dir.hpp"

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

TEST(LiveAsset, OneWhoseRecordIsDamagedIsStillKnownSoThatItsFilesStay) {
  const test::TempDir dir;
  Metrics metrics;
  const auto store = std::move(*storage::Store::open({.path = dir / "db"}));
  storage::Writer writer(*store, metrics);
  storage::Batch batch;
  put(batch, make_asset("01JD3Z2Q8W5N7X4V6T0R9S1M2A", session_of("alice"), 17), "made");
  batch.put(storage::Family::live,
            storage::KeyBuilder("asset").text("01JD3Z2Q8W5N7X4V6T0R9S1M2B").take(), "damaged");
  std::promise<bool> done;
  const auto taken =
      writer.submit(std::move(batch), [&](const auto& result) { done.set_value(result.ok()); });
  ASSERT_TRUE(taken.ok());
  ASSERT_TRUE(done.get_future().get());

  const auto assets = all_assets(*store);

  ASSERT_TRUE(assets.ok());
  ASSERT_EQ(assets->size(), 2U);
  EXPECT_EQ((*assets)[0].state, AssetState::preparing);
  EXPECT_EQ((*assets)[1].id, "01JD3Z2Q8W5N7X4V6T0R9S1M2B");
  EXPECT_EQ((*assets)[1].state, AssetState::failed) << "it is not handed over again";
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

TEST(RecordedFile, NamesAreReadWholeOrNotAtAll) {
  const auto segment = api::parse_recorded_file("segment-1700000000000000-12.m4s");

  ASSERT_TRUE(segment);
  EXPECT_EQ(segment->kind, api::RecordedFile::Kind::segment);
  EXPECT_EQ(segment->epoch, 1'700'000'000'000'000U);
  EXPECT_EQ(segment->number, 12U);
  EXPECT_EQ(api::parse_recorded_file("init-7.mp4")->kind, api::RecordedFile::Kind::init);
  EXPECT_EQ(api::parse_recorded_file("segment-7-0.vtt")->kind, api::RecordedFile::Kind::captions);
  for (const auto* name : {"", "init-.mp4", "init-7.mp4x", "init--7.mp4", "init-7", "segment-7.m4s",
                           "segment-7-.m4s", "segment-7-1.mp4", "segment-7-1.m4s/..",
                           "segment-99999999999999999999-1.m4s", "../init-7.mp4"})
    EXPECT_FALSE(api::parse_recorded_file(name)) << name;
}

TEST(RecordedFile, ThumbnailsAreNamedByTheirMoment) {
  const auto picture = api::parse_recorded_thumbnail("thumb-1700000000000000-5000000.jpg");

  ASSERT_TRUE(picture);
  EXPECT_EQ(picture->media_us, 5'000'000);
  for (const auto* name : {"thumb-7.jpg", "thumb-7-.jpg", "thumb-7--1.jpg", "thumb-7-1.png",
                           "thumb-7-9223372036854775808.jpg"})
    EXPECT_FALSE(api::parse_recorded_thumbnail(name)) << name;
  EXPECT_FALSE(api::parse_track("captions"));
}

}  // namespace
}  // namespace troupe::live
