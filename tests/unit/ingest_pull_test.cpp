// Which addresses the server must not be sent to, and which URLs it does not take.
#include <condition_variable>
#include <latch>
#include <mutex>
#include <semaphore>
#include <thread>

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <spdlog/spdlog.h>
#include <unistd.h>

#include "base/metrics.hpp"
#include "net/ingest/connect_guard.hpp"
#include "net/ingest/pull_ingest.hpp"

namespace troupe::ingest {
namespace {

bool is_private(const std::string& text) {
  sockaddr_in6 six{};
  six.sin6_family = AF_INET6;
  if (inet_pton(AF_INET6, text.c_str(), &six.sin6_addr) == 1)
    return is_private_address(reinterpret_cast<const sockaddr&>(six));
  sockaddr_in four{};
  four.sin_family = AF_INET;
  EXPECT_EQ(inet_pton(AF_INET, text.c_str(), &four.sin_addr), 1) << text;
  return is_private_address(reinterpret_cast<const sockaddr&>(four));
}

// RFC 6890, and IPv4 in the dresses of RFC 4291, 6052 and 3056.
TEST(ConnectGuard, KnowsWhatIsNotOfThePublicNetwork) {
  for (const char* text : {"127.0.0.1",
                           "127.255.255.254",
                           "10.1.2.3",
                           "172.16.0.1",
                           "172.31.255.255",
                           "192.168.1.1",
                           "169.254.169.254",
                           "100.64.0.1",
                           "0.0.0.0",
                           "198.18.0.1",
                           "224.0.0.1",
                           "240.0.0.1",
                           "255.255.255.255",
                           "::",
                           "::1",
                           "fe80::1",
                           "fd00::1",
                           "fc00::1",
                           "ff02::1",
                           "::ffff:127.0.0.1",
                           "::ffff:10.0.0.1",
                           "::127.0.0.1",
                           "64:ff9b::a00:1",
                           "2002:7f00:1::",
                           "2001:db8::1",
                           "2001::1"})
    EXPECT_TRUE(is_private(text)) << text;
  for (const char* text : {"8.8.8.8", "172.15.0.1", "172.32.0.1", "192.167.1.1", "100.128.0.1",
                           "223.255.255.254", "2606:4700::1", "::ffff:8.8.8.8", "64:ff9b::808:808",
                           "2002:808:808::", "2a00:1450:4001::1"})
    EXPECT_FALSE(is_private(text)) << text;
}

int try_loopback() {
  const int fd = ::socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in to{};
  to.sin_family = AF_INET;
  to.sin_port = htons(1);
  to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  errno = 0;
  static_cast<void>(::connect(fd, reinterpret_cast<const sockaddr*>(&to), sizeof to));
  const int why = errno;
  ::close(fd);
  return why;
}

TEST(ConnectGuard, ForbidsOnItsThreadAndWhileItLives) {
  EXPECT_EQ(try_loopback(), ECONNREFUSED);
  {
    const ConnectGuard guard(false);
    EXPECT_EQ(try_loopback(), EACCES);
  }
  const ConnectGuard lenient(true);
  EXPECT_EQ(try_loopback(), ECONNREFUSED);
}

TEST(ConnectGuard, HostsOfProtocolsWithoutConnectAreJudgedByName) {
  EXPECT_EQ(reachable_address("localhost", false).code(), ErrorCode::forbidden);
  EXPECT_EQ(reachable_address("8.8.4.4", false).value(), "8.8.4.4");
  EXPECT_TRUE(reachable_address("localhost", true).ok());
}

TEST(PullUrl, OnlyOnesThatFetchFromANetworkAreTaken) {
  for (const char* url :
       {"http://example.com/live.m3u8", "https://example.com/a.ts?token=1",
        "rtmp://example.com/live/key", "rtsp://user:word@example.com/cam", "srt://example.com:9000",
        "srt://example.com:9000?mode=caller&streamid=x"})
    EXPECT_TRUE(PullIngest::check(url).ok()) << url;
  for (const char* url :
       {"file:///etc/passwd", "/etc/passwd", "", "concat:http://a/b|file:///etc/passwd",
        "data:video/mp2t;base64,AA", "udp://239.0.0.1:1234", "pipe:0", "http:///nowhere",
        "srt://example.com:9000?mode=listener", "rtsp://example.com/cam?listen",
        "http://exa mple.com/", "subfile,,start,0,end,1,,:/etc/passwd"})
    EXPECT_FALSE(PullIngest::check(url).ok()) << url;
  EXPECT_EQ(PullIngest::check("http://h/" + std::string(3'000, 'x')).code(),
            ErrorCode::invalid_argument);
}

/// Lets nobody in, so that pulls go on to try.
PullIngestOptions full(std::size_t places) {
  PullIngestOptions options;
  options.door.publish = [](const PublishRequest&) -> Result<std::unique_ptr<PublishSink>> {
    return error(ErrorCode::conflict, "the session has a publisher");
  };
  options.places = std::make_shared<PublisherPlaces>(places, places);
  return options;
}

TEST(PullIngest, OneThatReplacesAnotherTakesOverItsPlace) {
  Metrics metrics;
  PullIngest pulls(metrics, full(1));
  ASSERT_TRUE(pulls.start("s", "http://example.com/a", "alice").ok());

  EXPECT_TRUE(pulls.start("s", "http://example.com/b", "alice").ok()) << "there is but one place";
  EXPECT_EQ(pulls.status("s")->url, "http://example.com/b");
  EXPECT_EQ(pulls.start("t", "http://example.com/c", "alice").code(), ErrorCode::overloaded);
  EXPECT_EQ(pulls.status("s")->url, "http://example.com/b") << "and goes on";
}

TEST(PullIngest, SaysWhenItHasEndedForGoodAndNotWhenItWasTold) {
  Metrics metrics;
  std::mutex mutex;
  std::condition_variable changed;
  std::vector<std::string> finished;
  auto options = full(2);
  options.door.publish = [](const PublishRequest& r) -> Result<std::unique_ptr<PublishSink>> {
    return error(r.session == "over" ? ErrorCode::not_found : ErrorCode::conflict, "no");
  };
  options.finished = [&](const std::string& session, const std::string& url) {
    const std::lock_guard lock(mutex);
    finished.push_back(session + " " + url);
    changed.notify_all();
  };
  {
    PullIngest pulls(metrics, options);
    ASSERT_TRUE(pulls.start("waits", "http://example.com/a", "alice").ok());
    ASSERT_TRUE(pulls.start("over", "http://example.com/b", "alice").ok());
    std::unique_lock lock(mutex);
    changed.wait_for(lock, std::chrono::seconds(20), [&] { return !finished.empty(); });
  }

  EXPECT_EQ(finished, std::vector<std::string>{"over http://example.com/b"});
}

TEST(PullIngest, OfThoseThatEndedByThemselvesAThousandAreRemembered) {
  constexpr int kAll = 1'100;
  spdlog::set_level(spdlog::level::warn);  // each says why
  Metrics metrics;
  std::latch finished(kAll);
  auto options = full(kAll);
  options.door.publish = [](const PublishRequest&) -> Result<std::unique_ptr<PublishSink>> {
    return error(ErrorCode::forbidden, "for good");
  };
  options.finished = [&](const std::string&, const std::string&) { finished.count_down(); };
  PullIngest pulls(metrics, options);
  for (int i = 0; i < kAll; ++i)
    ASSERT_TRUE(pulls.start(std::to_string(i), "http://example.com/a", "alice").ok());
  finished.wait();

  const auto remembered = [&] {
    static_cast<void>(pulls.may_start("http://example.com/a", "alice"));  // takes stock
    int known = 0;
    for (int i = 0; i < kAll; ++i) {
      const auto status = pulls.status(std::to_string(i));
      if (!status) continue;
      ++known;
      EXPECT_EQ(status->error->code, ErrorCode::forbidden);
    }
    return known;
  };

  const auto until = std::chrono::steady_clock::now() + std::chrono::seconds(20);
  while (remembered() > 1'000 && std::chrono::steady_clock::now() < until)
    std::this_thread::yield();
  EXPECT_EQ(remembered(), 1'000);
  spdlog::set_level(spdlog::level::info);
}

TEST(PullIngest, OneThatEndedByItselfIsForgottenWhenItIsStopped) {
  Metrics metrics;
  std::latch finished(1);
  auto options = full(1);
  options.door.publish = [](const PublishRequest&) -> Result<std::unique_ptr<PublishSink>> {
    return error(ErrorCode::not_found, "the session has ended");
  };
  options.finished = [&](const std::string&, const std::string&) { finished.count_down(); };
  PullIngest pulls(metrics, options);
  ASSERT_TRUE(pulls.start("s", "http://example.com/a", "alice").ok());
  finished.wait();
  EXPECT_EQ(pulls.status("s")->state, PullState::ended);

  EXPECT_TRUE(pulls.stop("s").ok());

  EXPECT_FALSE(pulls.status("s"));
  EXPECT_EQ(pulls.stop("s").code(), ErrorCode::not_found);
}

TEST(PullIngest, WhoseEarlierPullsHangHindersNobodyElse) {
  Metrics metrics;
  std::latch released(1);
  std::counting_semaphore<8> hanging(0);
  auto options = full(8);
  // As a look-up of a name that nobody answers.
  options.door.publish = [&](const PublishRequest&) -> Result<std::unique_ptr<PublishSink>> {
    hanging.release();
    released.wait();
    return error(ErrorCode::not_found, "the session has ended");
  };
  PullIngest pulls(metrics, options);
  const auto start = [&](const std::string& session, const std::string& url,
                         const std::string& owner) {
    const auto done = pulls.start(session, "http://example.com/" + url, owner);
    return done.ok() ? ErrorCode{} : done.code();
  };
  for (int i = 0; i < 5; ++i) {
    EXPECT_EQ(start("s", std::to_string(i), "mallory"), ErrorCode{});
    hanging.acquire();
  }

  EXPECT_EQ(start("s", "5", "mallory"), ErrorCode::rate_limited);
  EXPECT_EQ(start("t", "5", "mallory"), ErrorCode::rate_limited);
  EXPECT_EQ(pulls.may_start("http://example.com/5", "mallory").code(), ErrorCode::rate_limited);
  EXPECT_EQ(pulls.status("s")->url, "http://example.com/4") << "goes on";
  EXPECT_TRUE(pulls.may_start("http://example.com/5", "alice").ok());
  EXPECT_EQ(start("a", "5", "alice"), ErrorCode{});
  released.count_down();
}

}  // namespace
}  // namespace troupe::ingest
