// Recordings become assets: on a real directory, also when the process dies on the way.
#include <csignal>
#include <fstream>
#include <future>

#include <gmock/gmock.h>
#include <sys/wait.h>
#include <unistd.h>

#include "media/recording/asset_library.hpp"
#include "media/recording/asset_playlist.hpp"
#include "tests/support/hls_rules.hpp"
#include "tests/unit/recorder_fixture.hpp"

namespace troupe::media {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;
using testing::Not;

constexpr const char* kAsset = "01JD3Z2Q8W5N7X4V6T0R9S1M2A";
constexpr std::uint64_t kMorning = 1'700'000'000'000'000, kEvening = 1'700'030'000'000'000;

class AssetTest : public RecorderFixture {
 protected:
  AssetOptions asset_options() {
    AssetOptions made;
    made.directory = dir_ / "assets";
    made.recordings = dir_ / "recordings";
    return made;
  }
  /// Two publications with thumbnails and captions.
  void record(Recorder& recorder) {
    push(recorder, {10, kMorning, 0, kSession, Keep::whole});
    recorder.push_thumbnail(kSession, kMorning, thumbnail(0, "first"));
    recorder.push_thumbnail(kSession, kMorning, thumbnail(5'000'000, "second"));
    recorder.push_caption(kSession, kMorning, 1'000'000, "Good\nmorning \"all\"");
    recorder.push_caption(kSession, kMorning, 3'000'000, "");
    push(recorder, {6, kEvening, 0, kSession, Keep::whole});
    recorder.push_caption(kSession, kEvening, 2'000'000, "Good <evening>");
  }
  using Made = Result<std::shared_ptr<const AssetMedia>>;
  /// Orders `kAsset` as a process that starts does, and waits for what becomes of it.
  static Made resume(AssetLibrary& library, const std::string& session = kSession) {
    std::promise<Made> made;
    library.resume({kAsset}, {{kAsset, session}},
                   [&](const std::string&, const Made& outcome) { made.set_value(outcome); });
    return made.get_future().get();
  }
  /// Everything the asset's tracks hold, in order.
  static std::string bytes(const AssetLibrary& library, const AssetMedia& media, TrackKind kind) {
    std::string all;
    for (const auto& segment : media.recording.at(kind).segments) {
      const auto path = library.files().segment(kAsset, kind, segment);
      all += RecordingFiles::read_range(path, 0, segment.bytes).value();
    }
    return all;
  }
};

TEST_F(AssetTest, AnAssetHoldsAllThatWasRecordedAndOutlivesTheRecording) {
  const auto recorder = open(options());
  record(*recorder);
  const auto library = std::move(*AssetLibrary::open(asset_options(), *recorder, metrics_));

  const auto made = resume(*library);
  fs::remove_all(dir_ / "recordings");

  ASSERT_TRUE(made.ok()) << made.error().detail;
  const auto& media = **made;
  EXPECT_TRUE(media.complete);
  EXPECT_EQ(media.duration_us(), 16'000'000);
  ASSERT_EQ(media.parts.size(), 2U);
  EXPECT_EQ(media.parts[1].at_us, 10'000'000);
  EXPECT_EQ(media.parts[1].tracks.size(), 2U);
  const auto pictures = bytes(*library, media, TrackKind::video);
  EXPECT_TRUE(pictures.starts_with("[1@0][1@500000]"));
  EXPECT_THAT(pictures, HasSubstr("[1@9500000][1@0]"));
  EXPECT_EQ(std::count(pictures.begin(), pictures.end(), '['), 32);
  EXPECT_EQ(media.thumbnails.size(), 2U);
}

TEST_F(AssetTest, ItsPlaylistsKeepTheRules) {
  const auto recorder = open(options());
  record(*recorder);
  const auto library = std::move(*AssetLibrary::open(asset_options(), *recorder, metrics_));
  const auto media = *resume(*library);

  EXPECT_THAT(test::check_multivariant(asset_playlist(*media)), testing::IsEmpty());
  for (const auto kind : {TrackKind::video, TrackKind::audio}) {
    const auto list = test::read_playlist(asset_playlist(*media, kind));
    EXPECT_THAT(list.objections, testing::IsEmpty());
    EXPECT_TRUE(list.ended);
    ASSERT_EQ(list.segments.size(), 5U) << "three of the morning, two of the evening";
    EXPECT_TRUE(list.segments[3].discontinuity);
    EXPECT_EQ(list.segments[3].map, "init-1700030000000000.mp4");
  }
  EXPECT_THAT(asset_playlist(*media), HasSubstr("TYPE=SUBTITLES"));
  const auto captions = test::read_playlist(asset_captions_playlist(*media));
  ASSERT_EQ(captions.segments.size(), 5U);
  EXPECT_EQ(captions.segments[3].uri, "segment-1700030000000000-0.vtt");
  EXPECT_THAT(asset_captions(*media),
              HasSubstr("\n00:00:01.000 --> 00:00:03.000\nGood\nmorning \"all\"\n"));
  EXPECT_THAT(asset_captions(*media),
              HasSubstr("\n00:00:12.000 --> 00:00:16.000\nGood &lt;evening&gt;\n"))
      << "the evening follows the morning";
  EXPECT_EQ(asset_thumbnails(*media),
            "WEBVTT\n\n00:00:00.000 --> 00:00:05.000\nthumb-1700000000000000-0.jpg\n"
            "\n00:00:05.000 --> 00:00:16.000\nthumb-1700000000000000-5000000.jpg\n");
}

TEST_F(AssetTest, TheManifestHasAPeriodForEachPublication) {
  const auto recorder = open(options());
  push(*recorder, {8, kMorning, 3'000'000, kSession, Keep::whole});
  push(*recorder, {6, kEvening, 0, kSession, Keep::whole});
  const auto library = std::move(*AssetLibrary::open(asset_options(), *recorder, metrics_));
  const auto media = *resume(*library);

  const auto mpd = asset_manifest(*media);

  EXPECT_THAT(mpd, HasSubstr("type=\"static\""));
  EXPECT_THAT(mpd, HasSubstr("mediaPresentationDuration=\"PT14.000S\""));
  EXPECT_THAT(mpd, HasSubstr("<Period id=\"1700000000000000\" start=\"PT0.000S\" "
                             "duration=\"PT8.000S\">"));
  EXPECT_THAT(mpd, HasSubstr("<Period id=\"1700030000000000\" start=\"PT8.000S\" "
                             "duration=\"PT6.000S\">"));
  EXPECT_THAT(mpd, HasSubstr("presentationTimeOffset=\"3000000\" startNumber=\"0\" "
                             "initialization=\"video/init-1700000000000000.mp4\""));
  EXPECT_THAT(mpd, HasSubstr("<S t=\"3000000\" d=\"4000000\"/>"));
  EXPECT_THAT(mpd, HasSubstr("audioSamplingRate=\"48000\""));
}

TEST_F(AssetTest, APublicationWithoutSoundLeavesGapsInItsPlaylist) {
  const auto recorder = open(options());
  push(*recorder, {4, kMorning, 0, kSession, Keep::whole, {1}});
  push(*recorder, {4, kEvening, 0, kSession, Keep::whole});
  const auto library = std::move(*AssetLibrary::open(asset_options(), *recorder, metrics_));
  const auto media = *resume(*library);

  const auto sound = asset_playlist(*media, TrackKind::audio);

  EXPECT_THAT(sound, HasSubstr("#EXT-X-GAP\n#EXTINF:4.00000,\nsegment-1700000000000000-0.m4s\n"
                               "#EXT-X-DISCONTINUITY\n#EXT-X-MAP"));
  EXPECT_THAT(asset_playlist(*media, TrackKind::video), Not(HasSubstr("GAP")));
}

TEST_F(AssetTest, NumbersHaveNoHolesWhateverTheRecordingLost) {
  const auto recorder = open(options());
  push(*recorder, {12, kMorning, 0, kSession, Keep::whole});
  fs::remove(fs::path(dir_ / "recordings") / kSession / std::to_string(kMorning) / "video-1.idx");
  const auto again = open(options());
  const auto library = std::move(*AssetLibrary::open(asset_options(), *again, metrics_));

  const auto media = *resume(*library);

  const auto& segments = media->recording.at(TrackKind::video).segments;
  ASSERT_EQ(segments.size(), 2U);
  EXPECT_EQ(segments[1].number, 1U);
  EXPECT_TRUE(bytes(*library, *media, TrackKind::video).ends_with("[1@11500000]"));
}

TEST_F(AssetTest, WhatIsNotRecordedOrTooMuchIsRefused) {
  const auto recorder = open(options());
  auto small = asset_options();
  small.max_disk_bytes = 100;
  const auto library = std::move(*AssetLibrary::open(small, *recorder, metrics_));

  EXPECT_EQ(library->may_take(kSession).code(), ErrorCode::not_found);
  EXPECT_EQ(resume(*library).code(), ErrorCode::not_found);
  record(*recorder);
  EXPECT_EQ(library->may_take(kSession).code(), ErrorCode::overloaded);
  EXPECT_EQ(resume(*library).code(), ErrorCode::overloaded);
  EXPECT_TRUE(fs::is_empty(dir_ / "assets"));
}

TEST_F(AssetTest, AThumbnailThatIsGoneCostsNothingElse) {
  const auto recorder = open(options());
  record(*recorder);
  recorder->flush();
  fs::remove(RecordingFiles(dir_ / "recordings").thumbnail(kSession, kMorning, 0));
  const auto library = std::move(*AssetLibrary::open(asset_options(), *recorder, metrics_));

  const auto made = resume(*library);

  ASSERT_TRUE(made.ok()) << made.error().detail;
  ASSERT_EQ((*made)->thumbnails.size(), 1U);
  EXPECT_EQ((*made)->thumbnails[0].media_us, 5'000'000);
}

TEST_F(AssetTest, FilesWithoutARecordGo) {
  const auto recorder = open(options());
  record(*recorder);
  {
    const auto library = std::move(*AssetLibrary::open(asset_options(), *recorder, metrics_));
    ASSERT_TRUE(resume(*library).ok());
  }
  fs::create_directories(dir_ / "assets/HALF.part/1");

  const auto library = std::move(*AssetLibrary::open(asset_options(), *recorder, metrics_));
  library->resume({}, {}, {});

  EXPECT_TRUE(fs::is_empty(dir_ / "assets"));
  EXPECT_EQ(library->open(kAsset).code(), ErrorCode::not_found);
  EXPECT_EQ(library->open("../recordings").code(), ErrorCode::not_found);
}

TEST_F(AssetTest, AnIndexThatWasCutOffIsDamaged) {
  Recorder::Snapshot recorded;
  recorded.recording[TrackKind::video].segments = {{kMorning, 0, 0, 4'000'000, 77},
                                                   {kMorning, 1, 4'000'000, 4'000'000, 78, false}};
  recorded.thumbnails = {{kMorning, 5, 9}};
  const auto text = write_asset_index(recorded);

  const auto back = read_asset_index(text);

  ASSERT_TRUE(back.ok());
  EXPECT_EQ(back->thumbnails, recorded.thumbnails);
  const auto& segments = back->recording.at(TrackKind::video).segments;
  EXPECT_EQ(segments[0].bytes, 77U);
  EXPECT_TRUE(segments[0].key);
  EXPECT_FALSE(segments[1].key);
  for (std::size_t size = 0; size + 1 < text.size(); ++size)
    EXPECT_FALSE(read_asset_index(text.substr(0, size)).ok()) << size;
}

/// A process that kills itself before the step of that number; false when there are fewer.
bool killed_at(int number, const std::function<void(const AssetFiles::Step&)>& work) {
  const auto child = ::fork();
  if (child == 0) {
    int left = number;
    work([&](std::string_view) {
      if (left-- == 0) ::raise(SIGKILL);
    });
    ::_exit(0);
  }
  int status = 0;
  ::waitpid(child, &status, 0);
  return WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL;
}

TEST_F(AssetTest, AHandOverThatIsKilledAtAnyStepIsDoneByTheNextProcess) {
  {
    const auto recorder = open(options());
    record(*recorder);
    recorder->flush();
  }
  int step = 0;
  for (;; ++step) {
    const bool killed = killed_at(step, [&](const AssetFiles::Step& on_step) {
      Metrics metrics;
      const auto recorder = std::move(*Recorder::open(options(), metrics));
      auto watched = asset_options();
      watched.step = on_step;
      const auto library = std::move(*AssetLibrary::open(watched, *recorder, metrics));
      static_cast<void>(resume(*library));
    });

    const auto recorder = open(options());
    const auto library = std::move(*AssetLibrary::open(asset_options(), *recorder, metrics_));
    const auto made = resume(*library);
    ASSERT_TRUE(made.ok()) << "step " << step << ": " << made.error().detail;
    EXPECT_EQ((*made)->duration_us(), 16'000'000) << step;
    const auto pictures = bytes(*library, **made, TrackKind::video);
    EXPECT_EQ(std::count(pictures.begin(), pictures.end(), '['), 32) << step;
    EXPECT_EQ(std::distance(fs::directory_iterator(dir_ / "assets"), {}), 1) << step;
    if (!killed) break;
    library->erase(kAsset);
  }
  EXPECT_GT(step, 12) << "publications, segments, the index, the name";
}

}  // namespace
}  // namespace troupe::media
