// What becomes of connections when the process may open no more files.
#include <chrono>
#include <fstream>
#include <optional>
#include <sstream>
#include <string>
#include <thread>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <unistd.h>

#include "tests/support/http_fixture.hpp"
#include "tests/support/server_process.hpp"

namespace troupe::test {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;

/// The process may have descriptors below this number, as long as it lives.
class FewDescriptors {
 public:
  explicit FewDescriptors(rlim_t below) {
    ::getrlimit(RLIMIT_NOFILE, &before_);
    auto low = before_;
    low.rlim_cur = below;
    ::setrlimit(RLIMIT_NOFILE, &low);
  }
  ~FewDescriptors() { ::setrlimit(RLIMIT_NOFILE, &before_); }
  FewDescriptors(const FewDescriptors&) = delete;

 private:
  rlimit before_{};
};

int lowest_free_descriptor() {
  const int free = ::dup(0);
  ::close(free);
  return free;
}

std::chrono::microseconds cpu_time() {
  rusage used{};
  ::getrusage(RUSAGE_SELF, &used);
  const auto of = [](const timeval& t) { return 1s * t.tv_sec + 1us * t.tv_usec; };
  return of(used.ru_utime) + of(used.ru_stime);
}

TEST(HttpDescriptors, AConnectionThatFindsNoneWaitsAtLittleCostUntilThereIsOne) {
  const HttpFixture server([](http::Router& router) {
    router.add("GET", "/hello",
               [](const http::Request&, const http::Responder& out) {
                 out.send(http::json_response(200, {{"hello", "you"}}));
               },
               {.access = http::Access::open});
  });
  for (int i = 0; i < 4; ++i) {  // each of its loops has what it needs
    RawSocket warm(server.port());
    warm.send(get("/hello", "Connection: close\r\n"));
    ASSERT_TRUE(warm.closed());
  }
  std::optional<FewDescriptors> few(std::in_place, lowest_free_descriptor() + 1);
  RawSocket socket(server.port());  // has the last one
  socket.send(get("/hello", "Connection: close\r\n"));
  const auto before = cpu_time();

  std::this_thread::sleep_for(1s);  // the span whose cost is measured
  const auto cost = cpu_time() - before;
  few.reset();

  EXPECT_TRUE(socket.closed());
  EXPECT_THAT(socket.seen(), HasSubstr("200 OK"));
  EXPECT_LT(cost, 100ms) << "one that asks again at once takes all it can get";
}

TEST(HttpDescriptors, TheServerTakesAllThatItIsAllowed) {
  std::optional<FewDescriptors> few(std::in_place, 256);  // children have it too
  const ServerProcess server;
  few.reset();

  std::ifstream limits("/proc/" + std::to_string(server.pid()) + "/limits");
  std::string line;
  while (std::getline(limits, line) && !line.starts_with("Max open files")) {
  }
  std::istringstream words(line.substr(std::string("Max open files").size()));
  std::string soft, hard;
  words >> soft >> hard;
  EXPECT_EQ(soft, hard);
  EXPECT_TRUE(eventually([&] {
    return server.log().find("may have " + hard + " files and sockets") != std::string::npos;
  })) << server.log();
}

}  // namespace
}  // namespace troupe::test
