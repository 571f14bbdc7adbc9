// The request parser against well-formed, smuggling and oversize input.
#include "common/http/parser.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace pawl::http {
namespace {

struct Outcome {
  std::vector<RequestHead> heads;
  std::vector<std::string> bodies;
  ParseFailure failure{0, "", ""};
};

/// Feeds `text` in pieces of `step` bytes and collects everything that comes out.
Outcome run(std::string_view text, std::size_t step = 4096, std::size_t body_limit = 1 << 20) {
  RequestParser parser{Limits{}};
  Outcome outcome;
  std::string pending;
  for (std::size_t at = 0; at < text.size() || !pending.empty();) {
    if (at < text.size()) {
      pending.append(text.substr(at, step));
      at += step;
    }
    for (bool more = true; more;) {
      const auto progress = parser.feed(pending);
      pending.erase(0, progress.consumed);
      switch (progress.stop) {
        case RequestParser::Stop::kHead:
          outcome.heads.push_back(parser.take_head());
          parser.limit_body(body_limit);
          break;
        case RequestParser::Stop::kComplete:
          outcome.bodies.push_back(parser.take_body());
          parser.next();
          more = !pending.empty();
          break;
        case RequestParser::Stop::kError: outcome.failure = parser.failure(); return outcome;
        case RequestParser::Stop::kNeedMore: more = false; break;
      }
    }
    if (at >= text.size()) break;
  }
  return outcome;
}

TEST(RequestParser, ParsesAGet) {
  const auto outcome = run("GET /a/b?x=1 HTTP/1.1\r\nHost: h\r\nX-Y:  z \r\n\r\n");
  ASSERT_EQ(outcome.bodies.size(), 1u);
  EXPECT_EQ(outcome.heads[0].path(), "/a/b");
  EXPECT_EQ(outcome.heads[0].query(), "x=1");
  EXPECT_EQ(outcome.heads[0].headers.get("x-y"), "z");
  EXPECT_TRUE(outcome.heads[0].keep_alive);
}

TEST(RequestParser, GivesTheSameHoweverTheBytesAreCut) {
  const std::string text =
      "POST /p HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n\r\nhello"
      "POST /q HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: "
      "chunked\r\n\r\n3\r\nabc\r\n2;ext=1\r\nde\r\n0\r\nTrailer: x\r\n\r\n"
      "GET /r HTTP/1.1\r\nHost: h\r\n\r\n";
  for (std::size_t step = 1; step < text.size(); ++step) {
    const auto outcome = run(text, step);
    ASSERT_EQ(outcome.bodies, (std::vector<std::string>{"hello", "abcde", ""})) << step;
    EXPECT_EQ(outcome.heads[2].target, "/r");
    EXPECT_FALSE(outcome.heads[1].headers.get("trailer"));
  }
}

TEST(RequestParser, TakesTheAbsoluteForm) {
  EXPECT_EQ(run("GET http://h/a?b HTTP/1.1\r\nHost: h\r\n\r\n").heads.at(0).target, "/a?b");
  EXPECT_EQ(run("GET http://h HTTP/1.1\r\nHost: h\r\n\r\n").heads.at(0).target, "/");
}

TEST(RequestParser, GoesOnParsingTheBodyOfAnUpgradeRequest) {
  const auto outcome =
      run("POST /p HTTP/1.1\r\nHost: h\r\nConnection: upgrade\r\nUpgrade: x\r\nContent-Length: 2\r\n\r\nhi"
          "GET /r HTTP/1.1\r\nHost: h\r\n\r\n");
  ASSERT_EQ(outcome.bodies.size(), 2u);
  EXPECT_TRUE(outcome.heads[0].upgrade);
  EXPECT_EQ(outcome.bodies[0], "hi");
}

struct Bad {
  const char* name;
  std::string text;
  int status;
};
class RequestParserRefuses : public testing::TestWithParam<Bad> {};

TEST_P(RequestParserRefuses, WithTheStatus) {
  for (const std::size_t step : {1UL, 7UL, 1UL << 20}) {
    const auto outcome = run(GetParam().text, step);
    EXPECT_EQ(outcome.failure.status, GetParam().status)
        << "step " << step << ": " << outcome.failure.message;
  }
}

std::string many_headers(int n) {
  std::string out = "GET / HTTP/1.1\r\nHost: h\r\n";
  for (int i = 1; i < n; ++i) out += "H" + std::to_string(i) + ": v\r\n";
  return out + "\r\n";
}

INSTANTIATE_TEST_SUITE_P(
    All, RequestParserRefuses,
    testing::Values(
        Bad{"LengthAndCoding",
            "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
            400},
        Bad{"CodingAndLength",
            "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\nContent-Length: 3\r\n\r\n0\r\n\r\n",
            400},
        Bad{"EmptyCodingAndLength",
            "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding:\r\nContent-Length: 3\r\n\r\nabc", 400},
        Bad{"TwoLengths", "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\nContent-Length: 3\r\n\r\nabc",
            400},
        Bad{"NegativeLength", "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: -3\r\n\r\nabc", 400},
        Bad{"LengthList", "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 3, 3\r\n\r\nabc", 400},
        Bad{"UnknownCoding",
            "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n", 501},
        Bad{"CodingNotLast",
            "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked, gzip\r\n\r\n0\r\n\r\n", 501},
        Bad{"NoHost", "GET / HTTP/1.1\r\n\r\n", 400},
        Bad{"TwoHosts", "GET / HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n", 400},
        Bad{"SpaceBeforeColon", "GET / HTTP/1.1\r\nHost : h\r\n\r\n", 400},
        Bad{"ObsFold", "GET / HTTP/1.1\r\nHost: h\r\nX: a\r\n b\r\n\r\n", 400},
        Bad{"BareCarriageReturn", "GET / HTTP/1.1\r\nHost: h\r\nX: a\rb\r\n\r\n", 400},
        Bad{"BareLineFeed", "GET / HTTP/1.1\nHost: h\n\n", 400},
        Bad{"NulInHeader", std::string("GET / HTTP/1.1\r\nHost: h\r\nX: a\0b\r\n\r\n", 38), 400},
        Bad{"TwoAuthorizations", "GET / HTTP/1.1\r\nHost: h\r\nAuthorization: a\r\nauthorization: a\r\n\r\n",
            400},
        Bad{"TwoContentTypes", "GET / HTTP/1.1\r\nHost: h\r\nContent-Type: a\r\nContent-Type: a\r\n\r\n",
            400},
        Bad{"Version2", "GET / HTTP/2.0\r\nHost: h\r\n\r\n", 505},
        Bad{"Version9", "GET / HTTP/9.9\r\nHost: h\r\n\r\n", 505},
        Bad{"LongUrl", "GET /" + std::string(9000, 'a') + " HTTP/1.1\r\nHost: h\r\n\r\n", 414},
        Bad{"ManyHeaders", many_headers(101), 431},
        Bad{"LargeHeader", "GET / HTTP/1.1\r\nHost: h\r\nX: " + std::string(17 * 1024, 'a') + "\r\n\r\n",
            431},
        Bad{"LargeTrailer",
            "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nX: " +
                std::string(17 * 1024, 'a') + "\r\n\r\n",
            431},
        Bad{"LongChunkExtension",
            "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n1;" +
                std::string(17 * 1024, 'a') + "\r\nb\r\n0\r\n\r\n",
            431},
        Bad{"BadChunkSize", "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n-1\r\n", 400},
        Bad{"Garbage", "\x16\x03\x01\x02\r\n\r\n", 400}),
    [](const auto& bad) { return bad.param.name; });

TEST(RequestParser, AllowsAHundredHeaders) { EXPECT_EQ(run(many_headers(100)).bodies.size(), 1u); }

TEST(RequestParser, CutsABodyOverItsLimitBeforeItIsWhole) {
  const auto outcome =
      run("POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\nffff\r\n" + std::string(300, 'a'),
          64, 100);
  EXPECT_EQ(outcome.failure.status, 413);
}

}  // namespace
}  // namespace pawl::http
