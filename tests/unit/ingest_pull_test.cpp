// Which addresses the server must not be sent to, and which URLs it does not take.
#include <condition_variable>
#include <mutex>

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
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

}  // namespace
}  // namespace troupe::ingest
