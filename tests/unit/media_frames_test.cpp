// Frames of each codec that RTMP carries, as an encoder sends them, to CMAF that decodes.
#include <cstdlib>
#include <fstream>

#include <gtest/gtest.h>

#include "media/av.hpp"
#include "media/chunker.hpp"
#include "media/encoded.hpp"
#include "media/track_muxer.hpp"
#include "tests/support/temp_dir.hpp"

namespace troupe::media {
namespace {

struct Encoded {
  EncodedFormat format;
  std::vector<EncodedFrame> frames;
};

void shell(const std::string& command) {
  ASSERT_EQ(std::system(command.c_str()), 0) << command;
}

/// One second of picture (and tone), taken out of the MP4 that ffmpeg made.
Encoded encode(VideoCodec codec, const std::string& encoder, bool sound) {
  const test::TempDir dir;
  const auto path = dir / "clip.mp4";
  shell("ffmpeg -loglevel error -f lavfi -i testsrc2=size=320x180:rate=30 " +
        std::string(sound ? "-f lavfi -i sine=sample_rate=44100 -c:a aac " : "") + "-t 1 -c:v " +
        encoder + " -g 15 -pix_fmt yuv420p " + path + " 2>/dev/null");
  Encoded out;
  out.format.video_codec = codec;
  AVFormatContext* in = nullptr;
  EXPECT_EQ(avformat_open_input(&in, path.c_str(), nullptr, nullptr), 0);
  EXPECT_GE(avformat_find_stream_info(in, nullptr), 0);
  const auto is_video = [&](int index) {
    return in->streams[index]->codecpar->codec_type == AVMEDIA_TYPE_VIDEO;
  };
  for (unsigned i = 0; i < in->nb_streams; ++i) {
    const auto& p = *in->streams[i]->codecpar;
    auto& config =
        is_video(static_cast<int>(i)) ? out.format.video_config : out.format.audio_config;
    config.assign(reinterpret_cast<const char*>(p.extradata),
                  static_cast<std::size_t>(p.extradata_size));
  }
  const PacketPtr packet(av_packet_alloc());
  while (av_read_frame(in, packet.get()) >= 0) {
    const auto base = in->streams[packet->stream_index]->time_base;
    const auto ms = [&](std::int64_t time) { return av_rescale_q(time, base, {1, 1000}); };
    out.frames.push_back(
        {.kind = is_video(packet->stream_index) ? TrackKind::video : TrackKind::audio,
         .key = (packet->flags & AV_PKT_FLAG_KEY) != 0,
         .decode_ms = ms(packet->dts),
         .composition_ms = ms(packet->pts) - ms(packet->dts),
         .bytes = {reinterpret_cast<const char*>(packet->data),
                   static_cast<std::size_t>(packet->size)},
         .arrived = std::chrono::steady_clock::now()});
    av_packet_unref(packet.get());
  }
  avformat_close_input(&in);
  return out;
}

struct Packaged {
  Result<PackageStats> outcome = error(ErrorCode::internal);
  std::vector<Track> tracks;
  std::vector<ChunkPtr> chunks;
};

Packaged package(const Encoded& encoded, int chunk_ms = 0) {
  Packaged out;
  std::size_t next = 0;
  const auto source = [&]() -> std::optional<EncodedFrame> {
    if (next == encoded.frames.size()) return std::nullopt;
    return encoded.frames[next++];
  };
  out.outcome = package_frames(encoded.format, source,
                               {.tracks = [&](std::vector<Track> t) { out.tracks = std::move(t); },
                                .chunk =
                                    [&](ChunkPtr chunk) {
                                      out.chunks.push_back(std::move(chunk));
                                      return true;
                                    }},
                               {.chunk_ms = chunk_ms});
  return out;
}

/// Decodes the picture; how many there were.
std::string decoded_pictures(const Packaged& packaged) {
  const test::TempDir dir;
  std::ofstream file(dir / "video.mp4", std::ios::binary);
  file << *packaged.tracks.at(0).init;
  for (const auto& chunk : packaged.chunks) {
    if (chunk->track == 1) file << *chunk->bytes;
  }
  file.close();
  shell(
      "ffprobe -v error -count_frames -show_entries stream=codec_name,nb_read_frames -of csv=p=0 " +
      (dir / "video.mp4") + " > " + (dir / "out") + " 2>&1");
  std::ifstream result(dir / "out");
  std::string line;
  std::getline(result, line);
  return line;
}

TEST(FramePackager, H264WithSoundDecodesAndItsSizeIsKnownWithoutProbing) {
  const auto encoded = encode(VideoCodec::h264, "libx264 -bf 2", true);

  const auto out = package(encoded);

  ASSERT_TRUE(out.outcome.ok()) << out.outcome.error().detail;
  ASSERT_EQ(out.tracks.size(), 2U);
  EXPECT_EQ(out.tracks[0].codecs.substr(0, 7), "avc1.64");
  EXPECT_EQ(out.tracks[0].width, 320);
  EXPECT_EQ(out.tracks[0].height, 180);
  EXPECT_EQ(out.tracks[1].codecs, "mp4a.40.2");
  EXPECT_EQ(out.tracks[1].sample_rate, 44'100);
  EXPECT_EQ(decoded_pictures(out), "h264,30");
}

TEST(FramePackager, HevcDecodes) {
  const auto out =
      package(encode(VideoCodec::hevc,
                     "libx265 -preset ultrafast -tag:v hvc1 -x265-params log-level=none", false));

  ASSERT_TRUE(out.outcome.ok()) << out.outcome.error().detail;
  EXPECT_EQ(out.tracks.at(0).codecs.substr(0, 7), "hvc1.1.");
  EXPECT_EQ(out.tracks[0].width, 320);
  EXPECT_EQ(decoded_pictures(out), "hevc,30");
}

TEST(FramePackager, Av1Decodes) {
  const auto out = package(encode(VideoCodec::av1, "libsvtav1 -preset 12", false));

  ASSERT_TRUE(out.outcome.ok()) << out.outcome.error().detail;
  EXPECT_EQ(out.tracks.at(0).codecs.substr(0, 7), "av01.0.");
  EXPECT_EQ(out.tracks[0].height, 180);
  EXPECT_EQ(decoded_pictures(out), "av1,30");
}

TEST(FramePackager, AChunkOfTheGivenLengthHoldsItsFrames) {
  const auto out = package(encode(VideoCodec::h264, "libx264 -tune zerolatency", false), 100);

  ASSERT_TRUE(out.outcome.ok());
  for (std::size_t i = 0; i + 1 < out.chunks.size(); ++i) EXPECT_EQ(out.chunks[i]->frames, 3U);
}

TEST(FramePackager, WhatStandsBeforeTheFirstKeyFrameIsDropped) {
  auto encoded = encode(VideoCodec::h264, "libx264 -tune zerolatency", true);
  std::erase_if(encoded.frames, [](const EncodedFrame& frame) {
    return frame.kind == TrackKind::video && frame.key && frame.decode_ms < 400;
  });

  const auto out = package(encoded);

  ASSERT_TRUE(out.outcome.ok());
  EXPECT_EQ(out.outcome->video_frames, 15U);
  EXPECT_EQ(out.chunks.at(0)->track, 1U);
  EXPECT_EQ(out.chunks[0]->start_us, 0);
}

TEST(FramePackager, ParametersThatMakeNoSenseAreCorrupt) {
  auto encoded = encode(VideoCodec::h264, "libx264", true);
  auto deaf = encoded, blind = encoded;
  deaf.format.audio_config = "\xff\xff";
  blind.format.video_config = "nonsense";
  for (auto& frame : blind.frames) frame.bytes.assign(50, 'x');

  EXPECT_EQ(package(deaf).outcome.code(), ErrorCode::corrupt);
  EXPECT_EQ(package(blind).outcome.code(), ErrorCode::corrupt);
}

TEST(Chunker, PicturesThatAreTooLargeAreRefused) {
  const PackageSink sink;
  AVCodecParameters* parameters = avcodec_parameters_alloc();
  parameters->codec_type = AVMEDIA_TYPE_VIDEO;
  parameters->codec_id = AV_CODEC_ID_VP9;
  parameters->width = 8192;
  parameters->height = 4320;

  EXPECT_TRUE(Chunker(sink, {}).add_video(0, *parameters, {1, 1000}).ok());
  parameters->height += 2;
  EXPECT_EQ(Chunker(sink, {}).add_video(0, *parameters, {1, 1000}).code(), ErrorCode::too_large);
  avcodec_parameters_free(&parameters);
}

TEST(FramePackager, AChunkIsBoundedWhereTimesHardlyRise) {
  auto encoded = encode(VideoCodec::h264, "libx264", false);
  const auto key = encoded.frames.front();
  encoded.frames.resize(1);
  for (int i = 1; i < 20; ++i) {
    auto frame = key;
    frame.key = false;
    frame.decode_ms = key.decode_ms + i;
    frame.bytes = std::string(1U << 20, 'x');
    encoded.frames.push_back(std::move(frame));
  }

  const auto out = package(encoded, 100);

  EXPECT_EQ(out.outcome.code(), ErrorCode::too_large);
}

TEST(TrackMuxer, ACodecThatMp4DoesNotKnowIsCorruptAndHarmless) {
  AVCodecParameters* parameters = avcodec_parameters_alloc();
  parameters->codec_type = AVMEDIA_TYPE_VIDEO;
  parameters->codec_id = AV_CODEC_ID_VP8;
  parameters->width = parameters->height = 16;

  EXPECT_EQ(TrackMuxer::open(1, *parameters, 90'000).code(), ErrorCode::corrupt);
  avcodec_parameters_free(&parameters);
}

// A sound card that runs two parts in a hundred faster than the encoder's clock: more sound than
// time.
TEST(FramePackager, SoundThatDriftsKeepsUpWithItsPicture) {
  const auto second = encode(VideoCodec::h264, "libx264 -tune zerolatency", true);
  Encoded drifting{second.format, {}};
  constexpr int kSeconds = 20;
  constexpr double kFrameMs = 1024 / 44.1 * 0.98;
  int sounds = 0;
  for (int i = 0; i < kSeconds; ++i) {
    for (auto frame : second.frames) {
      const bool video = frame.kind == TrackKind::video;
      frame.decode_ms =
          video ? frame.decode_ms + i * 1000 : static_cast<std::int64_t>(sounds++ * kFrameMs);
      drifting.frames.push_back(std::move(frame));
    }
  }
  const auto frames_in_time = static_cast<std::uint64_t>(sounds * kFrameMs / (1024 / 44.1));

  const auto out = package(drifting);

  ASSERT_TRUE(out.outcome.ok()) << out.outcome.error().detail;
  EXPECT_NEAR(static_cast<double>(out.outcome->audio_frames), static_cast<double>(frames_in_time),
              5);
  EXPECT_NEAR(static_cast<double>(out.outcome->audio_frames + out.outcome->dropped_audio_frames),
              sounds, 1)
      << "none before the first picture";
  std::int64_t end_us = 0, sound_end_us = 0;
  for (const auto& chunk : out.chunks) {
    if (chunk->track == 1) end_us = chunk->start_us + chunk->duration_us;
    if (chunk->track != 2) continue;
    EXPECT_GE(chunk->start_us + 50, sound_end_us);
    sound_end_us = chunk->start_us + chunk->duration_us;
  }
  EXPECT_NEAR(static_cast<double>(sound_end_us), sounds * kFrameMs * 1e3, 90'000);
  EXPECT_NEAR(static_cast<double>(end_us), kSeconds * 1e6, 50'000);
}

}  // namespace
}  // namespace troupe::media
