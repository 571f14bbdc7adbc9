// What a run request may ask for (http-api.md §3), and what makes two requests the same.
#include "api/submission.h"

#include <gtest/gtest.h>

#include <set>

#include "tests/unit/api/api_world.h"

namespace pawl::api {
namespace {

constexpr std::string_view kPlain = R"({"steps":[{"id":"a","tool":"echo"}]})";

class SubmissionRules : public testing::Test {
 protected:
  Result<Submission> read(std::string_view body, RunKind kind = RunKind::kAsync,
                          std::string_view task = kPlain) {
    return read_submission(parsed(body), ApiWorld::task(task), world_.services, kind, "");
  }
  std::string fault(std::string_view body, RunKind kind = RunKind::kAsync, std::string_view task = kPlain) {
    const auto submission = read(body, kind, task);
    return submission ? "" : submission.error().faults.front().pointer;
  }
  ApiWorld world_;
};

TEST_F(SubmissionRules, AnEmptyBodyTakesEveryDefaultFromThePlan) {
  const auto plain = read("{}");
  ASSERT_TRUE(plain);
  EXPECT_EQ(plain->execution.priority, 5);
  EXPECT_EQ(plain->execution.lane, "default");
  EXPECT_TRUE(plain->execution.input.is_object());
  EXPECT_EQ(plain->sync_wait, Millis{60'000});
  const auto own = read("{}", RunKind::kSync,
                        R"({"steps":[{"id":"a","tool":"echo"}],"lane":"llm","priority":8,"timeout":"10s"})");
  ASSERT_TRUE(own);
  EXPECT_EQ(own->execution.lane, "llm");
  EXPECT_EQ(own->execution.priority, 8);
  EXPECT_EQ(own->sync_wait, Millis{10'000});
  EXPECT_EQ(read("{}", RunKind::kSync, R"({"steps":[{"id":"a","tool":"echo"}],"timeout":"2h"})")->sync_wait,
            Millis{300'000});
}

TEST_F(SubmissionRules, TheTimeoutOfASyncRunHasItsBound) {
  EXPECT_EQ(read(R"({"timeout":300})", RunKind::kSync)->sync_wait, Millis{300'000});
  EXPECT_EQ(read(R"({"timeout":0})", RunKind::kSync)->sync_wait, Millis{60'000});
  EXPECT_EQ(read(R"({"timeout":null})", RunKind::kSync)->sync_wait, Millis{60'000});
  for (const std::string value : {"301", "9000000000000000000", "18446744073709551615"}) {
    const auto refused = read(R"({"timeout":)" + value + "}", RunKind::kSync);
    ASSERT_FALSE(refused) << value;
    EXPECT_EQ(refused.error().code, "validation_failed");
    EXPECT_NE(refused.error().message.find("timeout cannot exceed 300 seconds"), std::string::npos);
    EXPECT_TRUE(read(R"({"timeout":)" + value + "}", RunKind::kAsync)) << value;
  }
  for (const std::string value : {"-1", "1.5", "\"5\"", "true", "[]", "{}"}) {
    for (const RunKind kind : {RunKind::kSync, RunKind::kAsync, RunKind::kBatchItem})
      EXPECT_EQ(fault(R"({"timeout":)" + value + "}", kind), "/timeout") << value;
  }
}

TEST_F(SubmissionRules, EveryFieldIsChecked) {
  const std::pair<std::string, std::string> bad[] = {{R"({"with":[]})", "/with"},
                                                     {R"({"with":"x"})", "/with"},
                                                     {R"({"priority":10})", "/priority"},
                                                     {R"({"priority":-1})", "/priority"},
                                                     {R"({"priority":1.5})", "/priority"},
                                                     {R"({"lane":"nowhere"})", "/lane"},
                                                     {R"({"run_at":"x"})", "/run_at"},
                                                     {R"({"labels":{"a":1}})", "/labels"},
                                                     {R"({"labels":[]})", "/labels"},
                                                     {R"({"tenant_id":"x"})", "/tenant_id"},
                                                     {R"({"idempotency_key":"x"})", "/idempotency_key"},
                                                     {R"({"plan":{}})", "/plan"}};
  for (const auto& [body, pointer] : bad) EXPECT_EQ(fault(body), pointer) << body;
  for (const std::string body : {R"({"priority":0})", R"({"priority":9})", R"({"lane":"llm"})",
                                 R"({"labels":{"a":"b"}})", R"({"run_at":"2026-12-01T00:00:00Z"})"})
    EXPECT_TRUE(read(body)) << body;
  std::string labels = R"({"labels":{"l0":"")";
  for (int i = 1; i <= 64; ++i) labels += ",\"l" + std::to_string(i) + "\":\"\"";
  EXPECT_EQ(fault(labels + "}}"), "/labels");
}

TEST_F(SubmissionRules, LimitsMayOnlyBeLowered) {
  EXPECT_TRUE(read(R"({"limits":{"max_steps":500,"max_depth":1,"max_parallel":4}})"));
  EXPECT_EQ(fault(R"({"limits":{"max_steps":501}})"), "/limits/max_steps");
  EXPECT_EQ(fault(R"({"limits":{"max_depth":4}})"), "/limits/max_depth");
  EXPECT_EQ(fault(R"({"limits":{"max_parallel":5}})"), "/limits/max_parallel");
  EXPECT_EQ(fault(R"({"limits":{"max_steps":0}})"), "/limits/max_steps");
  EXPECT_EQ(fault(R"({"limits":{"nope":1}})"), "/limits/nope");
  EXPECT_TRUE(read(R"({"limits":{"max_steps":501}})", RunKind::kAsync,
                   R"({"steps":[{"id":"a","tool":"echo"}],"limits":{"max_steps":1000}})"));
}

TEST_F(SubmissionRules, TheInputFitsTheSchema) {
  constexpr std::string_view kStrict =
      R"({"input_schema":{"type":"object","required":["n"],"properties":{"n":{"type":"integer"}}},"steps":[{"id":"a","tool":"echo"}]})";
  EXPECT_TRUE(read(R"({"with":{"n":1}})", RunKind::kAsync, kStrict));
  EXPECT_EQ(fault("{}", RunKind::kAsync, kStrict), "/with");
  EXPECT_EQ(fault(R"({"with":{"n":"x"}})", RunKind::kAsync, kStrict), "/with/n");
}

TEST_F(SubmissionRules, AllFaultsComeAtOnceWithTheItemsPointer) {
  const auto refused =
      read_submission(parsed(R"({"priority":99,"lane":"x","nope":1})"), ApiWorld::task(kPlain),
                      world_.services, RunKind::kBatchItem, "/items/3");
  ASSERT_FALSE(refused);
  std::set<std::string> pointers;
  for (const Fault& fault : refused.error().faults) pointers.insert(fault.pointer);
  EXPECT_EQ(pointers, (std::set<std::string>{"/items/3/priority", "/items/3/lane", "/items/3/nope"}));
}

TEST_F(SubmissionRules, OnlyBatchItemsNameTheirKeyInTheBody) {
  const auto item = read(R"({"idempotency_key":"\"k\""})", RunKind::kBatchItem);
  ASSERT_TRUE(item);
  EXPECT_EQ(item->execution.idempotency_key, "k");
  EXPECT_EQ(fault(R"({"idempotency_key":"a b"})", RunKind::kBatchItem), "/idempotency_key");
  EXPECT_EQ(fault(R"({"idempotency_key":""})", RunKind::kBatchItem), "/idempotency_key");
}

TEST(IdempotencyKey, IsQuotedOrBareVisibleAscii) {
  EXPECT_EQ(*checked_idempotency_key("k"), "k");
  EXPECT_EQ(*checked_idempotency_key("\"k\""), "k");
  EXPECT_EQ(checked_idempotency_key(std::string(255, 'k'))->size(), 255u);
  EXPECT_EQ(checked_idempotency_key("\"" + std::string(255, 'k') + "\"")->size(), 255u);
  for (const std::string& bad :
       {std::string(), std::string("\"\""), std::string(256, 'k'), std::string("a b"), std::string("a\tb"),
        std::string("\x7f"), std::string("\xc3\xa9")}) {
    const auto key = checked_idempotency_key(bad);
    ASSERT_FALSE(key) << bad;
    EXPECT_EQ(key.error().code, "idempotency_key_invalid");
  }
}

TEST(IdempotencyKey, TwoHeadersMustAgree) {
  const auto key_of = [](std::initializer_list<std::pair<const char*, const char*>> fields) {
    http::Headers headers;
    for (const auto& [name, value] : fields) headers.add(name, value);
    return idempotency_key_of(headers);
  };
  EXPECT_EQ(*key_of({}), "");
  EXPECT_EQ(*key_of({{"X-IDEMPOTENCY-KEY", "a"}}), "a");
  EXPECT_EQ(*key_of({{"Idempotency-Key", "a"}, {"X-Idempotency-Key", "\"a\""}}), "a");
  EXPECT_FALSE(key_of({{"Idempotency-Key", "a"}, {"X-Idempotency-Key", "b"}}));
  EXPECT_FALSE(key_of({{"Idempotency-Key", "a"}, {"Idempotency-Key", "b"}}));
  EXPECT_FALSE(key_of({{"Idempotency-Key", ""}}));
}

TEST(Fingerprint, IsOfMethodRouteQueryAndCanonicalBody) {
  const json::Value body = parsed(R"({"a":1,"b":{"x":1.0,"y":null}})");
  const Sha256 base = fingerprint_of("POST", "/r", "", body);
  EXPECT_EQ(fingerprint_of("POST", "/r", "", parsed(R"({"b":{"y":null,"x":1},"a":1.0})")), base);
  EXPECT_NE(fingerprint_of("PUT", "/r", "", body), base);
  EXPECT_NE(fingerprint_of("POST", "/s", "", body), base);
  EXPECT_NE(fingerprint_of("POST", "/r", "q=1", body), base);
  EXPECT_NE(fingerprint_of("POST", "/r", "", parsed(R"({"a":2,"b":{"x":1.0,"y":null}})")), base);
  EXPECT_NE(fingerprint_of("POST", "/r", "", parsed(R"({"a":1,"b":{"x":1.0}})")), base);
}

}  // namespace
}  // namespace pawl::api
