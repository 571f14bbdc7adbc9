#include "common/model/event.h"

#include <gtest/gtest.h>

#include "common/json/parse.h"
#include "common/json/write.h"

namespace pawl {
namespace {

constexpr int kLast = static_cast<int>(EventType::kNotificationFailed);

TEST(EventType, TextAndEnumeratorArePairs) {
  for (int i = 0; i <= kLast; ++i) {
    const auto type = static_cast<EventType>(i);
    EXPECT_EQ(parse_event_type(to_string(type)), type) << to_string(type);
  }
  EXPECT_EQ(to_string(EventType::kExecutionCancelRequested), "execution.cancel_requested");
  EXPECT_EQ(to_string(EventType::kStepAttemptFailed), "step.attempt_failed");
  EXPECT_EQ(to_string(EventType::kStepFrozen), "step.frozen");
  EXPECT_EQ(to_string(EventType::kApprovalDecided), "approval.decided");
  EXPECT_EQ(to_string(EventType::kSignalReceived), "signal.received");
  EXPECT_EQ(to_string(EventType::kNotificationFailed), "notification.failed");
}

TEST(EventType, ThreeAreLiveOnlyAndFourEndAnExecution) {
  int live = 0, terminal = 0;
  for (int i = 0; i <= kLast; ++i) {
    live += is_live_only(static_cast<EventType>(i)) ? 1 : 0;
    terminal += is_terminal(static_cast<EventType>(i)) ? 1 : 0;
  }
  EXPECT_EQ(live, 3);
  EXPECT_EQ(terminal, 4);
  EXPECT_TRUE(is_live_only(EventType::kStepLog));
  EXPECT_FALSE(is_terminal(EventType::kExecutionCancelRequested));
}

TEST(Event, HasTheShapeOfTheContractAndReadsBack) {
  const std::string text =
      R"({"seq":7,"type":"step.committed","at":"2026-11-20T10:00:00.123Z",)"
      R"("exec_id":"01932f6b-0000-7abc-8def-0123456789ab","epoch":1,"step":"fetch","attempt":1,"data":{"n":1}})";
  const auto event = event_from_json(*json::parse(text));
  ASSERT_TRUE(event.has_value());
  EXPECT_EQ(event->type, EventType::kStepCommitted);
  EXPECT_EQ(json::write(to_json(*event)), text);
}

TEST(Event, LeavesOutNumberStepAndAttemptWhenThereAreNone) {
  Event event;
  event.type = EventType::kStepLog;
  EXPECT_EQ(
      json::write(to_json(event)),
      R"({"type":"step.log","at":"1970-01-01T00:00:00.000Z","exec_id":"00000000-0000-0000-0000-000000000000",)"
      R"("epoch":0,"data":{}})");
}

TEST(Event, RefusesWhatIsNoEvent) {
  const std::string good =
      R"({"type":"step.log","at":"1970-01-01T00:00:00Z","exec_id":"00000000-0000-0000-0000-000000000000")";
  EXPECT_TRUE(event_from_json(*json::parse(good + "}")).has_value());
  for (const char* more : {R"(,"seq":-1)", R"(,"seq":"1")", R"(,"epoch":4294967296)", R"(,"attempt":1.5)",
                           R"(,"step":1)", R"(,"data":[])"}) {
    EXPECT_FALSE(event_from_json(*json::parse(good + more + "}")).has_value()) << more;
  }
  for (const char* text :
       {"null", "[]", "{}", R"({"type":"step.unheard_of"})", R"({"type":"step.log","at":"yesterday"})",
        R"({"type":"step.log","at":"1970-01-01T00:00:00Z","exec_id":"1"})"}) {
    EXPECT_FALSE(event_from_json(*json::parse(text)).has_value()) << text;
  }
}

}  // namespace
}  // namespace pawl
