// What the core wants done: at most one checkpoint to save, and acts. Whatever had to be saved before an act
// was saved already when the act is handed out, so the engine carries acts out at once and in order.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "common/base/clock.h"
#include "common/model/event.h"
#include "common/model/failure.h"
#include "common/model/status.h"
#include "common/model/step_record.h"
#include "common/plan/plan.h"
#include "worker/core/event.h"

namespace pawl::core {

struct Final {
  ExecutionStatus status = ExecutionStatus::kCompleted;
  json::Value output = {};
  std::optional<Failure> failure = {};
};

struct Park {
  ExecutionStatus status = ExecutionStatus::kWaiting;  ///< kWaiting or kPaused
  std::optional<WallTime> wake_at = {};  ///< nullopt: only a control request or a signal wakes it
  json::Value waiting_for = {};          ///< [{"step","for","until"?,…}]
  bool calendar = false;                 ///< a date is among what it waits for: a pause does not move wake_at
  /// Paused with a frozen process: the status is written, lease and memory stay with the owner.
  bool keep = false;
};

/// One entry for one transaction; as store::Checkpoint without ids, epoch and rev. `settled` and `steps` are
/// facts and go in whenever the owner is still the owner; `onward`, `park` and `final` only while the inbox
/// is `inbox_seen`. Exactly one answer comes back: Saved, InboxChanged, Refused or Fenced. Until then no
/// other checkpoint is handed out.
struct Checkpoint {
  std::uint64_t inbox_seen = 0;
  std::vector<NewEvent> settled = {};
  std::vector<StepRecord> steps = {};
  std::vector<NewEvent> onward = {};
  std::vector<StepRecord> onward_steps = {};  ///< of steps that began and ended in this entry
  Phase phase = Phase::kDispatching;
  json::Value progress = {};
  bool step_committed = false;    ///< a step ended by its own work: resets the crash count
  bool compensates = false;       ///< there is something to undo: a cancel needs a worker
  std::optional<Park> park = {};  ///< at most one of park and final
  std::optional<Final> final = {};
};

/// Make one attempt. Its start is in the ledger. Answer: ToolFinished or CallDeferred.
struct StartTool {
  Stamp stamp;
  std::string tool;
  json::Value with;        ///< rendered; holds secret markers (see scope.h), never a secret
  Millis timeout{60'000};  ///< what is left for this attempt
  plan::Delivery delivery = plan::Delivery::kAtLeastOnce;
  plan::Resources resources = {};
  bool retry = false;  ///< draws on the retry budget
};
/// End the call as soon as possible; its ToolFinished is awaited.
struct CancelCall {
  Stamp stamp;
};
/// Stop it in its tracks. Answer: CallFrozen.
struct FreezeCall {
  Stamp stamp;
};
struct ThawCall {
  Stamp stamp;
};
/// Ring at this database time. There is one timer an execution: a new one replaces the old.
struct ArmTimer {
  WallTime at;
};
struct DisarmTimer {};
/// Find the plan of a nested task: its newest version, or when `hash` is given the one that was fixed.
/// Answer: TaskResolved.
struct ResolveTask {
  Stamp stamp;
  std::string task_id;
  std::optional<Sha256> hash = {};
};
/// Read the row's flags and the control events after `after_seq`. Answer: InboxRead.
struct ReadInbox {
  std::uint64_t after_seq = 0;
};
/// Ask for this as a client would (a pause that timed out). The effect comes back through the inbox.
struct RequestControl {
  enum class Kind : std::uint8_t { kResume, kCancel } kind = Kind::kResume;
  std::string reason = {};
};

using Act = std::variant<StartTool, CancelCall, FreezeCall, ThawCall, ArmTimer, DisarmTimer, ResolveTask,
                         ReadInbox, RequestControl>;

/// What becomes of the execution in this worker after these effects.
enum class Fate : std::uint8_t {
  kHeld,      ///< goes on
  kParked,    ///< saved as parked: forget it, the lease is released
  kFinished,  ///< the terminal event is saved: forget it
  kDropped,   ///< fenced, or beyond help: forget it without a write, once its calls are dead
};

/// For metrics and logs: one line each.
struct PhaseChange {
  Phase from;
  Phase to;
};

struct Effects {
  std::optional<Checkpoint> checkpoint = {};
  std::vector<Act> acts = {};
  std::vector<PhaseChange> phases = {};
  Fate fate = Fate::kHeld;
};

}  // namespace pawl::core
