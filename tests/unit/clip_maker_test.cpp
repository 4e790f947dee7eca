// Clips and what becomes of them when what they are of goes away.
#include "media/recording/clip_maker.hpp"

#include <atomic>
#include <chrono>
#include <fstream>
#include <future>
#include <thread>

#include <gtest/gtest.h>

#include "base/metrics.hpp"
#include "tests/support/packaged_media.hpp"
#include "tests/support/temp_dir.hpp"

namespace troupe::media {
namespace {

namespace fs = std::filesystem;
using namespace std::chrono_literals;

constexpr const char* kShow = "01JD3Z2Q8W5N7X4V6T0R9S1M2K";
constexpr const char* kOther = "01JD3Z2Q8W5N7X4V6T0R9S1M2L";

class ClipMakerTest : public testing::Test {
 protected:
  std::unique_ptr<ClipMaker> open(ClipMaker::Planner planner) {
    ClipOptions options;
    options.directory = dir_ / "clips";
    return std::move(*ClipMaker::open(std::move(options), std::move(planner), metrics_));
  }
  /// As a process left it that was killed after it was made.
  void keep(const std::string& source, const std::string& id) {
    const fs::path folder = fs::path(dir_ / "clips") / source;
    fs::create_directories(folder);
    std::ofstream(folder / (id + ".mp4")) << "moof";
    std::ofstream(folder / (id + ".json"))
        << R"({"by":"alice","title":"","from_us":1,"to_us":2,"bytes":4,"pictures":1})";
  }
  static ClipMaker::Order order_of(const std::string& source) {
    return {.session = source, .by = "alice", .title = "", .from_us = 0, .to_us = 1'000'000};
  }
  [[nodiscard]] std::ptrdiff_t files_of(const std::string& source) const {
    return std::distance(fs::directory_iterator(fs::path(dir_ / "clips") / source), {});
  }

  test::TempDir dir_;
  Metrics metrics_;
};

Result<ClipPlan> nothing(const std::string&, std::int64_t, std::int64_t) {
  return error(ErrorCode::not_found, "nothing is recorded of that time");
}

TEST_F(ClipMakerTest, ClipsOfWhatIsGoneGoWithTheirFiles) {
  keep(kShow, "01JD3Z2Q8W5N7X4V6T0R9S1M2A");
  keep(kShow, "01JD3Z2Q8W5N7X4V6T0R9S1M2B");
  keep(kOther, "01JD3Z2Q8W5N7X4V6T0R9S1M2C");
  const auto clips = open(nothing);
  EXPECT_EQ(clips->sources(), (std::set<std::string>{kShow, kOther}));

  clips->erase_of(kShow);

  EXPECT_TRUE(clips->list(kShow).empty());
  EXPECT_EQ(files_of(kShow), 0);
  EXPECT_EQ(clips->list(kOther).size(), 1U);
  EXPECT_EQ(files_of(kOther), 2);
}

TEST_F(ClipMakerTest, APlanGoesBackToAFileThatBeginsWithAKeyFrame) {
  const RecordingFiles files(dir_ / "recordings");
  const auto segment = [](std::uint64_t epoch, std::uint64_t number, bool key) {
    return RecordedSegment{epoch,      number, static_cast<std::int64_t>(number) * 16'000'000,
                           16'000'000, 1,      key};
  };
  Recording recording;
  recording[TrackKind::video].segments = {segment(1, 0, true), segment(2, 0, true),
                                          segment(2, 1, false), segment(2, 2, false),
                                          segment(2, 3, false)};
  fs::create_directories(files.folder(kShow, 2));
  std::ofstream(files.init(kShow, 2, TrackKind::video)) << "init";

  const auto plan = plan_clip(files, kShow, recording, 40'000'000, 41'000'000);

  ASSERT_TRUE(plan.ok());
  const auto& pieces = plan->sources.at(0).pieces;
  ASSERT_EQ(pieces.size(), 4U) << "the init segment and three files";
  EXPECT_EQ(pieces[1].file, files.segment(kShow, TrackKind::video, segment(2, 0, true)));
}

TEST_F(ClipMakerTest, AClipThatCannotBeDescribedLeavesNoFiles) {
  const auto media = fs::path(dir_ / "media.mp4");
  const auto bytes = test::encode_clip(
      {"-f", "lavfi", "-i", "color=size=64x36:rate=10", "-t", "1", "-c:v", "libx264", "-preset",
       "ultrafast", "-pix_fmt", "yuv420p", "-movflags", "empty_moov+frag_keyframe"},
      "clip.mp4");
  std::ofstream(media, std::ios::binary) << bytes;
  const auto here = std::this_thread::get_id();
  std::unique_ptr<ClipMaker> clips;
  clips = open([&](const std::string&, std::int64_t, std::int64_t) -> Result<ClipPlan> {
    ClipPlan plan{.to_us = 1'000'000,
                  .sources = {{TrackKind::video, {{media, fs::file_size(media)}}}}};
    if (std::this_thread::get_id() != here) {  // it is made
      const auto folder = fs::path(dir_ / "clips") / kShow;
      fs::create_symlink("/dev/full", folder / (clips->list(kShow).at(0).id + ".json"));
    }
    return plan;
  });

  ASSERT_TRUE(clips->order(order_of(kShow)).ok());

  const auto until = std::chrono::steady_clock::now() + 20s;
  const auto settled = [&] { return clips->list(kShow).at(0).state == ClipState::failed; };
  while (!settled() && std::chrono::steady_clock::now() < until) std::this_thread::sleep_for(1ms);
  EXPECT_EQ(clips->list(kShow).at(0).why.code(), ErrorCode::io);
  EXPECT_EQ(files_of(kShow), 0);
}

TEST_F(ClipMakerTest, AClipBeingMadeGoesOnceItIsSettledAndThoseBehindItAtOnce) {
  std::promise<void> begun, go_on;
  const auto gate = go_on.get_future().share();
  std::atomic<int> made = 0;
  const auto here = std::this_thread::get_id();
  const auto clips = open([&](const std::string&, std::int64_t, std::int64_t) -> Result<ClipPlan> {
    if (std::this_thread::get_id() == here) return ClipPlan{};  // an order
    if (++made == 1) begun.set_value();
    gate.wait();
    return error(ErrorCode::not_found, "gone meanwhile");
  });
  for (int i = 0; i < 3; ++i) ASSERT_TRUE(clips->order(order_of(kShow)).ok());
  begun.get_future().wait();

  clips->erase_of(kShow);

  const auto left = clips->list(kShow);
  ASSERT_EQ(left.size(), 1U);
  EXPECT_EQ(left[0].state, ClipState::making);
  go_on.set_value();
  const auto until = std::chrono::steady_clock::now() + 10s;
  while (!clips->list(kShow).empty() && std::chrono::steady_clock::now() < until)
    std::this_thread::sleep_for(1ms);
  EXPECT_TRUE(clips->list(kShow).empty());
  EXPECT_EQ(made, 1);
}

}  // namespace
}  // namespace troupe::media
