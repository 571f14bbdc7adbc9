// The words of plan-language.md §6: statuses, phases, priorities. Their text is the contract's.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace pawl {

enum class ExecutionStatus : std::uint8_t {
  kPending,
  kRunning,
  kWaiting,
  kPaused,
  kCompleted,
  kFailed,
  kCancelled,
  kTimedOut
};
std::string_view to_string(ExecutionStatus status);
std::optional<ExecutionStatus> parse_execution_status(std::string_view text);
inline bool is_final(ExecutionStatus status) { return status >= ExecutionStatus::kCompleted; }

enum class StepStatus : std::uint8_t {
  kPending,
  kRunning,
  kWaiting,
  kRetrying,
  kCompleted,
  kFailed,
  kSkipped,
  kCancelled
};
std::string_view to_string(StepStatus status);
std::optional<StepStatus> parse_step_status(std::string_view text);
inline bool is_final(StepStatus status) { return status >= StepStatus::kCompleted; }

/// The engine's state machine (plan-language.md §6). `kParked` shows as paused or waiting.
enum class Phase : std::uint8_t {
  kPending,
  kPlanning,
  kDispatching,
  kAwaitingResults,
  kMerging,
  kPaused,
  kWaiting,
  kCompleted,
  kFailed,
  kCancelled,
  kTimedOut
};
std::string_view to_string(Phase phase);

/// Which queue of a lane a first start goes to. Priorities 7–9 are high, 0–2 low.
enum class PriorityClass : std::uint8_t { kHigh, kNormal, kLow };
PriorityClass priority_class(int priority);
std::string_view to_string(PriorityClass priority);

}  // namespace pawl
