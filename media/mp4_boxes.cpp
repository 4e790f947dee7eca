#include "media/mp4_boxes.hpp"

namespace troupe::media {

Error broken_box(const char* box) {
  return error(ErrorCode::corrupt, std::string("MP4: a broken ") + box);
}

Result<void> each_box(std::string_view bytes, const VisitBox& visit) {
  BoxReader reader(bytes);
  while (!reader.at_end()) {
    const std::uint64_t size = reader.u32();
    const auto type = reader.u32();
    if (reader.short_of() || size < kBoxHeaderBytes) return broken_box("box");
    const auto payload = reader.take(size - kBoxHeaderBytes);
    if (reader.short_of()) return broken_box("box");
    if (auto done = visit(type, payload); !done.ok()) return done;
  }
  return {};
}

FullBox read_full_box(BoxReader& reader) {
  const auto both = reader.u32();
  return {static_cast<std::uint8_t>(both >> 24), both & 0xFFFFFFU};
}

}  // namespace troupe::media
