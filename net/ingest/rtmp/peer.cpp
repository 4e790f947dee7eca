#include "net/ingest/rtmp/peer.hpp"

#include "net/ingest/rtmp/publish_name.hpp"

namespace troupe::ingest::rtmp {
namespace {

constexpr std::uint32_t kControlChunkStream = 2;                          // section 5.4
constexpr std::uint32_t kCommandChunkStream = 3, kStatusChunkStream = 5;  // any but 2 will do
constexpr std::uint32_t kStream = 1;  // the one message stream that createStream gives
constexpr std::size_t kOurChunkSize = 4'096;
constexpr std::uint32_t kOurWindow = 2'500'000;
constexpr std::uint8_t kDynamic = 2;  // section 5.4.5
constexpr std::size_t kMaxCommandBytes = 16U << 10;
// Section 7.1.7.
constexpr std::uint32_t kStreamBegin = 0, kPingRequest = 6, kPingResponse = 7;

std::string be(std::uint64_t value, std::size_t count) {
  std::string out;
  append_be(out, value, count);
  return out;
}

std::string describe(const Error& why) {
  return std::string(to_string(why.code)) + ": " + why.detail;
}

AmfValue information(const char* level, const char* code, const std::string& description) {
  return AmfObject{{"level", level}, {"code", code}, {"description", description}};
}

const AmfValue& argument(const AmfArray& command, std::size_t index) {
  static const AmfValue kNull;
  return index < command.size() ? command[index] : kNull;
}

}  // namespace

Peer::Peer(std::string random, PeerEvents events, ChunkLimits limits)
    : handshake_(std::move(random)), events_(std::move(events)), reader_(limits) {}

Result<void> Peer::feed(Bytes in) {
  if (!handshake_.done()) {
    const auto taken = handshake_.feed(in, out_);
    if (!taken.ok()) return taken.error();
    in = in.subspan(*taken);
  }
  received_ += static_cast<std::uint32_t>(in.size());
  if (auto read = reader_.feed(in, [this](Message&& m) { return on_message(std::move(m)); });
      !read.ok())
    return read;
  acknowledge();
  if (out_.size() + unsent_ > kMaxOutput)
    return error(ErrorCode::overloaded, "RTMP: the peer does not read our answers");
  return {};
}

void Peer::acknowledge() {
  if (window_ == 0 || received_ - acknowledged_ < window_) return;
  acknowledged_ = received_;
  control(MessageType::acknowledgement, be(received_, 4));
}

void Peer::control(MessageType type, std::string_view payload) {
  append_message(out_, kControlChunkStream, type, 0, payload, chunk_size_);
}

void Peer::answer(const char* name, double transaction, AmfValue properties,
                  AmfValue information_value) {
  std::string payload;
  append_amf0(payload, name);
  append_amf0(payload, transaction);
  append_amf0(payload, properties);
  append_amf0(payload, information_value);
  append_message(out_, kCommandChunkStream, MessageType::command, 0, payload, chunk_size_);
}

void Peer::status(const char* level, const char* code, const std::string& description) {
  std::string payload;
  append_amf0(payload, "onStatus");
  append_amf0(payload, 0.0);
  append_amf0(payload, AmfValue());
  append_amf0(payload, information(level, code, description));
  append_message(out_, kStatusChunkStream, MessageType::command, kStream, payload, chunk_size_);
}

void Peer::fail(const Error& why) {
  if (publishing_) status("error", "NetStream.Failed", describe(why));
}

Result<void> Peer::on_message(Message&& message) {
  switch (message.type) {
    case MessageType::window_size:
      if (message.payload.size() >= 4) window_ = read_be(bytes_of(message.payload), 0, 4);
      return {};
    case MessageType::user_control:
      return on_user_control(bytes_of(message.payload));
    case MessageType::audio:
    case MessageType::video:
      return on_media(std::move(message));
    case MessageType::data_amf3:
      // The same in AMF0 after a byte 0, as with commands.
      if (message.payload.empty() || message.payload[0] != 0) return {};
      message.payload.erase(0, 1);
      message.type = MessageType::data;
      [[fallthrough]];
    case MessageType::data:
      return publishing_ ? on_media(std::move(message)) : Result<void>();
    case MessageType::aggregate:
      return on_aggregate(message);
    case MessageType::command_amf3:
      // The same in AMF0 after a byte 0, as Flash did with objectEncoding 3.
      if (message.payload.empty() || message.payload[0] != 0)
        return error(ErrorCode::unsupported, "RTMP: commands in AMF3");
      message.payload.erase(0, 1);
      return on_command(message);
    case MessageType::command:
      return on_command(message);
    default:
      return {};  // acknowledgements, shared objects
  }
}

Result<void> Peer::on_user_control(Bytes payload) {
  if (payload.size() < 6 || read_be(payload, 0, 2) != kPingRequest) return {};
  control(MessageType::user_control, be(kPingResponse, 2) + be(read_be(payload, 2, 4), 4));
  return {};
}

Result<void> Peer::on_media(Message&& message) {
  if (finished_) return {};
  if (!publishing_) return error(ErrorCode::invalid_argument, "RTMP: media before publish");
  auto taken = media_.take(std::move(message), events_.media);
  if (!taken.ok()) fail(taken.error());
  return taken;
}

/// Several messages as FLV tags (section 7.1.6): their times are set so that the first has the
/// aggregate's own.
Result<void> Peer::on_aggregate(const Message& message) {
  constexpr std::size_t kTagHeaderBytes = 11, kBackPointerBytes = 4;
  auto rest = bytes_of(message.payload);
  std::optional<std::uint32_t> first;
  while (!rest.empty()) {
    if (rest.size() < kTagHeaderBytes)
      return error(ErrorCode::invalid_argument, "RTMP: an aggregate cut short");
    const std::size_t size = read_be(rest, 1, 3);
    const auto time = read_be(rest, 4, 3) | read_be(rest, 7, 1) << 24;
    const auto whole = kTagHeaderBytes + size;
    if (rest.size() < whole)
      return error(ErrorCode::invalid_argument, "RTMP: an aggregate cut short");
    const auto body = rest.subspan(kTagHeaderBytes, size);
    Message part{message.timestamp_ms + (time - first.value_or(time)),
                 static_cast<MessageType>(rest[0]), message.stream,
                 std::string(reinterpret_cast<const char*>(body.data()), body.size())};
    first = first.value_or(time);
    const bool media = part.type == MessageType::audio || part.type == MessageType::video ||
                       part.type == MessageType::data;
    if (media) {
      if (auto taken = on_media(std::move(part)); !taken.ok()) return taken;
    }
    rest = rest.subspan(std::min(rest.size(), whole + kBackPointerBytes));
  }
  return {};
}

Result<void> Peer::on_command(const Message& message) {
  if (message.payload.size() > kMaxCommandBytes)
    return error(ErrorCode::too_large, "RTMP: a command over 16 KiB");
  const auto command = decode_amf0(bytes_of(message.payload));
  if (!command.ok()) return command.error();
  const auto* name = argument(*command, 0).text();
  if (name == nullptr) return error(ErrorCode::invalid_argument, "RTMP: a command without a name");
  const auto* number = argument(*command, 1).number();
  const double transaction = number == nullptr ? 0 : *number;
  if (*name == "connect") return on_connect(transaction, *command);
  if (!connected_) return error(ErrorCode::invalid_argument, "RTMP: " + *name + " before connect");
  if (*name == "createStream") {
    answer("_result", transaction, {}, static_cast<double>(kStream));
    return {};
  }
  if (*name == "publish") return on_publish(*command);
  if (*name == "deleteStream" || *name == "closeStream" || *name == "FCUnpublish") {
    if (publishing_ && !finished_) status("status", "NetStream.Unpublish.Success", "goodbye");
    finished_ = finished_ || publishing_;
    return {};
  }
  if (*name == "releaseStream" || *name == "FCPublish" || name->starts_with('_')) return {};
  if (*name == "play") {
    status("error", "NetStream.Play.Failed", "unsupported: publishers only");
    return error(ErrorCode::unsupported, "RTMP: publishers only");
  }
  if (transaction != 0)
    answer("_error", transaction, {},
           information("error", "NetConnection.Call.Failed", "not_found: no such command"));
  return {};
}

// Section 7.2.1.1.
Result<void> Peer::on_connect(double transaction, const AmfArray& command) {
  if (connected_) return error(ErrorCode::invalid_argument, "RTMP: connected already");
  const auto* member = argument(command, 2).member("app");
  const auto* app = member == nullptr ? nullptr : member->text();
  if (app == nullptr || (*app != "live" && *app != "live/")) {
    const auto why = error(ErrorCode::not_found, "the application must be live");
    answer("_error", transaction, {},
           information("error", "NetConnection.Connect.Rejected", describe(why)));
    return why;
  }
  connected_ = true;
  control(MessageType::window_size, be(kOurWindow, 4));
  control(MessageType::peer_bandwidth, be(kOurWindow, 4) + be(kDynamic, 1));
  control(MessageType::set_chunk_size, be(kOurChunkSize, 4));
  chunk_size_ = kOurChunkSize;
  auto success = information("status", "NetConnection.Connect.Success", "welcome");
  std::get<AmfObject>(success.is).emplace_back("objectEncoding", 0.0);
  answer("_result", transaction, AmfObject{{"fmsVer", "FMS/3,0,1,123"}, {"capabilities", 31.0}},
         std::move(success));
  return {};
}

// Section 7.2.2.6.
Result<void> Peer::on_publish(const AmfArray& command) {
  if (publishing_) return error(ErrorCode::invalid_argument, "RTMP: a second publish");
  const auto* stream_name = argument(command, 3).text();
  auto name = parse_publish_name(stream_name == nullptr ? "" : *stream_name);
  auto verdict = name.ok() ? events_.publish(*name) : name.error();
  if (!verdict.ok()) {
    status("error", "NetStream.Publish.BadName", describe(verdict.error()));
    return verdict;
  }
  publishing_ = true;
  control(MessageType::user_control, be(kStreamBegin, 2) + be(kStream, 4));
  status("status", "NetStream.Publish.Start", "publishing " + name->session);
  return {};
}

}  // namespace troupe::ingest::rtmp
