// Sessions that are not recorded for a while.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/recorder_fixture.hpp"

namespace troupe::media {
namespace {

struct RecorderOffTest : RecorderFixture {
  const std::uint64_t epoch = now_us();
  const std::unique_ptr<Recorder> recorder = open(options());

  void push(int seconds, std::int64_t from_us) {
    RecorderFixture::push(*recorder, {.seconds = seconds, .epoch = epoch, .from_us = from_us});
  }
  void push_thumbnail(std::int64_t media_us) {
    recorder->push_thumbnail(kSession, epoch, thumbnail(media_us, "JPEG"));
    recorder->flush();
  }
};

TEST_F(RecorderOffTest, what_is_finished_while_it_is_published_takes_nothing_beside_its_chunks) {
  push(2, 0);
  push_thumbnail(0);
  recorder->push_caption(kSession, epoch, 0, "before");

  recorder->finish(kSession);
  push_thumbnail(5'000'000);
  recorder->push_caption(kSession, epoch, 5'000'000, "not for the record");
  recorder->flush();

  EXPECT_EQ(recorder->thumbnails(kSession).size(), 1U);
  EXPECT_EQ(*RecordingFiles::read(recorder->files().captions(kSession, epoch)), "0 \"before\"\n");
}

TEST_F(RecorderOffTest, a_publication_that_is_recorded_again_goes_on_with_a_key_frame) {
  push(2, 0);
  recorder->finish(kSession);
  auto between = std::make_shared<Chunk>();
  between->track = 1;
  between->start_us = 7'500'000;
  between->duration_us = 500'000;
  between->bytes = std::make_shared<const std::string>("[between]");

  recorder->push(kSession, epoch, two_tracks(), between);
  push(1, 8'000'000);
  push_thumbnail(8'000'000);

  std::string all;
  const auto kept = recorder->find(kSession);
  for (const auto& segment : kept.at(TrackKind::video).segments)
    all += *recorder->read_segment(kSession, TrackKind::video, epoch, segment.number);
  EXPECT_THAT(all, testing::EndsWith("[1@1500000][1@8000000][1@8500000]"));
  EXPECT_EQ(recorder->thumbnails(kSession).size(), 1U);
}

}  // namespace
}  // namespace troupe::media
