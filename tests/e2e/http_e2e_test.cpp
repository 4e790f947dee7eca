// The HTTP server over real sockets, well-meant and hostile bytes alike.
#include <cstdlib>
#include <future>
#include <mutex>
#include <thread>

#include <boost/json.hpp>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/http_fixture.hpp"
#include "tests/support/server_process.hpp"
#include "tests/support/temp_dir.hpp"

namespace troupe::test {
namespace {

using namespace std::chrono_literals;
using http::Access;
using http::Request;
using http::Responder;
using http::Router;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

/// GET /hello/{name}, POST /echo (at most 100 bytes, JSON), GET /private (scope admin).
void mount(Router& router) {
  router.add("GET", "/hello/{name}",
             [](const Request& request, const Responder& out) {
               out.send(http::json_response(200, {{"hello", request.params.at("name")}}));
             },
             {.access = Access::open});
  router.add("POST", "/echo",
             [](const Request& request, const Responder& out) {
               auto body = http::parse_json_object(request.body);
               if (!body.ok()) return out.send(body.error());
               out.send(http::json_response(200, *body));
             },
             {.access = Access::open, .max_body_bytes = 100});
  router.add("GET", "/private",
             [](const Request& request, const Responder& out) {
               out.send(http::json_response(200, {{"subject", request.principal->subject}}));
             },
             {.scope = "admin"});
}

/// Sends `bytes` on a new connection and reads until the server closes.
std::string talk(const HttpFixture& server, std::string_view bytes) {
  RawSocket socket(server.port());
  socket.send(bytes);
  EXPECT_TRUE(socket.closed()) << bytes.substr(0, 100);
  return socket.seen();
}

constexpr std::string_view kClose = "Connection: close\r\n";

TEST(Http, KeepAliveServesOneRequestAfterTheOther) {
  const HttpFixture server(mount);
  RawSocket socket(server.port());
  for (const char* name : {"ann", "bob"}) {
    socket.send(get(std::string("/hello/") + name));
    const auto reply = socket.until(std::string(R"({"hello":")") + name);
    EXPECT_THAT(reply, HasSubstr("HTTP/1.1 200 OK\r\n"));
    EXPECT_THAT(reply, Not(HasSubstr("Connection: close")));
  }
}

TEST(Http, PipelinedRequestsAreAnsweredInOrder) {
  std::mutex mutex;
  std::vector<std::thread> threads;
  {
    const HttpFixture server([&](Router& router) {
      router.add("GET", "/n/{n}",
                 [&](const Request& request, const Responder& out) {
                   const std::lock_guard lock(mutex);
                   threads.emplace_back([out, n = request.params.at("n")] {
                     out.send(http::json_response(200, {{"n", n}}));
                   });
                 },
                 {.access = Access::open});
    });
    std::string all;
    for (int i = 0; i < 20; ++i) all += get("/n/" + std::to_string(i), i == 19 ? kClose : "");
    const auto replies = talk(server, all);
    std::size_t at = 0;
    for (int i = 0; i < 20; ++i) {
      at = replies.find("{\"n\":\"" + std::to_string(i) + "\"}", at);
      ASSERT_NE(at, std::string::npos) << i;
    }
  }
  for (auto& thread : threads) thread.join();
}

TEST(Http, ARequestInSingleBytesIsARequest) {
  const HttpFixture server(mount);
  RawSocket socket(server.port());
  for (const char c : post("/echo", R"({"a":1})", kClose)) socket.send({&c, 1});
  EXPECT_TRUE(socket.closed());
  EXPECT_THAT(socket.seen(), HasSubstr("\r\n\r\n{\"a\":1}"));
}

TEST(Http, AHeaderOverTheLimitGets431) {
  const HttpFixture server(mount);
  EXPECT_THAT(talk(server, get("/hello/x", "X: " + std::string(20'000, 'x') + "\r\n")),
              StartsWith("HTTP/1.1 431 "));
}

TEST(Http, ABodyOverTheLimitGets413) {
  const HttpFixture server(mount);
  EXPECT_THAT(talk(server, post("/echo", std::string(101, ' '))), StartsWith("HTTP/1.1 413 "));
  const auto chunked =
      "POST /echo HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nTransfer-Encoding: "
      "chunked\r\n\r\n"
      "65\r\n" +
      std::string(101, ' ') + "\r\n0\r\n\r\n";
  EXPECT_THAT(talk(server, chunked), StartsWith("HTTP/1.1 413 "));
}

TEST(Http, AChunkedBodyIsReadWhole) {
  const HttpFixture server(mount);
  EXPECT_THAT(talk(server,
                   "POST /echo HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
                   "Transfer-Encoding: chunked\r\nConnection: "
                   "close\r\n\r\n4\r\n{\"a\"\r\n3\r\n:1}\r\n0\r\n\r\n"),
              HasSubstr("\r\n\r\n{\"a\":1}"));
}

TEST(Http, BadJsonGetsAProblemDocument) {
  const HttpFixture server(mount);
  const auto reply = talk(server, post("/echo", "{\"a\":", kClose));
  EXPECT_THAT(reply, StartsWith("HTTP/1.1 400 "));
  EXPECT_THAT(reply, HasSubstr("Content-Type: application/problem+json\r\n"));
  EXPECT_THAT(reply, HasSubstr(R"("code":"invalid_argument")"));
}

TEST(Http, ABodyOfAnotherTypeGets415) {
  const HttpFixture server(mount);
  const auto reply = talk(server,
                          "POST /echo HTTP/1.1\r\nHost: x\r\nContent-Type: "
                          "text/plain\r\nContent-Length: 2\r\nConnection: close\r\n\r\n{}");
  EXPECT_THAT(reply, StartsWith("HTTP/1.1 415 "));
  EXPECT_THAT(reply, HasSubstr("\"status\":415"));
}

TEST(Http, AnotherMethodGets405WithTheAllowedOnes) {
  const HttpFixture server(mount);
  const auto reply = talk(server, "DELETE /echo HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
  EXPECT_THAT(reply, StartsWith("HTTP/1.1 405 "));
  EXPECT_THAT(reply, HasSubstr("Allow: POST\r\n"));
  EXPECT_THAT(talk(server, get("/nothing", kClose)), StartsWith("HTTP/1.1 404 "));
}

TEST(Http, TokenAndScopeAreChecked) {
  const HttpFixture server(mount);
  const auto with = [&](const std::string& token) {
    return talk(server,
                get("/private", std::string(kClose) + "Authorization: Bearer " + token + "\r\n"));
  };
  const auto bare = talk(server, get("/private", kClose));
  EXPECT_THAT(bare, StartsWith("HTTP/1.1 401 "));
  EXPECT_THAT(bare, HasSubstr("WWW-Authenticate: Bearer\r\n"));
  EXPECT_THAT(with("nonsense"), StartsWith("HTTP/1.1 401 "));
  EXPECT_THAT(with(HttpFixture::token("ann", "user")), StartsWith("HTTP/1.1 403 "));
  EXPECT_THAT(with(HttpFixture::token("ann", "admin")), HasSubstr(R"({"subject":"ann"})"));
}

TEST(Http, HeadHasTheHeadersOfGetAndNoBody) {
  const HttpFixture server(mount);
  const auto reply =
      talk(server, "HEAD /hello/ann HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
  EXPECT_THAT(reply, StartsWith("HTTP/1.1 200 "));
  EXPECT_THAT(reply, HasSubstr("Content-Length: 15\r\n"));
  EXPECT_THAT(reply, Not(HasSubstr("hello")));
  EXPECT_TRUE(reply.ends_with("\r\n\r\n"));
}

TEST(Http, TheClientIsToldToContinueOnlyIfItsBodyIsWanted) {
  const HttpFixture server(mount);
  RawSocket socket(server.port());
  const auto whole = post("/echo", R"({"a":1})", "Expect: 100-continue\r\nConnection: close\r\n");
  socket.send(whole.substr(0, whole.size() - 7));
  EXPECT_EQ(socket.until("\r\n\r\n"), "HTTP/1.1 100 Continue\r\n\r\n");
  socket.send(R"({"a":1})");
  EXPECT_TRUE(socket.closed());
  EXPECT_THAT(socket.seen(), HasSubstr("HTTP/1.1 200 OK"));

  RawSocket refused(server.port());
  refused.send(
      "POST /nothing HTTP/1.1\r\nHost: x\r\nContent-Length: 7\r\nExpect: 100-continue\r\n\r\n");
  EXPECT_TRUE(refused.closed());
  EXPECT_THAT(refused.seen(), StartsWith("HTTP/1.1 404 "));
}

TEST(Http, GarbageGets400AndTheConnectionEnds) {
  const HttpFixture server(mount);
  for (const std::string& bytes :
       {std::string("nonsense\r\n\r\n"), std::string("GET / HTTP/9.9\r\n\r\n"),
        std::string(300, '\x80') + "\r\n\r\n",
        std::string("\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n", 15),
        std::string("GET /%zz HTTP/1.1\r\nHost: x\r\n\r\n"),
        std::string("GET / HTTP/1.1\r\nBad Header: x\r\n\r\n"),
        std::string("GET / HTTP/1.1\r\n\r\n"),
        std::string("GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n"),
        std::string("POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n"),
        std::string(
            "POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n"),
        std::string("POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nTransfer-Encoding: "
                    "chunked\r\n\r\n0\r\n\r\n")}) {
    EXPECT_THAT(talk(server, bytes), StartsWith("HTTP/1.1 400 ")) << bytes;
  }
  EXPECT_THAT(talk(server, get("/hello/ann", kClose)), HasSubstr("ann")) << "the server goes on";
}

TEST(Http, ASlowHeaderIsCutOff) {
  const HttpFixture server(mount, [](http::ServerOptions& o) { o.header_timeout = 100ms; });
  RawSocket socket(server.port());
  socket.send("GET /hello/ann HTT");
  EXPECT_TRUE(socket.closed());
  EXPECT_THAT(socket.seen(), StartsWith("HTTP/1.1 408 "));
  EXPECT_THAT(socket.seen(), HasSubstr(R"("status":408)"));
}

TEST(Http, ASlowBodyIsCutOff) {
  const HttpFixture server(mount, [](http::ServerOptions& o) { o.body_timeout = 100ms; });
  RawSocket socket(server.port());
  const auto whole = post("/echo", R"({"a":1})");
  socket.send(whole.substr(0, whole.size() - 1));
  EXPECT_TRUE(socket.closed());
  EXPECT_THAT(socket.seen(), StartsWith("HTTP/1.1 408 "));
}

/// GET /large answers with `bytes`; a client that takes nothing is cut off after a second.
HttpFixture large_server(std::size_t bytes) {
  return HttpFixture(
      [body = std::make_shared<const std::string>(bytes, 'x')](Router& router) {
        router.add("GET", "/large",
                   [body](const Request&, const Responder& out) {
                     http::Response response;
                     response.shared_body = body;
                     out.send(std::move(response));
                   },
                   {.access = Access::open});
      },
      [](http::ServerOptions& o) { o.write_timeout = 1s; });
}

TEST(Http, ABodyThatIsReadSlowlyButSteadilyComesWhole) {
  constexpr std::size_t kBytes = 48U << 20;
  auto server = large_server(kBytes);
  RawSocket socket(server.port());
  socket.send(get("/large", kClose));
  const auto began = std::chrono::steady_clock::now();
  std::size_t got = socket.until("\r\n\r\n").size();

  for (std::size_t more = 1; more > 0; got += more) {
    more = socket.read(1U << 20).size();
    std::this_thread::sleep_for(50ms);  // the client's pace
  }

  EXPECT_GT(got, kBytes);
  EXPECT_GT(std::chrono::steady_clock::now() - began, 2s)
      << "longer than a client may take nothing";
}

TEST(Http, AClientThatTakesNothingOfItsAnswerIsCutOff) {
  constexpr std::size_t kBytes = 48U << 20;
  auto server = large_server(kBytes);
  RawSocket socket(server.port());
  socket.send(get("/large", kClose));

  std::this_thread::sleep_for(3s);  // it rests

  EXPECT_TRUE(socket.closed());
  EXPECT_LT(socket.seen().size(), kBytes);
}

TEST(Http, TheLastRequestThatAConnectionMayMakeEndsIt) {
  const HttpFixture server(mount,
                           [](http::ServerOptions& o) { o.max_requests_per_connection = 2; });
  RawSocket socket(server.port());
  socket.send(get("/hello/ann") + get("/hello/bob") + get("/hello/cid"));
  EXPECT_TRUE(socket.closed());
  EXPECT_THAT(socket.seen(), HasSubstr("bob"));
  EXPECT_THAT(socket.seen(), Not(HasSubstr("cid")));
}

TEST(Http, UnderOverloadTheLessImportantIsRefusedWithRetryAfter) {
  const HttpFixture server(
      [](Router& router) {
        for (const auto& [path, priority] :
             {std::pair("/bulk", Priority::bulk), std::pair("/vital", Priority::vital)})
          router.add(
              "GET", path,
              [](const Request&, const Responder& out) { out.send(http::json_response(200, {})); },
              {.access = Access::open, .priority = priority});
      },
      [](http::ServerOptions& o) { o.admit = [](Priority p) { return p == Priority::vital; }; });
  const auto refused = talk(server, get("/bulk", kClose));
  EXPECT_THAT(refused, StartsWith("HTTP/1.1 503 "));
  EXPECT_THAT(refused, HasSubstr("Retry-After: 1\r\n"));
  EXPECT_THAT(talk(server, get("/vital", kClose)), StartsWith("HTTP/1.1 200 "));
}

TEST(Http, AnIdleConnectionIsClosed) {
  const HttpFixture server(mount, [](http::ServerOptions& o) { o.idle_timeout = 100ms; });
  RawSocket socket(server.port());
  socket.send(get("/hello/ann"));
  EXPECT_TRUE(socket.closed());
  EXPECT_THAT(socket.seen(), HasSubstr("200 OK"));
}

TEST(Http, AHandlerThatDoesNotAnswerGets504AndALateAnswerIsDropped) {
  Responder kept;
  std::mutex mutex;
  const HttpFixture server([&](Router& router) {
    mount(router);
    router.add("GET", "/never",
               [&](const Request&, const Responder& out) {
                 const std::lock_guard lock(mutex);
                 kept = out;
               },
               {.access = Access::open, .timeout = 50ms});
  });
  RawSocket socket(server.port());
  socket.send(get("/never"));
  EXPECT_THAT(socket.until("\"code\":\"timeout\""), StartsWith("HTTP/1.1 504 "));
  {
    const std::lock_guard lock(mutex);
    kept.send(http::json_response(200, {{"late", true}}));
  }
  socket.send(get("/hello/ann", kClose));
  EXPECT_TRUE(socket.closed());
  EXPECT_THAT(socket.seen(), AllOf(HasSubstr(R"({"hello":"ann"})"), Not(HasSubstr("late"))));
}

TEST(Http, AHandlerThatDropsItsRequestGets500) {
  const HttpFixture server([](Router& router) {
    router.add("GET", "/drop", [](const Request&, const Responder&) {}, {.access = Access::open});
  });
  EXPECT_THAT(talk(server, get("/drop", kClose)), StartsWith("HTTP/1.1 500 "));
}

TEST(Http, ConnectionsOverTheLimitAreClosed) {
  const HttpFixture server(mount,
                           [](http::ServerOptions& o) { o.max_connections_per_address = 2; });
  RawSocket first(server.port()), second(server.port());
  for (auto* socket : {&first, &second}) {
    socket->send(get("/hello/ann"));
    EXPECT_THAT(socket->until("ann"), HasSubstr("200 OK"));
  }
  RawSocket third(server.port());
  EXPECT_TRUE(third.closed());
  EXPECT_EQ(third.seen(), "");
}

TEST(Http, TheRateLimitAnswers429WithRetryAfter) {
  const HttpFixture server(
      mount, [](http::ServerOptions& o) { o.rate_limit = {.per_second = 0.01, .burst = 1}; });
  RawSocket socket(server.port());
  socket.send(get("/hello/ann") + get("/hello/ann", kClose));
  EXPECT_TRUE(socket.closed());
  EXPECT_THAT(socket.seen(), AllOf(HasSubstr("200 OK"), HasSubstr("429 Too Many Requests"),
                                   HasSubstr("Retry-After: ")));
}

TEST(Http, BehindATrustedProxyTheRateLimitIsThatOfEachClient) {
  const auto answers = [](const std::string& trusted) {
    const HttpFixture server(mount, [&](http::ServerOptions& o) {
      o.rate_limit = {.per_second = 0.01, .burst = 1};
      o.trusted_proxies = *http::parse_address_ranges(trusted);
    });
    RawSocket socket(server.port());
    socket.send(
        get("/hello/ann", "X-Forwarded-For: 203.0.113.1\r\n") +
        get("/hello/ann", "X-Forwarded-For: 203.0.113.2\r\n") +
        get("/hello/ann", "X-Forwarded-For: 9.9.9.9, 203.0.113.2\r\n" + std::string(kClose)));
    EXPECT_TRUE(socket.closed());
    std::string statuses;
    for (std::size_t at = 0; (at = socket.seen().find("HTTP/1.1 ", at)) != std::string::npos; ++at)
      statuses += socket.seen().substr(at + 9, 3) + " ";
    return statuses;
  };

  EXPECT_EQ(answers("127.0.0.0/8"), "200 200 429 ") << "what a client wrote itself changes nothing";
  EXPECT_EQ(answers(""), "200 429 429 ") << "nobody is believed";
}

TEST(Http, DrainAnswersWhatIsInFlightAndClosesTheIdle) {
  std::promise<Responder> asked;
  HttpFixture server([&](Router& router) {
    mount(router);
    router.add("GET", "/slow", [&](const Request&, const Responder& out) { asked.set_value(out); },
               {.access = Access::open});
  });
  RawSocket idle(server.port()), busy(server.port());
  idle.send(get("/hello/ann"));
  idle.until("ann");
  busy.send(get("/slow"));
  const auto responder = asked.get_future().get();

  auto drained = std::async(std::launch::async, [&] { return server.server().drain(10s); });
  EXPECT_TRUE(idle.closed());
  responder.send(http::json_response(200, {{"done", true}}));

  EXPECT_THAT(busy.until("done"), AllOf(HasSubstr("200 OK"), HasSubstr("Connection: close")));
  EXPECT_TRUE(busy.closed());
  { const RawSocket gone = std::move(busy); }
  EXPECT_EQ(drained.get(), 0U);
  EXPECT_THROW(RawSocket(server.port()), std::runtime_error);
}

TEST(Http, DrainCutsWhatDoesNotEnd) {
  std::promise<Responder> asked;
  HttpFixture server([&](Router& router) {
    router.add("GET", "/slow", [&](const Request&, const Responder& out) { asked.set_value(out); },
               {.access = Access::open});
  });
  RawSocket socket(server.port());
  socket.send(get("/slow"));
  const auto never_answered = asked.get_future().get();
  EXPECT_EQ(server.server().drain(50ms), 1U);
  EXPECT_TRUE(socket.closed());
}

TEST(Server, EndsWithZeroOnSigterm) {
  ServerProcess server;
  auto client = server.client("ann");
  EXPECT_EQ(client.get("/api/v1/feed")->status, 404);
  EXPECT_EQ(server.client("").get("/api/v1/nothing")->status, 404);
  EXPECT_EQ(server.terminate(), 0);
}

}  // namespace
}  // namespace troupe::test
