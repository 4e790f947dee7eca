#include "sim/rtmp_publisher.hpp"

#include <algorithm>
#include <array>
#include <atomic>
#include <bit>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <thread>

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/write.hpp>
#include <fmt/format.h>
#include <unistd.h>

#include "sim/child_process.hpp"

namespace troupe::sim {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;
using boost::system::error_code;
using Clock = std::chrono::steady_clock;
using std::chrono::milliseconds;

constexpr std::size_t kHandshake = 1'536;  // RTMP 1.0 section 5.2
constexpr std::size_t kChunk = 65'536;
constexpr std::uint8_t kSetChunkSize = 1, kCommand = 20;

std::uint32_t read_be(std::string_view bytes, std::size_t at, std::size_t size) {
  std::uint32_t value = 0;
  for (std::size_t i = 0; i < size; ++i)
    value = value << 8 | static_cast<unsigned char>(bytes[at + i]);
  return value;
}
void put_be(std::string& out, std::uint64_t value, std::size_t size) {
  for (std::size_t i = size; i-- > 0;) out.push_back(static_cast<char>(value >> (8 * i)));
}

// AMF 0 (section 2 of its specification), as much as a publisher says.
void put_key(std::string& out, std::string_view text) {
  put_be(out, text.size(), 2);
  out.append(text);
}
void put_text(std::string& out, std::string_view text) {
  out.push_back('\x02');
  put_key(out, text);
}
void put_number(std::string& out, double value) {
  out.push_back('\0');
  put_be(out, std::bit_cast<std::uint64_t>(value), 8);
}
constexpr char kAmfNull = '\x05', kAmfObject = '\x03';
constexpr std::string_view kAmfObjectEnd{"\0\0\x09", 3};

/// A message in chunks (RTMP 1.0 section 5.3).
void put_message(std::string& out, std::uint8_t chunk_stream, std::uint8_t type,
                 std::uint32_t stream, std::uint32_t time_ms, std::string_view payload,
                 std::size_t chunk) {
  constexpr std::uint32_t kExtended = 0xFF'FFFF;
  out.push_back(static_cast<char>(chunk_stream));
  put_be(out, std::min(time_ms, kExtended), 3);
  put_be(out, payload.size(), 3);
  out.push_back(static_cast<char>(type));
  for (int i = 0; i < 4; ++i) out.push_back(static_cast<char>(stream >> (8 * i)));
  if (time_ms >= kExtended) put_be(out, time_ms, 4);
  for (std::size_t at = 0; at < payload.size(); at += chunk) {
    if (at > 0) {
      out.push_back(static_cast<char>(0xC0 | chunk_stream));
      if (time_ms >= kExtended) put_be(out, time_ms, 4);
    }
    out.append(payload.substr(at, chunk));
  }
}

/// connect, createStream and publish; then longer chunks.
std::string opening(const std::string& stream_key) {
  constexpr std::size_t kFirstChunk = 128;
  std::string out;
  const auto command = [&](std::uint32_t stream, const auto& fill) {
    std::string payload;
    fill(payload);
    put_message(out, 3, kCommand, stream, 0, payload, kFirstChunk);
  };
  command(0, [](std::string& payload) {
    put_text(payload, "connect");
    put_number(payload, 1);
    payload.push_back(kAmfObject);
    put_key(payload, "app");
    put_text(payload, "live");
    payload.append(kAmfObjectEnd);
  });
  command(0, [](std::string& payload) {
    put_text(payload, "createStream");
    put_number(payload, 2);
    payload.push_back(kAmfNull);
  });
  command(1, [&](std::string& payload) {
    put_text(payload, "publish");
    put_number(payload, 3);
    payload.push_back(kAmfNull);
    put_text(payload, stream_key);
    put_text(payload, "live");
  });
  std::string size;
  put_be(size, kChunk, 4);
  put_message(out, 2, kSetChunkSize, 0, 0, size, kFirstChunk);
  return out;
}

struct Shared {
  asio::io_context loop{1};
  FlvClip clip;
  tcp::endpoint server;
  std::atomic<int> ended{0};
  std::atomic<std::int64_t> behind_us{0};
};

class Publisher {
 public:
  Publisher(Shared& shared, const std::string& stream_key)
      : shared_(shared), socket_(shared.loop), timer_(shared.loop), opening_(opening(stream_key)) {}

  void start(milliseconds wait) {
    timer_.expires_after(wait);
    timer_.async_wait([this](error_code) {
      socket_.async_connect(shared_.server, [this](error_code ec) {
        if (ec) return ended();
        out_ = "\x03" + std::string(kHandshake, 'c');
        asio::async_write(socket_, asio::buffer(out_),
                          [this](error_code wrote, std::size_t) { wrote ? ended() : shake(); });
      });
    });
  }

 private:
  void shake() {
    asio::async_read(socket_, asio::buffer(answer_), [this](error_code ec, std::size_t) {
      if (ec) return ended();
      out_.assign(answer_.data() + 1, kHandshake);  // C2 echoes S1
      out_ += opening_;
      asio::async_write(socket_, asio::buffer(out_),
                        [this](error_code wrote, std::size_t) { wrote ? ended() : listen(); });
    });
  }

  /// Until it says that it takes the stream, and then for as long as it is connected.
  void listen() {
    socket_.async_read_some(asio::buffer(answer_), [this](error_code ec, std::size_t size) {
      if (ec) return ended();
      if (!publishing_) heard_.append(answer_.data(), size);
      if (!publishing_ && heard_.find("NetStream.Publish.Start") != std::string::npos) {
        publishing_ = true;
        began_ = Clock::now();
        out_.clear();
        for (const auto& head : shared_.clip.heads) put(head, 0);
        send();
      }
      listen();
    });
  }

  void send() {
    asio::async_write(socket_, asio::buffer(out_), [this](error_code ec, std::size_t) {
      if (ec) return ended();
      wait();
    });
  }

  [[nodiscard]] Clock::time_point due() const {
    return began_ +
           milliseconds(round_ * shared_.clip.duration_ms + shared_.clip.tags[next_].time_ms);
  }

  void wait() {
    timer_.expires_at(due());
    timer_.async_wait([this](error_code ec) {
      if (ec) return;
      const auto now = Clock::now();
      const auto behind =
          std::chrono::duration_cast<std::chrono::microseconds>(now - due()).count();
      if (behind > shared_.behind_us) shared_.behind_us = behind;
      out_.clear();
      while (due() <= now) {
        put(shared_.clip.tags[next_],
            static_cast<std::uint32_t>(round_) * shared_.clip.duration_ms);
        if (++next_ == shared_.clip.tags.size()) {
          next_ = 0;
          ++round_;
        }
      }
      send();
    });
  }

  void put(const FlvClip::Tag& tag, std::uint32_t offset_ms) {
    put_message(out_, tag.type == 8 ? 4 : 6, tag.type, 1, tag.time_ms + offset_ms, tag.payload,
                kChunk);
  }

  void ended() {
    if (std::exchange(over_, true)) return;
    ++shared_.ended;
    timer_.cancel();
    error_code ignored;
    socket_.close(ignored);
  }

  Shared& shared_;
  tcp::socket socket_;
  asio::steady_timer timer_;
  const std::string opening_;
  std::string out_, heard_;
  std::array<char, 1 + 2 * kHandshake> answer_{};
  Clock::time_point began_{};
  std::size_t next_ = 0;
  std::int64_t round_ = 0;
  bool publishing_ = false, over_ = false;
};

}  // namespace

Result<FlvClip> parse_flv(std::string_view file, std::uint32_t duration_ms) {
  constexpr std::size_t kFileHead = 13, kTagHead = 11, kTagEnd = 4;
  if (!file.starts_with("FLV") || file.size() < kFileHead)
    return error(ErrorCode::corrupt, "no FLV file");
  FlvClip clip{.heads = {}, .tags = {}, .duration_ms = duration_ms};
  for (std::size_t at = kFileHead; at + kTagHead <= file.size();) {
    const std::size_t size = read_be(file, at + 1, 3);
    if (size + kTagHead > file.size() - at) return error(ErrorCode::corrupt, "a tag is cut off");
    FlvClip::Tag tag{static_cast<std::uint8_t>(file[at]),
                     read_be(file, at + 4, 3) | read_be(file, at + 7, 1) << 24,
                     std::string(file.substr(at + kTagHead, size))};
    // The second byte of AVC and AAC tags is 0 for configurations (E.4.2.2, E.4.3.2); 2 ends.
    const bool media = tag.type == 8 || tag.type == 9;
    const bool head = !media || (size > 1 && tag.payload[1] == 0);
    const bool end = tag.type == 9 && size > 1 && tag.payload[1] == 2;
    if (head)
      clip.heads.push_back(std::move(tag));
    else if (!end && tag.time_ms < duration_ms)
      clip.tags.push_back(std::move(tag));
    at += kTagHead + size + kTagEnd;
  }
  if (clip.tags.empty()) return error(ErrorCode::corrupt, "nothing to play");
  return clip;
}

Result<FlvClip> make_flv_clip(const std::string& size, int fps, int video_kbit, int seconds) {
  const auto path =
      (std::filesystem::temp_directory_path() / fmt::format("troupe-clip-{}.flv", ::getpid()))
          .string();
  const auto rate = fmt::format("{}k", video_kbit);
  const auto length = std::to_string(seconds);
  auto encoder =
      ChildProcess::start({"ffmpeg",    "-hide_banner",
                           "-loglevel", "error",
                           "-nostdin",  "-y",
                           "-f",        "lavfi",
                           "-i",        fmt::format("testsrc2=size={}:rate={}", size, fps),
                           "-f",        "lavfi",
                           "-i",        "sine=frequency=440:sample_rate=48000",
                           "-t",        length,
                           "-c:v",      "libx264",
                           "-preset",   "ultrafast",
                           "-tune",     "zerolatency",
                           "-pix_fmt",  "yuv420p",
                           "-g",        std::to_string(fps),
                           "-b:v",      rate,
                           "-maxrate",  rate,
                           "-bufsize",  fmt::format("{}k", video_kbit / 2),
                           "-c:a",      "aac",
                           "-b:a",      "128k",
                           "-f",        "flv",
                           path},
                          {.stdout_path = {}, .stderr_path = "-", .pipe_stdin = false});
  if (!encoder.ok()) return encoder.error();
  const auto status = encoder->wait(std::chrono::minutes(2));
  std::ifstream in(path, std::ios::binary);
  const std::string file{std::istreambuf_iterator<char>(in), {}};
  std::error_code ignored;
  std::filesystem::remove(path, ignored);
  if (status != 0) return error(ErrorCode::io, "ffmpeg made no clip");
  return parse_flv(file, static_cast<std::uint32_t>(seconds) * 1'000);
}

struct RtmpPublishers::Impl {
  Shared shared;
  std::vector<std::unique_ptr<Publisher>> all;
  std::thread thread;
};

RtmpPublishers::RtmpPublishers(const Endpoint& endpoint, FlvClip clip,
                               const std::vector<std::string>& stream_keys)
    : impl_(std::make_unique<Impl>()) {
  auto& shared = impl_->shared;
  shared.clip = std::move(clip);
  shared.server = {asio::ip::make_address(endpoint.host), endpoint.rtmp_port};
  const auto count = static_cast<int>(stream_keys.size());
  for (int i = 0; i < count; ++i) {
    impl_->all.push_back(
        std::make_unique<Publisher>(shared, stream_keys[static_cast<std::size_t>(i)]));
    impl_->all.back()->start(milliseconds(1'000 * i / count));
  }
  impl_->thread = std::thread([this] { impl_->shared.loop.run(); });
}

RtmpPublishers::~RtmpPublishers() {
  impl_->shared.loop.stop();
  impl_->thread.join();
  impl_->all.clear();
}

int RtmpPublishers::ended() const noexcept {
  return impl_->shared.ended;
}
double RtmpPublishers::behind_ms() const noexcept {
  return static_cast<double>(impl_->shared.behind_us) / 1'000;
}

}  // namespace troupe::sim
