#include <boost/json.hpp>
#include <gtest/gtest.h>

#include "net/http/message.hpp"

namespace troupe::http {
namespace {

TEST(JsonBody, AnObjectIsRead) {
  const auto body = parse_json_object(R"( {"a": 1} )");
  ASSERT_TRUE(body.ok());
  EXPECT_EQ(body->at("a").as_int64(), 1);
}

TEST(JsonBody, AnythingElseIsRefusedWithItsPosition) {
  for (const char* text :
       {"", "{", "{\"a\":}", "{} x", "{}{}", "nul", "{\"a\":1,}", "{'a':1}", "{\"a\":\"\xff\"}"}) {
    const auto body = parse_json_object(text);
    ASSERT_FALSE(body.ok()) << text;
    EXPECT_EQ(body.code(), ErrorCode::invalid_argument) << text;
    EXPECT_NE(body.error().detail.find("at byte"), std::string::npos)
        << text << ": " << body.error().detail;
  }
}

TEST(JsonBody, AValueThatIsNoObjectIsRefused) {
  for (const char* text : {"[]", "1", "\"x\"", "null", "true"}) {
    const auto body = parse_json_object(text);
    ASSERT_FALSE(body.ok()) << text;
    EXPECT_EQ(body.error().detail, "the body must be a JSON object");
  }
}

TEST(JsonBody, NestingIsBounded) {
  const auto nested = [](std::size_t depth) {
    return "{\"a\":" + std::string(depth - 1, '[') + std::string(depth - 1, ']') + "}";
  };
  EXPECT_TRUE(parse_json_object(nested(32)).ok());
  EXPECT_FALSE(parse_json_object(nested(33)).ok());
  EXPECT_FALSE(parse_json_object(nested(100'000)).ok());
}

/// Found by fuzz_json_body: it was read as infinity, and what was stored of it could not be read.
TEST(JsonBody, ANumberThatNoDoubleHoldsIsRefused) {
  for (const auto* text : {R"({"a": 1e523})", R"({"a": [true, {"b": -1e400}]})"}) {
    const auto body = parse_json_object(text);
    ASSERT_FALSE(body.ok()) << text;
    EXPECT_EQ(body.code(), ErrorCode::invalid_argument);
  }
  EXPECT_TRUE(parse_json_object(R"({"a": [1e308, -1e-400, 18446744073709551615]})").ok());
}

TEST(Problem, IsAnRfc9457Document) {
  const auto response = problem(error(ErrorCode::not_found, "no such post"));
  const auto body = boost::json::parse(response.body);
  EXPECT_EQ(response.status, 404);
  EXPECT_EQ(response.content_type, "application/problem+json");
  EXPECT_EQ(body, boost::json::value({{"type", "/problems/not_found"},
                                      {"title", "not found"},
                                      {"status", 404},
                                      {"code", "not_found"},
                                      {"detail", "no such post"}}));
}

TEST(Problem, TellsWhenToComeBack) {
  EXPECT_EQ(problem(error(ErrorCode::overloaded)).headers.at("Retry-After"), "1");
  EXPECT_EQ(problem(error(ErrorCode::rate_limited), 7).headers.at("Retry-After"), "7");
  EXPECT_EQ(problem(error(ErrorCode::conflict)).headers.count("Retry-After"), 0U);
  EXPECT_EQ(problem(error(ErrorCode::unauthenticated)).headers.at("WWW-Authenticate"), "Bearer");
}

TEST(Responder, DeliversTheFirstAnswerOnly) {
  std::vector<int> statuses;
  Responder responder([&](Response response) { statuses.push_back(response.status); });
  const Responder copy = responder;
  copy.send(json_response(200, 1));
  responder.send(error(ErrorCode::internal));
  EXPECT_EQ(statuses, std::vector<int>{200});
}

TEST(Responder, ADroppedOneAnswersInternal) {
  std::vector<int> statuses;
  {
    const Responder responder([&](Response response) { statuses.push_back(response.status); });
    const Responder copy = responder;
  }
  EXPECT_EQ(statuses, std::vector<int>{500});
}

}  // namespace
}  // namespace troupe::http
