// The formats of pawl-sim: what outsiders drive the core with.
#include <gtest/gtest.h>

#include "common/json/parse.h"
#include "common/json/write.h"
#include "worker/sim/commands.h"

namespace pawl::sim {
namespace {

using Run = Result<json::Value> (*)(const json::Value&);

std::string answer(Run run, const char* line) {
  const auto result = run(json::parse(line).value());
  return result ? json::write(*result) : result.error().code + ": " + result.error().message;
}

TEST(SimCases, ARetryCaseShowsEachDelayAndTheBudget) {
  EXPECT_EQ(
      answer(run_retry_case,
             R"({"id":"R01","config":{"max_attempts":4,"initial_delay":"50ms","multiplier":2,"jitter":"none",
                   "budget":{"tokens":500,"cost":14,"refund":1}},"outcomes":["500","500","200"]})"),
      R"({"id":"R01","attempts":[{"n":1,"outcome":"500","delay_ms":50,"budget":486},)"
      R"({"n":2,"outcome":"500","delay_ms":100,"budget":472},{"n":3,"outcome":"200","budget":486}],"result":"success"})");
}

std::string result_of(const std::string& line) {
  const auto result = run_retry_case(json::parse(line).value());
  if (!result) return result.error().message;
  return result->find("result")->is_null() ? "null" : result->find("result")->as_string();
}

std::string simple(const std::string& outcomes, const std::string& more = "") {
  return R"({"config":{"initial_delay":"1s","jitter":"none","max_attempts":3},"outcomes":[)" + outcomes +
         "]" + more + "}";
}

TEST(SimCases, ARetryCaseEndsAsTheContractSays) {
  EXPECT_EQ(result_of(simple(R"("404")")), "not_retryable");
  EXPECT_EQ(result_of(simple(R"("invalid")")), "not_retryable");
  EXPECT_EQ(result_of(simple(R"("assertion")")), "not_retryable");
  EXPECT_EQ(result_of(simple(R"("cancelled")")), "not_retryable");
  EXPECT_EQ(result_of(simple(R"("denied")")), "not_retryable");
  EXPECT_EQ(result_of(simple(R"("oom","200")")), "success");
  EXPECT_EQ(result_of(simple(R"("408","429","200")")), "success");
  EXPECT_EQ(result_of(simple(R"("timeout","reset","conn_refused")")), "max_attempts_exceeded");
  EXPECT_EQ(result_of(simple(R"("500")")), "null");
}

TEST(SimCases, AnAmbiguousFailureOfAnAtMostOnceCallIsUnknown) {
  const std::string once = R"(,"delivery":"at_most_once")";
  EXPECT_EQ(result_of(simple(R"("timeout","200")", once)), "outcome_unknown");
  EXPECT_EQ(result_of(simple(R"("reset","200")", once)), "outcome_unknown");
  EXPECT_EQ(result_of(simple(R"("conn_refused","200")", once)), "success");
  EXPECT_EQ(result_of(simple(R"("503","200")", once)), "success");
  EXPECT_EQ(result_of(simple(R"("200")", once + R"(,"deadline":"1s","attempt_duration":"2s")")),
            "outcome_unknown");
}

TEST(SimCases, PermissionIsRetriedOnceAndOnlyWithARefreshedCredential) {
  const std::string refreshed = R"({"status":401,"credential_refreshed":true})";
  EXPECT_EQ(result_of(simple(refreshed + R"(,"200")")), "success");
  EXPECT_EQ(result_of(simple(refreshed + "," + refreshed)), "not_retryable");
  EXPECT_EQ(result_of(simple(R"({"status":401},"200")")), "not_retryable");
}

TEST(SimCases, TheDeadlineCutsAndForbidsAttempts) {
  const auto with_deadline = [](const char* deadline, const char* duration) {
    return simple(R"("500","500","200")",
                  std::string(R"(,"deadline":")") + deadline + R"(","attempt_duration":")" + duration + "\"");
  };
  EXPECT_EQ(result_of(with_deadline("3001ms", "0s")), "success");  // starts at 0, 1 s, 3 s
  EXPECT_EQ(result_of(with_deadline("3s", "0s")), "deadline");     // not at exactly 3 s
  EXPECT_EQ(result_of(with_deadline("6s", "1s")), "success");      // 0–1, 2–3, 5–6
  EXPECT_EQ(result_of(with_deadline("5999ms", "1s")), "deadline");
  EXPECT_EQ(result_of(with_deadline("0s", "1s")), "deadline");
}

TEST(SimCases, ARetryAfterIsTakenAsItIsAndABadOneIsNot) {
  const auto delay_for = [](const std::string& retry_after) {
    const auto result =
        run_retry_case(json::parse(R"({"config":{"initial_delay":"100ms","max_delay":"10s","jitter":"none"},
        "outcomes":[{"status":429,"retry_after":)" +
                                   retry_after + "}]}")
                           .value());
    return json::write(*result.value().find("attempts")->as_array()[0].find("delay_ms"));
  };
  EXPECT_EQ(delay_for(R"("1.5s")"), "1500");
  EXPECT_EQ(delay_for(R"("2")"), "2000");
  EXPECT_EQ(delay_for("3"), "3000");
  EXPECT_EQ(delay_for(R"("1h")"), "10000");
  EXPECT_EQ(delay_for(R"("0s")"), "100");
  EXPECT_EQ(delay_for("0"), "100");
  EXPECT_EQ(delay_for("-3"), "100");
  EXPECT_EQ(delay_for(R"("soon")"), "100");
}

TEST(SimCases, ABreakerCaseSpeaksOfPermitsByName) {
  EXPECT_EQ(
      answer(
          run_breaker_case,
          R"({"id":1,"config":{"window":"count:10","min_calls":1,"failure_rate":0.5},"ops":["?x","F","x:F","?"]})"),
      R"({"id":1,"steps":[)"
      R"({"op":"?x","allowed":true,"state":"closed","failure_rate":-1,"slow_rate":-1,"buffered":0,"failed":0,"rejected":0},)"
      R"({"op":"F","allowed":true,"state":"open","failure_rate":100,"slow_rate":0,"buffered":1,"failed":1,"rejected":0},)"
      R"({"op":"x:F","state":"open","failure_rate":100,"slow_rate":0,"buffered":1,"failed":1,"rejected":0},)"
      R"({"op":"?","allowed":false,"state":"open","failure_rate":100,"slow_rate":0,"buffered":1,"failed":1,"rejected":1,"retry_after_ms":5000}]})");
}

TEST(SimCases, ABudgetCaseGrantsAndBalances) {
  EXPECT_EQ(
      answer(run_budget_case, R"({"id":"R17","config":{"ratio":0.2,"floor":3,"window":"10s"},
                   "ops":[{"calls":100},{"retries":25},{"advance":"10s"},{"retries":5}]})"),
      R"({"id":"R17","steps":[{"granted":0,"balance":20},{"granted":20,"balance":0},{"granted":0,"balance":3},{"granted":3,"balance":0}]})");
}

TEST(SimCases, ABadCaseSaysWhatIsWrong) {
  EXPECT_EQ(answer(run_breaker_case, R"({"ops":["jump"]})"), "bad_case: unknown op: jump");
  EXPECT_EQ(answer(run_breaker_case, R"({"config":{"window":"week"},"ops":[]})"),
            "bad_case: window must be time:<duration> or count:<calls>");
  EXPECT_EQ(answer(run_retry_case, R"({"outcomes":["maybe"]})"), "bad_case: unknown outcome: maybe");
}

}  // namespace
}  // namespace pawl::sim
