// For the browser tests: the pages, one live session on air with a replayed clip, a token to chat
// with and its owner's. Prints {"port", "session", "token", "owner_token"} on one line and runs
// until it is killed. With a ladder (as live.ladder) it makes renditions and thumbnails too; with
// "captions" in its place the clip carries these; with "opus" its sound is that, and made as AAC.
#include <cstdio>
#include <string_view>

#include <boost/json.hpp>

#include "tests/support/captioned_clip.hpp"
#include "tests/support/live_server.hpp"

int main(int argc, char** argv) {
  using namespace troupe;
  const bool captions = argc > 2 && std::string_view(argv[2]) == "captions";
  const bool opus = argc > 2 && std::string_view(argv[2]) == "opus";
  auto rungs = media::parse_ladder(argc > 2 && !captions && !opus ? argv[2] : "");
  if (argc < 2 || argc > 3 || !rungs.ok()) {
    std::fprintf(stderr, "usage: live_page_server WEB_DIR [LADDER]\n");
    return 2;
  }
  media::LadderOptions ladder;
  if (!rungs->empty()) {
    ladder.rungs = std::move(*rungs);
    ladder.max_lag = std::chrono::seconds(10);  // a loaded machine is no reason to fail a test
    ladder.thumbnail_every = std::chrono::seconds(2);
  }
  if (opus) ladder.sound_kbit_per_s = 64;
  const auto clip =
      captions
          ? test::make_captioned_clip()
          : test::make_clip({.seconds = 10, .video_kbit = 1'500, .size = "1280x720", .opus = opus});
  test::LiveServer server(1, argv[1], ladder);
  const auto session = test::make_session(server.endpoint());
  auto publisher = server.gateway().publish(session.id, session.key);
  if (!publisher.ok()) return 1;
  const boost::json::object ready{{"port", server.endpoint().http_port},
                                  {"session", session.id},
                                  {"token", server.endpoint().token("bob", "")},
                                  {"owner_token", server.endpoint().token("alice", "")}};
  std::printf("%s\n", boost::json::serialize(ready).c_str());
  std::fflush(stdout);
  const std::atomic<bool> never{false};
  test::replay(clip, **publisher, never);
}
