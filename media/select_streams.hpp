// Which of a demuxer's streams are packaged. Only for this room.
#pragma once

#include "base/result.hpp"
#include "media/av.hpp"
#include "media/chunker.hpp"
#include "media/packager.hpp"

namespace troupe::media {

/// avformat_find_stream_info, whose decoders refuse what is larger than kMaxPicturePixels.
[[nodiscard]] int find_streams(AVFormatContext& in);

/// Adds the first video and the first audio to `chunker`; the others are discarded. Errors:
/// unsupported (no video, a codec that is not carried), corrupt.
Result<void> select_streams(AVFormatContext& in, Container container, Chunker& chunker);

}  // namespace troupe::media
