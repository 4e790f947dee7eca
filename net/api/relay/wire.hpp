// What an origin and an edge say to each other over the relay of a live session. Pure; every byte
// that comes in is judged here. docs/live_edge.md lists the messages.
#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "actors/live/viewing.hpp"
#include "base/result.hpp"
#include "media/chunk.hpp"
#include "media/ladder/thumbnail.hpp"
#include "media/playlist/captions.hpp"
#include "media/playlist/segment_window.hpp"

namespace troupe::api::relay {

inline constexpr int kVersion = 1;
/// Servers that a session comes through, at most.
inline constexpr std::size_t kMaxHops = 8;
inline constexpr std::size_t kMaxTracks = 16;
inline constexpr std::size_t kMaxInitBytes = 256U << 10;
/// Of one message from the origin, as its sockets bound what waits: two seconds of 32 Mbit/s.
inline constexpr std::size_t kMaxMessageBytes = 8U << 20;
/// What a viewer says, and the token that it says it by: escaped, both fit in a message of an edge.
inline constexpr std::size_t kMaxSaidBytes = 8U << 10, kMaxTokenBytes = 8U << 10;
inline constexpr std::size_t kMaxTextBytes = 2U << 20;
inline constexpr std::size_t kMaxThumbnailBytes = 512U << 10;
/// Viewers that an edge may tell of.
inline constexpr std::int64_t kMaxViewers = 10'000'000;
/// Of one kind that an edge may tell of at once.
inline constexpr std::uint64_t kMaxReactions = 1'000'000;

/// As live::Countries::Rule counts.
inline constexpr std::array<std::string_view, 3> kCountryRules{"any", "allow", "deny"};

/// Who watches: over WebSocket, and as players of HLS and DASH.
struct Viewers {
  std::int64_t sockets = 0;
  std::int64_t players = 0;
  friend bool operator==(const Viewers&, const Viewers&) = default;
};

// From the origin:
struct Hello {  ///< the first
  int version = 0;
  std::string server;  ///< its instance
};
struct Publication {  ///< begins, runs, or goes on after a hole
  std::uint64_t epoch = 0;
  std::vector<media::Track> tracks;
  std::optional<media::WindowCuts> cuts;
};
struct Renditions {  ///< by the ladder, from now on
  std::uint64_t epoch = 0;
  std::vector<media::Track> tracks;
};
/// What the session asks of viewers. Nothing of it is as the server has it for all.
struct Rules {
  live::ViewRules rules;
  std::string owner;
};
struct Ready {};  ///< all there is has been said: viewers may come
struct Stop {};   ///< the publisher left
struct Greeting {
  std::uint64_t ref = 0;
  std::vector<std::string> texts;  ///< for who joins the chat
};
/// To `Forward`; empty: nothing is to be said.
struct Answer {
  std::uint64_t ref = 0;
  std::string text;
};
struct Pong {
  std::int64_t sent_us = 0;  ///< of the ping
  std::int64_t wall_us = 0;  ///< the origin's clock
};
/// From a moment on the captions of one track show this, for playlists.
struct Caption {
  std::uint64_t epoch = 0;
  std::int64_t media_us = 0;
  std::string text;
  media::CaptionTrack track;
};
struct Cue {
  std::uint64_t number = 0, epoch = 0;
  std::int64_t media_us = 0;
  std::string scheme, payload;
};
/// For viewers, as it is.
struct Text {
  std::optional<Cue> cue;  ///< if it is one
};
using Down = std::variant<Hello, Publication, Renditions, Rules, Ready, Stop, Viewers, Greeting,
                          Answer, Pong, Caption, Text>;

// From the edge:
struct Reactions {
  std::vector<std::uint64_t> counts;  ///< by index into ws::kReactions
};
struct Greet {
  std::uint64_t ref = 0;
};
/// What a viewer said, with the token that it said it by.
struct Forward {
  std::uint64_t ref = 0;
  std::string token;
  std::string message;
};
struct Ping {
  std::int64_t sent_us = 0;
};
using Up = std::variant<Viewers, Reactions, Greet, Forward, Ping>;

struct RelayedChunk {
  std::uint64_t epoch = 0;
  bool made = false;  ///< by the ladder
  media::ChunkPtr chunk;
};

[[nodiscard]] std::string encode(const Hello& hello);
[[nodiscard]] std::string encode(const Publication& publication);
[[nodiscard]] std::string encode(const Renditions& renditions);
[[nodiscard]] std::string encode(const Rules& rules);
[[nodiscard]] std::string encode(const Caption& caption);
[[nodiscard]] std::string encode(const Ready& ready);
[[nodiscard]] std::string encode(const Stop& stop);
[[nodiscard]] std::string encode(const Viewers& viewers);
[[nodiscard]] std::string encode(const Greeting& greeting);
[[nodiscard]] std::string encode(const Answer& answer);
[[nodiscard]] std::string encode(const Pong& pong);
[[nodiscard]] std::string encode(const Reactions& reactions);
[[nodiscard]] std::string encode(const Greet& greet);
[[nodiscard]] std::string encode(const Forward& forward);
[[nodiscard]] std::string encode(const Ping& ping);
[[nodiscard]] std::string encode(std::uint64_t epoch, bool made, const media::Chunk& chunk);
[[nodiscard]] std::string encode(const media::Thumbnail& thumbnail);

/// Errors: corrupt, unsupported (another version), too_large.
[[nodiscard]] Result<Down> parse_down(std::string_view text);
[[nodiscard]] Result<Up> parse_up(std::string_view text);
using Media = std::variant<RelayedChunk, media::Thumbnail>;
/// A binary message, of whose chunk `completed` is now. Its CMAF is not looked at.
[[nodiscard]] Result<Media> parse_media(std::string_view bytes,
                                        std::chrono::steady_clock::time_point completed);

/// As viewers get it.
[[nodiscard]] std::string error_text(const Error& why);

/// "A,B" of `?via=`: the instances that a request has come through. Errors: invalid_argument,
/// unsupported (`self` is among them, or they are too many: live.origin points in a circle).
[[nodiscard]] Result<std::vector<std::string>> parse_via(std::string_view via,
                                                         std::string_view self);

}  // namespace troupe::api::relay
