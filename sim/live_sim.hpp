// Live sessions under load: a publisher that encodes with ffmpeg and pushes over SRT or RTMP, or
// dozens that send what was encoded before, and viewers over WebSocket, FLV, HLS and DASH.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <string>

#include "base/result.hpp"
#include "sim/endpoint.hpp"
#include "sim/live_misfits.hpp"
#include "sim/progress.hpp"
#include "sim/report.hpp"

namespace troupe::sim {

enum class Ingest : std::uint8_t { srt, rtmp };

struct LiveSimOptions {
  Ingest ingest = Ingest::srt;
  int viewers = 100;
  int decoders =
      2;  ///< Of the viewers: those whose bytes go through `ffmpeg -f null`, frames counted.
  std::chrono::seconds duration{60};
  std::string size = "1280x720";
  int fps = 30;
  int video_kbit = 2'000;
  int viewer_threads = 1;
  int publishers = 1;         ///< each of a session of its own; viewers are spread over these
  int flv_viewers = 0;        ///< beside them, over HTTP-FLV
  int hls_viewers = 0;        ///< beside them, over low-latency HLS
  int dash_viewers = 0;       ///< beside them, over DASH
  int low_dash_viewers = 0;   ///< beside them, over DASH with low latency
  MisfitCounts misfits = {};  ///< beside the viewers, from a third of the time on
  int crowd = 0;              ///< more viewers, who come at half of the time
  std::chrono::seconds crowd_within{10};
  std::uint16_t edge_port = 0;  ///< HTTP port of the edge where all watch; 0: with the publisher
  std::string title = "Test picture";
};

/// A newcomer is to have its first picture within so long.
inline constexpr double kPlayingWithinMs = 2'000;

/// Makes a session, publishes, watches and checks. With a crowd it fails when somebody of it waits
/// longer than kPlayingWithinMs, or when those who were there are skipped anything. Each viewer
/// checks that fragments are whole boxes in sequence, each where the one before ended; delays are
/// from the server's wall clock in `prft` to the message's arrival, so they mean something only on
/// the server's machine. Several publishers send one clip, encoded before, over RTMP. Errors: what
/// kept it from starting; what went wrong later is in Section::failures.
Result<Section> run_live(const Endpoint& endpoint, const LiveSimOptions& options,
                         Progress& progress, const std::atomic<bool>& stop);

/// argv of an ffmpeg that publishes `testsrc2` with a burned-in clock and a tone to `url` until it
/// is stopped.
std::vector<std::string> publisher_command(const LiveSimOptions& options, const std::string& url);

}  // namespace troupe::sim
