#include "common/model/status.h"

#include <gtest/gtest.h>

namespace pawl {
namespace {

TEST(ExecutionStatus, TextAndEnumeratorArePairs) {
  for (int i = 0; i <= static_cast<int>(ExecutionStatus::kTimedOut); ++i) {
    const auto status = static_cast<ExecutionStatus>(i);
    EXPECT_EQ(parse_execution_status(to_string(status)), status);
  }
  EXPECT_EQ(to_string(ExecutionStatus::kTimedOut), "timed_out");
  EXPECT_EQ(to_string(ExecutionStatus::kPaused), "paused");
  EXPECT_EQ(parse_execution_status("Running"), std::nullopt);
  EXPECT_EQ(parse_execution_status(""), std::nullopt);
}

TEST(ExecutionStatus, FourAreFinal) {
  EXPECT_FALSE(is_final(ExecutionStatus::kPaused));
  EXPECT_TRUE(is_final(ExecutionStatus::kCompleted));
  EXPECT_TRUE(is_final(ExecutionStatus::kTimedOut));
}

TEST(StepStatus, TextAndEnumeratorArePairs) {
  for (int i = 0; i <= static_cast<int>(StepStatus::kCancelled); ++i) {
    const auto status = static_cast<StepStatus>(i);
    EXPECT_EQ(parse_step_status(to_string(status)), status);
  }
  EXPECT_EQ(to_string(StepStatus::kRetrying), "retrying");
  EXPECT_EQ(to_string(StepStatus::kSkipped), "skipped");
  EXPECT_FALSE(is_final(StepStatus::kRetrying));
  EXPECT_TRUE(is_final(StepStatus::kSkipped));
}

TEST(Phase, HasTheWordsOfTheContract) {
  EXPECT_EQ(to_string(Phase::kPending), "pending");
  EXPECT_EQ(to_string(Phase::kAwaitingResults), "awaiting_results");
  EXPECT_EQ(to_string(Phase::kMerging), "merging");
  EXPECT_EQ(to_string(Phase::kTimedOut), "timed_out");
}

TEST(PriorityClass, SevenAndUpAreHighTwoAndDownAreLow) {
  EXPECT_EQ(priority_class(0), PriorityClass::kLow);
  EXPECT_EQ(priority_class(2), PriorityClass::kLow);
  EXPECT_EQ(priority_class(3), PriorityClass::kNormal);
  EXPECT_EQ(priority_class(6), PriorityClass::kNormal);
  EXPECT_EQ(priority_class(7), PriorityClass::kHigh);
  EXPECT_EQ(priority_class(9), PriorityClass::kHigh);
  EXPECT_EQ(to_string(PriorityClass::kNormal), "normal");
}

}  // namespace
}  // namespace pawl
