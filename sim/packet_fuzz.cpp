#include "sim/packet_fuzz.hpp"

#include <algorithm>
#include <array>
#include <deque>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <optional>
#include <thread>

#include <arpa/inet.h>
#include <fmt/format.h>
#include <sys/socket.h>
#include <unistd.h>

#include "sim/flood.hpp"
#include "sim/http_client.hpp"
#include "sim/match_crowd.hpp"

namespace troupe::sim {
namespace {

using Clock = std::chrono::steady_clock;
using namespace std::chrono_literals;

constexpr std::size_t kMostBytes = 1'300;
constexpr std::size_t kRemembered = 256;  ///< packets that are kept when a check failed
/// What comes of another address than the players', which the gate counts apart.
constexpr const char* kFrom = "127.0.0.3";

void put16(Packet& out, std::uint32_t value) {
  out.push_back(static_cast<std::uint8_t>(value >> 8));
  out.push_back(static_cast<std::uint8_t>(value));
}

/// A command's head, as in enet/protocol.h: number and flags, channel, sequence.
Packet command(std::uint8_t number, std::uint8_t channel) {
  return {number, channel, 0, 1};
}

Packet sized(Packet packet, std::initializer_list<std::uint32_t> words, std::size_t payload) {
  for (const auto word : words) put16(packet, word);
  put16(packet, static_cast<std::uint32_t>(payload));
  packet.resize(packet.size() + payload, 0x5a);
  return packet;
}

/// One session of a server, by hand.
class RawSession {
 public:
  RawSession(const std::string& host, std::uint16_t port)
      : fd_(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in from{}, to{};
    from.sin_family = to.sin_family = AF_INET;
    to.sin_port = htons(port);
    ::inet_pton(AF_INET, kFrom, &from.sin_addr);
    ::inet_pton(AF_INET, host.c_str(), &to.sin_addr);
    ok_ = ::bind(fd_, reinterpret_cast<const sockaddr*>(&from), sizeof from) == 0 &&
          ::connect(fd_, reinterpret_cast<const sockaddr*>(&to), sizeof to) == 0;
    const timeval wait{0, 300'000};
    ::setsockopt(fd_, SOL_SOCKET, SO_RCVTIMEO, &wait, sizeof wait);
  }
  ~RawSession() { ::close(fd_); }
  RawSession(const RawSession&) = delete;
  RawSession& operator=(const RawSession&) = delete;

  /// Whether the server gave it a number.
  bool open(std::uint64_t number) {
    if (!ok_) return false;
    send_raw(flood_datagram(FloodKind::connects, number, number));
    std::array<std::uint8_t, 2'048> in{};
    const auto got = ::recv(fd_, in.data(), in.size(), 0);
    constexpr ssize_t kHead = 4, kVerify = 44;
    constexpr std::uint8_t kVerifyConnect = 3;
    if (got < kHead + kVerify || (in[4] & 0x0f) != kVerifyConnect) return false;
    // After the command's head: the number that the server gave us, and which use of it.
    head_ = static_cast<std::uint32_t>(in[8] << 8 | in[9]) | static_cast<std::uint32_t>(in[11] & 3)
                                                                 << 12;
    Packet acknowledgement{1, 0xff, 0, 1};
    put16(acknowledgement, static_cast<std::uint32_t>(in[6] << 8 | in[7]));
    put16(acknowledgement, static_cast<std::uint32_t>(in[2] << 8 | in[3]));
    send(acknowledgement);
    return true;
  }
  void send(const Packet& commands) {
    Packet out;
    put16(out, 0x8000U | head_);
    put16(out, static_cast<std::uint32_t>(++time_ & 0xffff));
    out.insert(out.end(), commands.begin(), commands.end());
    send_raw(out);
  }

 private:
  void send_raw(const Packet& bytes) {
    static_cast<void>(::send(fd_, bytes.data(), bytes.size(), MSG_DONTWAIT));
  }
  int fd_;
  bool ok_ = false;
  std::uint32_t head_ = 0, time_ = 0;
};

Result<std::vector<Packet>> read_corpus(const std::string& directory) {
  auto out = packet_seeds();
  if (directory.empty()) return out;
  std::error_code failed;
  std::vector<std::filesystem::path> files;
  for (const auto& entry : std::filesystem::directory_iterator(directory, failed))
    files.push_back(entry.path());
  if (failed) return error(ErrorCode::io, directory + ": " + failed.message());
  std::ranges::sort(files);
  for (const auto& path : files) {
    std::ifstream file(path, std::ios::binary);
    Packet packet{std::istreambuf_iterator<char>(file), {}};
    if (packet.empty() || packet.size() > kMostBytes) continue;
    out.push_back(std::move(packet));
  }
  return out;
}

/// On a thread of its own.
class Fuzzer {
 public:
  Fuzzer(const Endpoint& endpoint, const PacketFuzzOptions& options, std::vector<Packet> corpus)
      : endpoint_(endpoint),
        options_(options),
        packets_(std::move(corpus), options.seed),
        thread_([this] { run(); }) {}
  ~Fuzzer() { end(); }

  void end() {
    stopping_ = true;
    if (thread_.joinable()) thread_.join();
  }
  [[nodiscard]] std::uint64_t sent() const { return sent_; }
  [[nodiscard]] std::uint64_t sessions() const { return sessions_; }
  /// After end().
  void keep(const std::string& directory) const {
    std::error_code ignored;
    std::filesystem::create_directories(directory, ignored);
    for (std::size_t i = 0; i < last_.size(); ++i) {
      std::ofstream file(fmt::format("{}/{:03}", directory, i), std::ios::binary);
      file.write(reinterpret_cast<const char*>(last_[i].data()),
                 static_cast<std::streamsize>(last_[i].size()));
    }
  }

 private:
  void run() {
    const auto period = std::chrono::duration_cast<Clock::duration>(
        std::chrono::duration<double>(1 / options_.per_second));
    auto next = Clock::now();
    std::mt19937_64 random(options_.seed);
    for (std::uint64_t number = 1; !stopping_; ++number) {
      RawSession session(endpoint_.host, endpoint_.game_port);
      if (!session.open(options_.seed * 1'000'000 + number)) continue;
      ++sessions_;
      // A malformed message ends the session; what follows hits one that is over.
      for (auto left = 1 + random() % 40; left > 0 && !stopping_; --left) {
        last_.push_back(packets_.next());
        if (last_.size() > kRemembered) last_.pop_front();
        session.send(last_.back());
        ++sent_;
        next = std::max(next + period, Clock::now() - 100ms);
        std::this_thread::sleep_until(next);
      }
    }
  }

  const Endpoint& endpoint_;
  const PacketFuzzOptions& options_;
  PacketMutator packets_;
  std::deque<Packet> last_;
  std::atomic<bool> stopping_{false};
  std::atomic<std::uint64_t> sent_{0}, sessions_{0};
  std::thread thread_;
};

bool all_play(Crowd& crowd) {
  return std::ranges::all_of(crowd.players(),
                             [&](const auto& player) { return crowd.plays(player); });
}

}  // namespace

std::vector<Packet> packet_seeds() {
  constexpr std::uint8_t kAcknowledge = 0x80, kUnsequenced = 0x40;
  std::vector<Packet> out;
  out.push_back(sized(command(1, 0xff), {1}, 0));                             // ACKNOWLEDGE
  out.push_back(Packet{4 | kAcknowledge, 0xff, 0, 1, 0, 0, 0, 9});            // DISCONNECT
  out.push_back(command(5 | kAcknowledge, 0xff));                             // PING
  out.push_back(sized(command(6 | kAcknowledge, 0), {}, 40));                 // SEND_RELIABLE
  out.push_back(sized(command(7, 1), {1}, 40));                               // SEND_UNRELIABLE
  out.push_back(sized(command(9 | kUnsequenced, 0), {1}, 20));                // SEND_UNSEQUENCED
  out.push_back(sized(command(10 | kAcknowledge, 0xff), {0, 0xffff, 0}, 1));  // BANDWIDTH_LIMIT
  out.push_back(
      sized(command(11 | kAcknowledge, 0xff), {0, 5'000, 0, 2, 0}, 2));  // THROTTLE_CONFIGURE
  for (const std::uint8_t fragment : {std::uint8_t{8 | kAcknowledge}, std::uint8_t{12}}) {
    auto packet = command(fragment, 0);
    for (const std::uint32_t word : {1U, 64U, 0U, 3U, 0U, 0U, 0U, 192U, 0U, 0U})
      put16(packet, word);  // start, length, count, number, total, offset
    packet.resize(packet.size() + 64, 0x33);
    out.push_back(std::move(packet));
  }
  return out;
}

Packet PacketMutator::next() {
  auto packet = corpus_[below(corpus_.size())];
  for (auto times = below(6); times > 0; --times) mutate(packet);
  if (packet.empty()) packet.push_back(static_cast<std::uint8_t>(random_()));
  if (packet.size() > kMostBytes) packet.resize(kMostBytes);
  return packet;
}

void PacketMutator::mutate(Packet& packet) {
  constexpr std::array<std::uint8_t, 8> kEdges{0, 1, 0x7f, 0x80, 0xff, 0xfe, 0x0f, 0x40};
  const auto at = packet.empty() ? 0 : below(packet.size());
  const auto place = packet.begin() + static_cast<std::ptrdiff_t>(at);
  switch (below(7)) {
    case 0:
      if (!packet.empty()) packet[at] ^= static_cast<std::uint8_t>(1U << below(8));
      break;
    case 1:
      if (!packet.empty()) packet[at] = kEdges[below(kEdges.size())];
      break;
    case 2:
      packet.insert(place, 1 + below(16), static_cast<std::uint8_t>(random_()));
      break;
    case 3:
      packet.erase(place, packet.end());
      break;
    case 4: {  // several commands in one datagram
      const auto& other = corpus_[below(corpus_.size())];
      packet.insert(packet.end(), other.begin(), other.end());
      break;
    }
    case 5: {  // the tail of another
      const auto& other = corpus_[below(corpus_.size())];
      packet.erase(place, packet.end());
      packet.insert(packet.end(), other.begin() + static_cast<std::ptrdiff_t>(below(other.size())),
                    other.end());
      break;
    }
    default:
      for (auto& byte : packet) {
        if (below(16) == 0) byte = static_cast<std::uint8_t>(random_());
      }
  }
}

Result<Section> run_packet_fuzz(const Endpoint& endpoint, const PacketFuzzOptions& options,
                                Progress& progress, const std::atomic<bool>& stop) {
  auto corpus = read_corpus(options.corpus);
  if (!corpus.ok()) return corpus.error();
  auto crowd = Crowd::make(endpoint, options.players, options.players, options.seed);
  if (!crowd.ok()) return crowd.error();
  for (auto& player : crowd->players()) {
    if (auto joined = crowd->join(player); !joined.ok()) return joined.error();
  }
  if (!crowd->play_until([&] { return all_play(*crowd); }, 15s))
    return error(ErrorCode::timeout, "not all players got in");
  Section section;
  section.title = "match packets";
  const auto began = Clock::now();
  Fuzzer fuzzer(endpoint, options, std::move(*corpus));
  std::atomic<double> fraction{0};
  const int part = progress.add(
      "packets", [&] { return fraction.load(); },
      [&] { return fmt::format("{} packets, {} sessions", fuzzer.sent(), fuzzer.sessions()); });
  HttpClient http(endpoint.host, endpoint.http_port);
  while (Clock::now() - began < options.duration && !stop && section.failures.empty()) {
    crowd->play(500ms);
    const auto healthy = http.get("/healthz");
    if (!healthy.ok() || healthy->status != 200) section.failures.push_back("the server is gone");
    if (!all_play(*crowd)) section.failures.push_back("players were disconnected");
    fraction = std::chrono::duration<double>(Clock::now() - began) /
               std::chrono::duration<double>(options.duration);
  }
  fuzzer.end();
  progress.remove(part);
  for (const auto& wrong : crowd->miscounts()) section.failures.push_back(wrong);
  for (auto& player : crowd->players()) crowd->leave(player);
  if (crowd->mismatches() != 0)
    section.failures.push_back(
        fmt::format("{} snapshots had a wrong checksum", crowd->mismatches()));
  if (fuzzer.sessions() == 0)
    section.failures.push_back("no session was opened: nothing was tried");
  if (!section.failures.empty() && !options.keep.empty()) fuzzer.keep(options.keep);
  section.rows = {
      {"packets", static_cast<double>(fuzzer.sent()), ""},
      {"sessions", static_cast<double>(fuzzer.sessions()), ""},
      {"messages refused", crowd->metric("troupe_udp_bad_packets_total"), ""},
      {"datagrams dropped", crowd->metric("troupe_udp_dropped_datagrams_total"), ""},
      {"snapshots with a wrong checksum", static_cast<double>(crowd->mismatches()), ""}};
  return section;
}

}  // namespace troupe::sim
