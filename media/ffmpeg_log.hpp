// FFmpeg's libraries write to standard error unless told otherwise.
#pragma once

namespace troupe::media {

/// Sends what they say into our log, at level debug and without control characters: it repeats what
/// peers sent, and a broken stream says a line for each packet. Also bounds each of their
/// allocations to 96 MiB: what a peer's bytes promise is no reason for more. Any thread, any number
/// of times.
void route_ffmpeg_log();

}  // namespace troupe::media
