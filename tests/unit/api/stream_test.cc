// The pure parts of streams: types, numbers, frames, origins, what an overview shows.
#include <gtest/gtest.h>

#include "api/stream/event_types.h"
#include "api/stream/frames.h"
#include "api/stream/origin.h"
#include "api/stream/overview.h"

namespace pawl::api::stream {
namespace {

TEST(StreamTypes, TakesNamesAndGroups) {
  const auto set = TypeSet::parse("step.committed,execution.*").value();
  EXPECT_TRUE(set.has(EventType::kStepCommitted));
  EXPECT_TRUE(set.has(EventType::kExecutionTimedOut));
  EXPECT_FALSE(set.has(EventType::kStepStarted));
  EXPECT_FALSE(set.has(EventType::kStepLog));
  EXPECT_TRUE(TypeSet().has(EventType::kNotificationFailed)) << "all without a list";
}

TEST(StreamTypes, RefusesWhatIsNoType) {
  for (const auto* list : {"", "step", "step.*x", "steps.*", ".*", "*", "step.committed,", "STEP.COMMITTED",
                           "step.committed execution.*"}) {
    const auto set = TypeSet::parse(list);
    ASSERT_FALSE(set) << list;
    EXPECT_EQ(set.error().code, "bad_request") << list;
  }
}

TEST(StreamNumbers, AreDigitsOnly) {
  EXPECT_EQ(parse_seq("after_seq", "0").value(), 0u);
  EXPECT_EQ(parse_seq("after_seq", "9223372036854775807").value(), 9223372036854775807u);
  for (const auto* text :
       {"", "-1", "+1", " 1", "1 ", "1.0", "0x1", "abc", "9223372036854775808", "99999999999999999999"})
    EXPECT_FALSE(parse_seq("Last-Event-ID", text)) << text;
}

TEST(StreamFrames, HaveTheFormOfServerSentEvents) {
  Event event;
  event.seq = 7;
  event.type = EventType::kStepCommitted;
  event.step = "fetch\nx";
  Frames frames(event);
  EXPECT_TRUE(frames.sse().starts_with("id: 7\nevent: step.committed\ndata: {\"seq\":7,"));
  EXPECT_TRUE(frames.sse().ends_with("}\n\n"));
  EXPECT_EQ(std::count(frames.sse().begin(), frames.sse().end(), '\n'), 4)
      << "no line break gets out of the JSON";
  EXPECT_TRUE(frames.ws().ends_with(frames.json()));
}

TEST(StreamFrames, LiveOnlyEventsHaveNoId) {
  Event event;
  event.type = EventType::kStepLog;
  Frames frames(event);
  EXPECT_TRUE(frames.sse().starts_with("event: step.log\ndata: "));
}

Result<std::string> origin(const std::string& value, const std::vector<std::string>& allowed = {}) {
  http::RequestHead head;
  head.headers.add("Host", "pawl.example:7070");
  if (!value.empty()) head.headers.add("Origin", value);
  return check_origin(head, allowed);
}

TEST(StreamOrigin, OursAndThoseOnTheListMayWatch) {
  EXPECT_EQ(origin("").value(), "");
  EXPECT_EQ(origin("http://pawl.example:7070").value(), "");
  EXPECT_EQ(origin("https://PAWL.example:7070").value(), "") << "behind a proxy that speaks TLS";
  EXPECT_EQ(origin("https://ops.example", {"https://ops.example"}).value(), "https://ops.example");
}

TEST(StreamOrigin, OthersMayNot) {
  for (const auto* value :
       {"null", "http://evil.example", "http://pawl.example", "http://pawl.example:7071", "pawl.example:7070",
        "http://pawl.example:7070.evil.example", "https://ops.example.evil", "file://"}) {
    const auto checked = origin(value, {"https://ops.example"});
    ASSERT_FALSE(checked) << value;
    EXPECT_EQ(checked.error().code, "origin_forbidden");
  }
}

store::TenantEvent failed_event() {
  store::TenantEvent event;
  event.event.seq = 9;
  event.event.type = EventType::kExecutionFailed;
  event.event.at = WallTime(Micros(1'700'000'000'123'456));
  event.task_id = "nightly";
  event.labels = json::Object{{"team", "data"}};
  return event;
}

TEST(StreamOverview, FiltersByStatusTaskAndLabel) {
  const store::TenantEvent event = failed_event();
  EXPECT_TRUE(matches({}, event));
  EXPECT_TRUE(matches(
      {.statuses = {ExecutionStatus::kFailed}, .task_id = "nightly", .labels = {{"team", "data"}}}, event));
  EXPECT_FALSE(matches({.statuses = {ExecutionStatus::kCompleted}}, event));
  EXPECT_FALSE(matches({.task_id = "other"}, event));
  EXPECT_FALSE(matches({.labels = {{"team", "web"}}}, event));
  EXPECT_FALSE(matches({.labels = {{"nope", ""}}}, event));
}

TEST(StreamOverview, SaysWhatBecameOfTheExecutionAndWhereToGoOn) {
  Frames frames = overview_frames(failed_event());
  EXPECT_TRUE(frames.sse().starts_with("id: 1700000000123456\nevent: execution.failed\n"));
  EXPECT_NE(frames.json().find(R"("task_id":"nightly","status":"failed","labels":{"team":"data"})"),
            std::string::npos)
      << frames.json();
}

}  // namespace
}  // namespace pawl::api::stream
