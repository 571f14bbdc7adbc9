// Routes, query strings and answers.
#include "common/http/router.h"

#include <gtest/gtest.h>

#include "common/http/answer.h"
#include "common/http/url.h"
#include "common/json/parse.h"

namespace pawl::http {
namespace {

Router sample() {
  Router router;
  router.add(Method::kGet, "/executions/{exec_id}", 1);
  router.add(Method::kGet, "/executions/stats", 2);
  router.add(Method::kPost, "/executions/cancel", 3);
  router.add(Method::kGet, "/executions/tasks/{exec_id}/steps/{path}", 4);
  router.add(Method::kPost, "/executions", 5);
  return router;
}

TEST(Router, FixedWordsWinOverParameters) {
  const Router router = sample();
  EXPECT_EQ(router.match(Method::kGet, "/executions/stats").id, 2u);
  const auto by_id = router.match(Method::kGet, "/executions/abc");
  EXPECT_EQ(by_id.id, 1u);
  EXPECT_EQ(by_id.params.at(0).second, "abc");
}

TEST(Router, DecodesParameters) {
  const auto match = sample().match(Method::kGet, "/executions/tasks/x/steps/each%5B3%5D.call");
  ASSERT_EQ(match.kind, Router::Match::Kind::kFound);
  EXPECT_EQ(match.params.at(1).second, "each[3].call");
  EXPECT_EQ(sample().match(Method::kGet, "/executions/%zz").kind, Router::Match::Kind::kBadPath);
}

TEST(Router, TellsTheMethodsOfAPath) {
  const auto match = sample().match(Method::kTrace, "/executions/stats");
  EXPECT_EQ(match.kind, Router::Match::Kind::kMethodNotAllowed);
  EXPECT_EQ(match.allow, "GET, HEAD");
  EXPECT_EQ(sample().match(Method::kGet, "/executions/a/b").kind, Router::Match::Kind::kNotFound);
  EXPECT_EQ(sample().match(Method::kGet, "/executions/").kind, Router::Match::Kind::kNotFound);
}

TEST(Query, RefusesAParameterGivenTwice) {
  EXPECT_EQ(Query::parse("a=1&b=%20x+y")->get("b"), " x y");
  EXPECT_FALSE(Query::parse("a=1&a=2"));
  EXPECT_FALSE(Query::parse("a=%4"));
  EXPECT_FALSE(Query::parse("a=%00"));
}

TEST(Answer, NeverShowsInternalTextNorForeignCodes) {
  const Response response =
      failure(Error{ErrorKind::kInternal, "XX000", "relation \"secret\" is broken"}, ErrorStyle::kEnvelope);
  EXPECT_EQ(response.status, 500);
  EXPECT_EQ(response.body.find("secret"), std::string::npos);
  const auto body = json::parse(response.body);
  EXPECT_EQ(body->find("error")->find("code")->as_string(), "internal");
}

TEST(Answer, AddsRetryAfterWhereItIsOwed) {
  const Response response = failure(Error{ErrorKind::kUnavailable, "57P01", "x"}, ErrorStyle::kProblem);
  EXPECT_EQ(response.status, 503);
  EXPECT_EQ(response.content_type, "application/problem+json");
  EXPECT_EQ(response.headers.at(0).first, "Retry-After");
}

}  // namespace
}  // namespace pawl::http
