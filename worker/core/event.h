// What the world tells the core: one struct per kind of news, and the variant of them all. Plain data made of
// model types; the engine converts from the store's. Whoever was given an effect posts exactly one of these
// back.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "common/base/clock.h"
#include "common/base/ids.h"
#include "common/json/value.h"
#include "common/model/event.h"
#include "common/model/failure.h"
#include "common/model/step_record.h"
#include "common/plan/plan.h"

namespace pawl::core {

/// Identity of one attempt. An effect bears it and its answer brings it back unchanged; an answer whose stamp
/// is not the current one of its step is dropped and counted.
struct Stamp {
  std::string path;
  int attempt = 1;
  std::uint32_t epoch = 0;
  int fallback = 0;        ///< 0: the step's own tool; n: its n-th fallback
  std::uint64_t call = 0;  ///< the core's handle on the step; opaque
};

/// What stays the same over the life of an execution, and who owns it now.
struct Facts {
  Uuid exec_id;
  std::string task_id;
  plan::PlanPtr plan;
  json::Value input;
  plan::Limits limits;                 ///< the plan's, lowered by the request, capped by the worker
  std::optional<Millis> timeout = {};  ///< of the whole execution: the request's, else the plan's
  std::uint32_t epoch = 0;
  std::uint64_t inbox = 0;  ///< the row's, as claimed: what `cancel_requested` … below reflect
  std::string worker = {};  ///< written into step records
  int attempt = 1;          ///< `exec.attempt`
  /// Marks secrets in rendered values (scope.h). The same for every owner, not to be guessed by who feeds in
  /// data: an HMAC of exec_id under a key of the deployment.
  std::string secret_salt = {};
};

/// What the row asks of its owner.
struct Control {
  bool cancel_requested = false;
  bool pause_requested = false;
  std::string reason = {};
  std::optional<Millis> pause_timeout = {};
  bool cancel_on_pause_timeout = false;  ///< else it resumes
};

/// A claimed execution that never started.
struct Begin {
  Facts facts;
  Control control = {};
  std::vector<pawl::Event> events =
      {};  ///< what is in the ledger already (accepted, early signals); may be empty
  std::vector<StepRecord> kept = {};  ///< of the execution that this one repeats: they are not run again
};

/// A claimed execution that had started: its ledger and step records, both in order.
struct Restore {
  Facts facts;
  Control control = {};
  std::vector<pawl::Event> events;
  std::vector<StepRecord> steps;
};

/// The checkpoint in flight was written, all of it.
struct Saved {
  std::uint64_t inbox = 0;  ///< the row's; another than was seen leads to a ReadInbox
  WallTime at{};            ///< database time of the transaction
};
/// The settled part of the checkpoint in flight was written, the rest not: the inbox had moved. The core asks
/// ReadInbox.
struct InboxChanged {
  std::uint64_t inbox = 0;
  WallTime at{};
};
/// The data of the checkpoint in flight was refused for good (SQLSTATE class 21, 22, 23, 54). Nothing was
/// written.
struct Refused {
  Error error;
};
/// Another epoch owns it, or it is final, or the lease is lost: stop everything, write nothing.
struct Fenced {};

/// The inbox was read: in answer to ReadInbox, or because a message on pawl.control or the look each second
/// said so.
struct InboxRead {
  std::uint64_t inbox = 0;
  Control control = {};
  std::vector<pawl::Event> events =
      {};  ///< control, signal and approval events; those seen before (by seq) are skipped
};

/// The one answer to StartTool, unless CallDeferred was given instead. After CancelCall too.
struct ToolFinished {
  Stamp stamp;
  tl::expected<json::Value, Failure> output;
  ResourceUse resources = {};
  WallTime started{};  ///< for people
  WallTime finished{};
};
/// Why a call was not made.
enum class DeferReason : std::uint8_t { kBreakerOpen, kRetryBudget, kRateLimit };
std::string_view to_string(DeferReason reason);
/// The answer to StartTool when the call was not made and nothing was sent: no attempt is used up.
struct CallDeferred {
  Stamp stamp;
  WallTime until{};
  DeferReason why = DeferReason::kBreakerOpen;
  std::string target = {};  ///< what the breaker guards, for people
};
/// The answer to FreezeCall. Not frozen: the tool can't, the call goes on to its end.
struct CallFrozen {
  Stamp stamp;
  bool frozen = false;
};

/// The armed timer rang. Which steps are due is the core's to know; an early or stale ring does no harm.
struct TimerRang {};

/// The answer to ResolveTask.
struct TaskResolved {
  Stamp stamp;
  tl::expected<plan::PlanPtr, Failure>
      plan;  ///< failure: configuration/task_not_found, or what else went wrong
  int version = 0;
};

/// The alternative order is that of `Trigger` in transitions.h.
using Event = std::variant<Begin, Restore, Saved, InboxChanged, Refused, Fenced, InboxRead, ToolFinished,
                           CallDeferred, CallFrozen, TimerRang, TaskResolved>;

}  // namespace pawl::core
