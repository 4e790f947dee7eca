// Sound that leaves with the picture after it, where there are many viewers.
#include <gtest/gtest.h>

#include "net/ws/hub.hpp"

namespace troupe::ws {
namespace {

using namespace std::chrono_literals;

/// Keeps what it was sent, write by write.
class Writes : public Session {
 public:
  explicit Writes(std::uint64_t number) : number_(number) {}
  bool send(Frame frame) override {
    if (full) return false;
    writes.push_back(*frame);
    return true;
  }
  [[nodiscard]] std::size_t queued_bytes() const noexcept override { return 0; }
  void close(std::uint16_t, std::string_view) override {}
  void on_message(std::function<void(std::string_view, bool)>) override {}
  void on_close(std::function<void()>) override {}
  void on_drained(std::function<void()>) override {}
  [[nodiscard]] std::uint64_t id() const noexcept override { return number_; }
  void post(std::function<void()> task) override { task(); }
  [[nodiscard]] const void* loop() const noexcept override { return nullptr; }

  std::vector<std::string> writes;
  bool full = false;

 private:
  std::uint64_t number_;
};

class SoundTest : public ::testing::Test {
 protected:
  SoundTest() {
    media::Track video, sound;
    video.id = 1;
    sound.id = 2;
    sound.kind = media::TrackKind::audio;
    room.start(make_stream_start(1, {video, sound}), 0);
    first = join();
    for (int i = 1; i < kMany; ++i) join();
  }
  std::shared_ptr<Writes> join() {
    auto session = std::make_shared<Writes>(++sessions);
    room.join(session, 0);
    return session;
  }
  LiveChunk push(std::uint32_t track, bool key, std::string_view bytes) {
    auto chunk = std::make_shared<media::Chunk>();
    chunk->sequence = ++sequence;
    chunk->track = track;
    chunk->key = key;
    chunk->start_us = static_cast<std::int64_t>(sequence) * 10'000;
    chunk->duration_us = 33'000;
    const LiveChunk next{chunk, binary_frame(bytes)};
    room.chunk(next, now, stats);
    return next;
  }
  LiveChunk picture(bool key = false) { return push(1, key, "picture"); }
  LiveChunk sound() { return push(2, true, "sound"); }

  static constexpr int kMany = 3;
  FanoutLimits limits{.hold_sound_from_viewers = kMany};
  Room room{"s", limits, std::make_shared<Audience>()};
  FanoutStats stats;
  Room::TimePoint now{1h};
  std::uint64_t sequence = 0, sessions = 0;
  std::shared_ptr<Writes> first;
};

TEST_F(SoundTest, LeavesWithThePictureAfterItInOneWriteAndInOrder) {
  picture(true);
  first->writes.clear();

  const auto one = sound(), two = sound();
  const auto next = picture();

  EXPECT_EQ(first->writes, std::vector{*one.frame + *two.frame + *next.frame});
  EXPECT_FALSE(room.held_until());
}

TEST_F(SoundTest, LeavesAtOnceWhereThereAreFewViewers) {
  room.leave(2);
  picture(true);
  first->writes.clear();

  const auto one = sound();

  EXPECT_EQ(first->writes, std::vector{*one.frame});
}

TEST_F(SoundTest, WaitsNoLongerThanAPictureAndALittle) {
  picture(true);
  first->writes.clear();
  const auto one = sound();

  ASSERT_EQ(room.held_until(), now + 43ms);
  room.send_held(now + 43ms, stats);

  EXPECT_EQ(first->writes, std::vector{*one.frame});
  EXPECT_FALSE(room.held_until());
}

TEST_F(SoundTest, ComesOnceToAViewerThatJoinsWhileItWaits) {
  picture(true);
  const auto one = sound();
  const auto late = join();
  const auto next = picture();

  EXPECT_EQ(late->writes.back(), *one.frame + *next.frame);
  EXPECT_EQ(std::count(late->writes.begin(), late->writes.end(), *one.frame), 0);
}

TEST_F(SoundTest, IsCountedWithThePictureThatDidNotFit) {
  picture(true);
  first->full = true;
  sound();
  sound();
  picture();
  first->full = false;
  picture(true);

  ASSERT_GE(first->writes.size(), 2U);
  const auto& skip = first->writes[first->writes.size() - 2];
  EXPECT_NE(skip.find(R"("type":"skip","count":3,)"), std::string::npos) << skip;
}

TEST_F(SoundTest, IsNotSentAfterAHoleThatItStandsBefore) {
  picture(true);
  const auto one = sound();
  ++sequence;  // lost
  first->writes.clear();

  picture();
  picture(true);

  ASSERT_EQ(first->writes.size(), 2U);
  EXPECT_NE(first->writes[0].find(R"("type":"skip","count":3,)"), std::string::npos)
      << first->writes[0];
}

TEST_F(SoundTest, WithoutPicturesNeverWaits) {
  media::Track only;
  only.id = 2;
  only.kind = media::TrackKind::audio;
  room.start(make_stream_start(2, {only}), 0);
  sequence = 0;
  first->writes.clear();

  const auto one = sound();

  EXPECT_EQ(first->writes, std::vector{*one.frame});
}

}  // namespace
}  // namespace troupe::ws
