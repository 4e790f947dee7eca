// Any bytes as a file name below a rendition, and as the directives of a reload.
#include <cassert>
#include <cstddef>
#include <cstdint>
#include <string>

#include "media/playlist/hls.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace troupe::media;
  const std::string text(reinterpret_cast<const char*>(data), size);
  if (const auto file = parse_media_file(text)) {
    const auto again = parse_media_file(file_name(*file));
    assert(again && again->kind == file->kind && again->number == file->number &&
           again->part == file->part);
  }
  if (const auto file = parse_caption_file(text)) assert(file->kind != MediaFile::Kind::init);
  const auto half = text.substr(0, size / 2), rest = text.substr(size / 2);
  static SegmentWindow window({});
  static Rendition rendition;
  for (const auto& reload :
       {parse_reload(half, rest, std::nullopt), parse_reload(half, {}, rest)}) {
    if (reload.ok()) static_cast<void>(is_ready(window, rendition, *reload));
  }
  return 0;
}
