// One row of an execution's ledger (http-api.md §4).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "common/base/clock.h"
#include "common/base/ids.h"
#include "common/base/result.h"
#include "common/json/value.h"

namespace pawl {

enum class EventType : std::uint8_t {
  kExecutionAccepted,
  kExecutionStarted,
  kExecutionRecovered,
  kExecutionWaiting,
  kExecutionPaused,
  kExecutionResumed,
  kExecutionCancelRequested,
  kExecutionCancelled,
  kExecutionCompleted,
  kExecutionFailed,
  kExecutionTimedOut,
  kStepStarted,
  kStepAttemptFailed,
  kStepRetryScheduled,
  kStepCommitted,
  kStepFailed,
  kStepSkipped,
  kStepCancelled,
  kStepFrozen,
  kStepProgress,
  kStepLog,
  kApprovalRequested,
  kApprovalDecided,
  kApprovalExpired,
  kSignalReceived,
  kEstimateUpdated,
  kNotificationSent,
  kNotificationFailed,
};
/// "execution.accepted", "step.attempt_failed", …
std::string_view to_string(EventType type);
std::optional<EventType> parse_event_type(std::string_view text);
/// Live only: no ledger row and no seq (progress, log, estimate).
bool is_live_only(EventType type);
/// One of the four that end an execution.
bool is_terminal(EventType type);

/// An event before it has its number: the store gives `seq` and `at` in the transaction that writes it.
struct NewEvent {
  EventType type;
  std::string step = {};  ///< path; "" = none
  int attempt = 0;        ///< 0 = none
  json::Value data = {};  ///< null or an object
};

struct Event {
  std::uint64_t seq = 0;
  EventType type = EventType::kExecutionAccepted;
  WallTime at{};
  Uuid exec_id;
  std::uint32_t epoch = 0;
  std::string step = {};
  int attempt = 0;
  json::Value data = {};
};

/// {"seq","type","at","exec_id","epoch","step"?,"attempt"?,"data"}; seq is left out when 0.
json::Value to_json(const Event& event);
Result<Event> event_from_json(const json::Value& value);

}  // namespace pawl
