#include "media/playlist/captions.hpp"

#include <algorithm>
#include <cstdio>
#include <string_view>

namespace troupe::media {
namespace {

std::string time_text(std::int64_t us) {
  const auto ms = us / 1'000;
  char text[40];
  std::snprintf(text, sizeof text, "%02lld:%02d:%02d.%03d", static_cast<long long>(ms / 3'600'000),
                static_cast<int>(ms / 60'000 % 60), static_cast<int>(ms / 1'000 % 60),
                static_cast<int>(ms % 1'000));
  return text;
}

/// Cue text (WebVTT section 4.2.2): no markup of its own, and no empty line, which would end it.
std::string cue_text(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (c == '&')
      out += "&amp;";
    else if (c == '<')
      out += "&lt;";
    else if (c == '>')
      out += "&gt;";
    else if (c != '\n' || (!out.empty() && out.back() != '\n'))
      out += c;
  }
  return out;
}

}  // namespace

bool is_captions_folder(std::string_view folder) noexcept {
  return folder == kCaptionsFolder ||
         (folder.starts_with(kCaptionsFolder) && folder.substr(kCaptionsFolder.size(), 1) == "-");
}

void CaptionShelf::add(const CaptionTrack& track, std::uint64_t epoch, std::int64_t start_us,
                       std::string text) {
  const auto found = std::ranges::find(tracks_, track.folder, &CaptionTrack::folder);
  const auto index = static_cast<std::size_t>(found - tracks_.begin());
  if (found == tracks_.end()) {
    // What shows nothing is no track yet.
    if (text.empty() || tracks_.size() >= kMaxTracks) return;
    tracks_.push_back(track);
    books_.emplace_back();
  }
  books_[index].add(epoch, start_us, std::move(text));
}

const CaptionBook* CaptionShelf::find(std::string_view folder) const noexcept {
  const auto found = std::ranges::find(tracks_, folder, &CaptionTrack::folder);
  return found == tracks_.end() ? nullptr
                                : &books_[static_cast<std::size_t>(found - tracks_.begin())];
}

void CaptionBook::add(std::uint64_t epoch, std::int64_t start_us, std::string text) {
  if (!cues_.empty() && cues_.back().epoch == epoch)
    cues_.back().end_us = std::min(cues_.back().end_us, start_us);
  if (text.empty()) return;
  cues_.push_back({epoch, start_us, INT64_MAX, std::move(text)});
  if (cues_.size() > max_cues_) cues_.pop_front();
}

std::string CaptionBook::webvtt(std::uint64_t epoch, std::int64_t from_us,
                                std::int64_t to_us) const {
  return "WEBVTT\nX-TIMESTAMP-MAP=LOCAL:00:00:00.000,MPEGTS:0\n" + cues(epoch, from_us, to_us, 0);
}

std::string CaptionBook::cues(std::uint64_t epoch, std::int64_t from_us, std::int64_t to_us,
                              std::int64_t shift_us) const {
  std::string out;
  for (const auto& cue : cues_) {
    const auto start_us = std::max(cue.start_us, from_us), end_us = std::min(cue.end_us, to_us);
    if (cue.epoch != epoch || start_us >= end_us) continue;
    out += "\n" + time_text(start_us + shift_us) + " --> " + time_text(end_us + shift_us) + "\n" +
           cue_text(cue.text) + "\n";
  }
  return out;
}

}  // namespace troupe::media
