// One live session's window with those who wait for what comes next in it.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <mutex>
#include <string>
#include <unordered_map>
#include <variant>
#include <vector>

#include "actors/live/session.hpp"
#include "media/playlist/captions.hpp"
#include "media/playlist/event_messages.hpp"
#include "media/playlist/hls.hpp"
#include "media/recording/window_shelf.hpp"
#include "net/http/message.hpp"

namespace troupe::api {

/// Thread-safe; answers go out while nothing is locked.
class PlaylistSession {
 public:
  using TimePoint = std::chrono::steady_clock::time_point;

  /// More than `max_held` requests are not held but refused.
  /// Newcomers wait for the ladder's first renditions up to `await_ladder`. `cue_schemes`: as
  /// EventMessages.
  PlaylistSession(media::WindowOptions options, std::size_t max_held,
                  std::chrono::milliseconds await_ladder = {},
                  std::vector<std::string> cue_schemes = {})
      : max_held_(max_held),
        await_ladder_(await_ladder),
        window_(options),
        events_(std::move(cue_schemes)) {}

  /// Goes on where the process before ended.
  void restore(media::SavedWindow saved, TimePoint now);
  /// From now on what is in the window is also there, as `id`.
  void shelve(std::shared_ptr<media::WindowShelf> shelf, const std::string& id);

  /// False when this publication runs already.
  bool start(const live::Publication& publication);
  /// As it runs at its origin, from now on: cut and numbered as there. A window that does not lead
  /// up to that goes.
  void start_relayed(const live::Publication& publication,
                     const std::optional<media::WindowCuts>& cuts);
  [[nodiscard]] media::WindowCuts cuts() const;
  /// Nothing more is known of it: who waits is refused, what is under way is cut off, so that no
  /// cache takes it for whole.
  void break_off();
  void push(const media::Chunk& chunk);
  /// What the ladder makes of the publication `epoch`; ignored when another runs.
  void set_made(std::uint64_t epoch, const std::vector<media::Track>& tracks);
  /// From `start_us` of that publication on the captions show `text`.
  void caption(std::uint64_t epoch, std::int64_t start_us, std::string text,
               const media::CaptionTrack& track = {});
  void mark(media::Mark mark);
  void push_made(std::uint64_t epoch, const media::Chunk& chunk);
  void stop(TimePoint now);
  void end(TimePoint now);

  /// Each answers now, or holds the request until what it asks for is there. False: it would have
  /// to be held, and too many are.
  bool playlist(const std::string& rendition, const media::Reload& reload, TimePoint now,
                const http::Responder& out);
  bool file(const std::string& rendition, const media::MediaFile& file,
            const std::string& if_none_match, TimePoint now, const http::Responder& out);
  /// For a newcomer: nothing while there is no whole segment.
  [[nodiscard]] std::optional<std::string> multivariant(const std::string& prefix,
                                                        TimePoint now) const;
  enum class Dash { usual, low_latency };
  [[nodiscard]] std::optional<std::string> manifest(Dash kind, std::int64_t now_us,
                                                    std::string_view base_url, TimePoint now) const;

  /// Counts the viewer. False when it is one too many.
  bool seen(const std::string& viewer, TimePoint now, std::size_t max_viewers);
  [[nodiscard]] std::size_t viewers() const;
  [[nodiscard]] std::size_t held() const;

  /// Refuses those that waited too long, forgets viewers that are gone. False when nobody has
  /// published for so long that the window may go.
  bool sweep(TimePoint now);

 private:
  struct Held {
    std::string rendition;
    std::variant<media::Reload, media::MediaFile> wanted;
    TimePoint until;
    http::Responder out;
  };
  /// A segment under way that goes out as it is made.
  struct Feeding {
    std::string rendition;
    std::uint64_t number = 0;
    std::shared_ptr<http::BodyFeed> feed;
  };
  using Answers = std::vector<std::pair<http::Responder, http::Response>>;

  [[nodiscard]] std::optional<http::Response> answer(const std::string& rendition,
                                                     const media::Reload& reload);
  [[nodiscard]] std::optional<http::Response> answer(const std::string& rendition,
                                                     const media::MediaFile& file);
  [[nodiscard]] std::optional<http::Response> answer_captions(const media::CaptionBook& book,
                                                              const media::Rendition& video,
                                                              const media::MediaFile& file) const;
  /// Takes out all that can be answered now.
  Answers release();
  /// True when somebody may be answered.
  bool push_locked(const media::Chunk& chunk);
  [[nodiscard]] http::Response begin_feed(const media::Rendition& rendition,
                                          const media::MediaFile& file);
  void end_feeds(const std::string& rendition);
  void end_all_feeds();
  void break_all_feeds();
  static void send(Answers answers);

  bool hold(Held held);
  void shelve_locked();
  /// Nobody publishes any more.
  Answers fall_silent_locked(TimePoint now);
  [[nodiscard]] bool awaits_ladder(TimePoint now) const;
  /// Whether a newcomer finds a whole segment of everything.
  [[nodiscard]] bool playable(TimePoint now) const;

  const std::size_t max_held_;
  const std::chrono::milliseconds await_ladder_;
  mutable std::mutex mutex_;
  media::SegmentWindow window_;
  std::shared_ptr<media::WindowShelf> shelf_;  ///< null: nothing is kept for a restart
  media::ShelfMark shelf_mark_;
  std::string id_;  ///< on the shelf
  media::EventMessages events_;
  std::uint64_t epoch_ = 0;
  bool publishing_ = false;
  bool made_told_ = false;  ///< the ladder has said what it makes of this publication
  TimePoint started_at_{};
  TimePoint stopped_at_{};
  std::vector<Held> held_;
  std::vector<Feeding> feeding_;
  media::CaptionShelf captions_;
  /// Rendered once for all who ask: by rendition and delta or not.
  std::map<std::pair<std::string, bool>, media::SharedBytes> rendered_;
  std::unordered_map<std::string, TimePoint> viewers_;
};

}  // namespace troupe::api
