#include "media/recording/clip.hpp"

#include <algorithm>
#include <deque>
#include <fstream>
#include <span>

#include "media/av.hpp"
#include "media/ffmpeg_log.hpp"
#include "media/recording/clip_encoder.hpp"

extern "C" {
#include <libavutil/dict.h>
#include <libavutil/mem.h>
}

namespace troupe::media {
namespace {

/// Pictures that come out of order are shown so much later than their chunks say, at most.
constexpr std::int64_t kShownLaterUs = 1'000'000;
constexpr int kIoBytes = 64 << 10;
constexpr AVRational kMicroseconds{1, 1'000'000};

std::int64_t media_end_us(const RecordedSegment& segment) {
  return segment.start_us + segment.duration_us;
}

/// The publication whose pictures are the first at or after `from_us`.
std::optional<std::uint64_t> publication_at(const RecordedTrack& track, std::int64_t from_us,
                                            std::int64_t to_us) {
  for (const auto& segment : track.segments) {
    if (end_us(segment) > from_us && begin_us(segment) < to_us) return segment.epoch;
  }
  return std::nullopt;
}

/// The segments that a clip is cut from: back to one that begins with a key frame.
std::span<const RecordedSegment> pieces_of(const RecordedTrack& track, const ClipPlan& plan) {
  const auto& all = track.segments;
  const auto of_it = [&](const RecordedSegment& one) { return one.epoch == plan.epoch; };
  auto first = std::ranges::find_if(all, [&](const RecordedSegment& one) {
    return of_it(one) && media_end_us(one) + kShownLaterUs > plan.from_us;
  });
  const auto last = std::find_if(first, all.end(), [&](const RecordedSegment& one) {
    return !of_it(one) || one.start_us >= plan.to_us;
  });
  if (first == last) return {};
  while (!first->key && first != all.begin() && of_it(*std::prev(first))) --first;
  return {first, last};
}

/// One recorded track, demuxed. Times come in microseconds.
class Input {
 public:
  explicit Input(const ClipPlan::Source& source) : source_(source) {}
  ~Input() { avformat_close_input(&context_); }

  Result<void> open() {
    context_ = avformat_alloc_context();
    io_.reset(avio_alloc_context(static_cast<unsigned char*>(av_malloc(kIoBytes)), kIoBytes, 0,
                                 this, &Input::read_bytes, nullptr, nullptr));
    io_->seekable = 0;
    context_->pb = io_.get();
    context_->flags |= AVFMT_FLAG_CUSTOM_IO;
    const int opened =
        avformat_open_input(&context_, nullptr, av_find_input_format("mp4"), nullptr);
    if (opened < 0) return error(ErrorCode::corrupt, "the recording: " + av_error(opened));
    if (context_->nb_streams != 1)
      return error(ErrorCode::corrupt, "the recording: not one track to a file");
    return next();
  }

  [[nodiscard]] const AVCodecParameters& parameters() const {
    return *context_->streams[0]->codecpar;
  }
  [[nodiscard]] AVRational time_base() const { return context_->streams[0]->time_base; }
  [[nodiscard]] TrackKind kind() const noexcept { return source_.kind; }
  [[nodiscard]] bool at_end() const noexcept { return at_end_; }
  /// The packet in turn.
  [[nodiscard]] AVPacket& packet() { return *packet_; }
  [[nodiscard]] std::int64_t decode_us() const {
    return av_rescale_q(packet_->dts, time_base(), kMicroseconds);
  }
  [[nodiscard]] std::int64_t show_us() const {
    return av_rescale_q(packet_->pts, time_base(), kMicroseconds);
  }

  Result<void> next() {
    av_packet_unref(packet_.get());
    const int read = av_read_frame(context_, packet_.get());
    at_end_ = read < 0;
    if (lost_) return error(ErrorCode::not_found, "not in the recording any more");
    if (at_end_ && read != AVERROR_EOF)
      return error(ErrorCode::corrupt, "the recording: " + av_error(read));
    return {};
  }

 private:
  static int read_bytes(void* self, std::uint8_t* buffer, int size) {
    return static_cast<Input*>(self)->read(buffer, size);
  }

  int read(std::uint8_t* buffer, int size) {
    while (left_ == 0) {
      if (piece_ == source_.pieces.size()) return AVERROR_EOF;
      const auto& piece = source_.pieces[piece_++];
      file_ = std::ifstream(piece.file, std::ios::binary);
      left_ = piece.bytes;
      lost_ = lost_ || !file_;
      if (lost_) return AVERROR_EOF;
    }
    const auto wanted = std::min<std::uint64_t>(left_, static_cast<std::uint64_t>(size));
    file_.read(reinterpret_cast<char*>(buffer), static_cast<std::streamsize>(wanted));
    lost_ = lost_ || !file_;
    if (lost_) return AVERROR_EOF;
    left_ -= wanted;
    return static_cast<int>(wanted);
  }

  const ClipPlan::Source& source_;
  std::ifstream file_;
  std::size_t piece_ = 0;
  std::uint64_t left_ = 0;
  bool lost_ = false;
  bool at_end_ = false;
  AVFormatContext* context_ = nullptr;
  AvioPtr io_;
  PacketPtr packet_{av_packet_alloc()};
};

class Writer {
 public:
  Writer(const std::filesystem::path& file, std::uint64_t max_bytes)
      : path_(file.string()), max_bytes_(max_bytes) {}
  ~Writer() {
    if (context_ == nullptr) return;
    avio_closep(&context_->pb);
    avformat_free_context(context_);
  }

  /// `encoder`, if there is one, makes the first of them.
  Result<void> open(const std::vector<std::unique_ptr<Input>>& inputs, const ClipEncoder* encoder) {
    if (avformat_alloc_output_context2(&context_, nullptr, "mp4", path_.c_str()) < 0)
      return error(ErrorCode::internal, "no mp4 muxer");
    for (const auto& input : inputs) {
      auto* stream = avformat_new_stream(context_, nullptr);
      const bool made = encoder != nullptr && input == inputs.front();
      const auto& parameters = made ? encoder->parameters() : input->parameters();
      if (stream == nullptr || avcodec_parameters_copy(stream->codecpar, &parameters) < 0)
        return error(ErrorCode::internal, "no stream");
      stream->time_base = input->time_base();
    }
    context_->flags |= AVFMT_FLAG_BITEXACT;
    int done = avio_open(&context_->pb, path_.c_str(), AVIO_FLAG_WRITE);
    if (done < 0) return error(ErrorCode::io, "the clip cannot be written: " + av_error(done));
    AVDictionary* options = nullptr;
    av_dict_set(&options, "movflags", "+frag_keyframe+empty_moov+default_base_moof", 0);
    done = avformat_write_header(context_, &options);
    av_dict_free(&options);
    if (done < 0) return error(ErrorCode::corrupt, "the clip cannot be made: " + av_error(done));
    return {};
  }

  /// Takes `packet`, whose times are in `time_base`, `zero_us` before it.
  Result<void> write(AVPacket& packet, std::size_t stream, AVRational time_base,
                     std::int64_t zero_us) {
    const auto zero = av_rescale_q(zero_us, kMicroseconds, time_base);
    packet.dts -= zero;
    packet.pts -= zero;
    packet.stream_index = static_cast<int>(stream);
    packet.pos = -1;
    av_packet_rescale_ts(&packet, time_base, context_->streams[stream]->time_base);
    const int done = av_interleaved_write_frame(context_, &packet);
    if (done < 0) return error(ErrorCode::io, "the clip cannot be written: " + av_error(done));
    if (static_cast<std::uint64_t>(avio_tell(context_->pb)) > max_bytes_)
      return error(ErrorCode::too_large, "the clip is over its bound");
    return {};
  }

  Result<std::uint64_t> finish() {
    const int done = av_write_trailer(context_);
    if (done < 0) return error(ErrorCode::io, "the clip cannot be written: " + av_error(done));
    return static_cast<std::uint64_t>(avio_tell(context_->pb));
  }

 private:
  const std::string path_;
  const std::uint64_t max_bytes_;
  AVFormatContext* context_ = nullptr;
};

/// The packets of the group of pictures in which the clip begins: all from the last key frame at or
/// before `from_us`. The input stands behind them.
Result<std::deque<PacketPtr>> first_group(Input& input, std::int64_t from_us,
                                          std::uint64_t max_bytes) {
  std::deque<PacketPtr> group;
  std::uint64_t bytes = 0;
  while (!input.at_end()) {
    const bool key = (input.packet().flags & AV_PKT_FLAG_KEY) != 0;
    if (input.show_us() > from_us && !group.empty()) break;
    if (key) {
      group.clear();
      bytes = 0;
    }
    bytes += static_cast<std::uint64_t>(input.packet().size);
    if (bytes > max_bytes) return error(ErrorCode::too_large, "a group of pictures over the bound");
    if (key || !group.empty()) {
      PacketPtr copy(av_packet_alloc());
      av_packet_move_ref(copy.get(), &input.packet());
      group.push_back(std::move(copy));
    }
    if (auto more = input.next(); !more.ok()) return more.error();
  }
  if (group.empty()) return error(ErrorCode::not_found, "no key frame is recorded of that time");
  return group;
}

/// Puts the tracks together.
class Cutter {
 public:
  /// `encoder`: null where nothing is encoded anew.
  Cutter(const ClipPlan& plan, Writer& writer, std::vector<std::unique_ptr<Input>>& inputs,
         ClipEncoder* encoder)
      : plan_(plan), writer_(writer), inputs_(inputs), encoder_(encoder) {}

  Result<void> run(std::uint64_t max_bytes, const std::atomic<bool>& stop) {
    auto& main = *inputs_.front();
    auto group = first_group(main, plan_.from_us, max_bytes);
    if (!group.ok()) return group.error();
    zero_us_ = av_rescale_q(group->front()->dts, main.time_base(), kMicroseconds);
    for (auto& packet : *group) {
      if (auto done = write(*packet, 0); !done.ok()) return done;
    }
    // Which picture is the first shows with the one after it.
    while (encoder_ != nullptr && !encoder_->first_us() && !main.at_end()) {
      if (auto done = write(main.packet(), 0); !done.ok()) return done;
      if (auto more = main.next(); !more.ok()) return more;
    }
    if (encoder_ != nullptr) zero_us_ = encoder_->first_us().value_or(plan_.from_us);
    for (std::size_t i = 1; i < inputs_.size(); ++i) {
      while (!inputs_[i]->at_end() && inputs_[i]->decode_us() < zero_us_) {
        if (auto more = inputs_[i]->next(); !more.ok()) return more;
      }
    }
    while (true) {
      if (stop) return error(ErrorCode::unavailable, "the server stops");
      const auto index = earliest();
      if (!index) return encoder_ == nullptr ? Result<void>() : encode(nullptr);
      if (auto done = write(inputs_[*index]->packet(), *index); !done.ok()) return done;
      if (auto more = inputs_[*index]->next(); !more.ok()) return more;
    }
  }

  [[nodiscard]] ClipOutcome outcome() const {
    const auto epoch = static_cast<std::int64_t>(plan_.epoch);
    return {epoch + zero_us_, epoch + last_us_, 0, pictures_};
  }

 private:
  /// The input whose packet comes next, of those that are not at the clip's end.
  [[nodiscard]] std::optional<std::size_t> earliest() const {
    std::optional<std::size_t> best;
    for (std::size_t i = 0; i < inputs_.size(); ++i) {
      const auto& input = *inputs_[i];
      const bool wanted =
          i == 0 && encoder_ != nullptr ? !encoder_->past_end() : input.decode_us() < plan_.to_us;
      if (input.at_end() || !wanted) continue;
      if (!best || input.decode_us() < inputs_[*best]->decode_us()) best = i;
    }
    return best;
  }

  Result<void> write(AVPacket& packet, std::size_t index) {
    return index == 0 && encoder_ != nullptr ? encode(&packet) : put(packet, index);
  }

  /// Null: there are no more pictures.
  Result<void> encode(const AVPacket* packet) {
    return encoder_->push(packet, [this](AVPacket& made) {
      zero_us_ = *encoder_->first_us();
      return put(made, 0);
    });
  }

  Result<void> put(AVPacket& packet, std::size_t index) {
    const auto base = inputs_[index]->time_base();
    if (index == 0) {
      ++pictures_;
      last_us_ =
          std::max(last_us_, av_rescale_q(packet.dts + packet.duration, base, kMicroseconds));
    }
    return writer_.write(packet, index, base, zero_us_);
  }

  const ClipPlan& plan_;
  Writer& writer_;
  std::vector<std::unique_ptr<Input>>& inputs_;
  ClipEncoder* const encoder_;
  std::int64_t zero_us_ = 0, last_us_ = 0;
  std::uint64_t pictures_ = 0;
};

}  // namespace

Result<ClipPlan> plan_clip(const RecordingFiles& files, const std::string& session,
                           const Recording& recording, std::int64_t from_us, std::int64_t to_us) {
  if (from_us >= to_us) return error(ErrorCode::invalid_argument, "it ends before it begins");
  if (recording.empty()) return error(ErrorCode::not_found, "nothing is recorded of the session");
  const auto epoch = publication_at(recording.begin()->second, from_us, to_us);
  if (!epoch) return error(ErrorCode::not_found, "nothing is recorded of that time");
  ClipPlan plan;
  plan.epoch = *epoch;
  plan.from_us = from_us - static_cast<std::int64_t>(*epoch);
  plan.to_us = to_us - static_cast<std::int64_t>(*epoch);
  for (const auto& [kind, track] : recording) {  // the picture first: it says where to begin
    ClipPlan::Source source{kind, {}};
    const auto init = files.init(session, *epoch, kind);
    std::error_code gone;
    source.pieces.push_back({init, std::filesystem::file_size(init, gone)});
    if (gone) continue;
    for (const auto& segment : pieces_of(track, plan)) {
      source.pieces.push_back({files.segment(session, kind, segment), segment.bytes});
      plan.bytes += segment.bytes;
    }
    if (source.pieces.size() > 1) plan.sources.push_back(std::move(source));
  }
  if (plan.sources.empty()) return error(ErrorCode::not_found, "nothing is recorded of that time");
  return plan;
}

Result<ClipOutcome> write_clip(const ClipPlan& plan, const std::filesystem::path& file,
                               std::uint64_t max_bytes, const std::atomic<bool>& stop) {
  route_ffmpeg_log();
  std::vector<std::unique_ptr<Input>> inputs;
  for (const auto& source : plan.sources) {
    inputs.push_back(std::make_unique<Input>(source));
    if (auto opened = inputs.back()->open(); !opened.ok()) return opened.error();
  }
  std::unique_ptr<ClipEncoder> encoder;
  if (plan.cut == ClipCut::picture) {
    const auto& main = *inputs.front();
    auto opened = ClipEncoder::open(main.parameters(), main.time_base(), plan.from_us, plan.to_us);
    if (!opened.ok()) return opened.error();
    encoder = std::move(*opened);
  }
  Writer writer(file, max_bytes);
  if (auto opened = writer.open(inputs, encoder.get()); !opened.ok()) return opened.error();
  Cutter cutter(plan, writer, inputs, encoder.get());
  if (auto done = cutter.run(max_bytes, stop); !done.ok()) return done.error();
  const auto bytes = writer.finish();
  if (!bytes.ok()) return bytes.error();
  auto outcome = cutter.outcome();
  outcome.bytes = *bytes;
  return outcome;
}

}  // namespace troupe::media
