#include "tests/support/rtmp_client.hpp"

#include <fstream>
#include <iterator>
#include <stdexcept>

#include "net/ingest/rtmp/handshake.hpp"
#include "sim/child_process.hpp"
#include "tests/support/temp_dir.hpp"

namespace troupe::test {
namespace {

using namespace ingest::rtmp;

constexpr std::size_t kChunkSize = 128;  // what a connection begins with
constexpr std::uint32_t kCommandStream = 3, kMediaStream = 4;

}  // namespace

std::vector<FlvTag> flv_clip(int seconds, bool sound) {
  const TempDir dir;
  std::vector<std::string> argv{
      "ffmpeg", "-loglevel", "error", "-f", "lavfi", "-i", "testsrc2=size=320x180:rate=30"};
  if (sound)
    argv.insert(argv.end(), {"-f", "lavfi", "-i", "sine=sample_rate=48000", "-c:a", "aac"});
  argv.insert(argv.end(),
              {"-t", std::to_string(seconds), "-c:v", "libx264", "-preset", "ultrafast", "-tune",
               "zerolatency", "-g", "30", "-pix_fmt", "yuv420p", dir / "clip.flv"});
  auto child = sim::ChildProcess::start(argv, {});
  if (!child.ok() || child->wait(std::chrono::seconds(60)) != 0)
    throw std::runtime_error("ffmpeg made no clip");
  std::ifstream file(dir / "clip.flv", std::ios::binary);
  const std::string bytes{std::istreambuf_iterator<char>(file), {}};
  const auto all = bytes_of(bytes);
  std::vector<FlvTag> tags;
  for (std::size_t at = 13; at + 11 < bytes.size();) {
    const std::size_t size = read_be(all, at + 1, 3);
    tags.push_back({static_cast<MessageType>(all[at]),
                    read_be(all, at + 4, 3) | read_be(all, at + 7, 1) << 24,
                    bytes.substr(at + 11, size)});
    at += 11 + size + 4;
  }
  return tags;
}

void RtmpClient::handshake() {
  socket_.send("\x03" + std::string(kHandshakeBytes, 'c'));
  static_cast<void>(socket_.read(1 + 2 * kHandshakeBytes));
  socket_.send(std::string(kHandshakeBytes, 's'));
}

void RtmpClient::command(const AmfArray& values) {
  std::string payload, bytes;
  for (const auto& value : values) append_amf0(payload, value);
  append_message(bytes, kCommandStream, MessageType::command, 0, payload, kChunkSize);
  socket_.send(bytes);
}

bool RtmpClient::publish(const std::string& name) {
  handshake();
  command({"connect", 1.0, AmfObject{{"app", "live"}}});
  command({"createStream", 2.0, AmfValue()});
  command({"publish", 3.0, AmfValue(), name, "live"});
  return hears("NetStream.Publish.") &&
         heard().find("NetStream.Publish.Start") != std::string::npos;
}

void RtmpClient::send(const FlvTag& tag) {
  std::string bytes, time;
  append_message(bytes, kMediaStream, tag.type, 1, tag.payload, kChunkSize);
  append_be(time, tag.time_ms, 3);
  socket_.send(bytes.replace(1, 3, time));
}

}  // namespace troupe::test
