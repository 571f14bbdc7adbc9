// The heart: apply(state, event, inputs) → effects. Pure: no I/O, clock, randomness, log or thread; equal
// histories give equal results. The protocol with the engine:
//   1. Begin or Restore first, then whatever comes, one at a time, on one thread.
//   2. Effects::checkpoint goes to the store; its answer comes back as Saved, InboxChanged, Refused or
//   Fenced. Meanwhile
//      other events may be applied: what they settle folds into the next checkpoint.
//   3. Effects::acts are carried out at once, in order: what had to be saved before them was saved. Each
//   StartTool,
//      FreezeCall, ResolveTask and ReadInbox is answered by exactly one event.
//   4. After a fate other than kHeld the execution is forgotten; apply() may still be called and does
//   nothing.
#pragma once

#include "common/base/clock.h"
#include "worker/core/effect.h"
#include "worker/core/event.h"
#include "worker/core/execution.h"

namespace pawl::core {

/// The outside, frozen for one event.
struct Inputs {
  WallTime now{};  ///< database time as the worker knows it: its now() at the claim plus monotonic time since
  double jitter = 0.5;  ///< uniform in [0, 1), fresh for each event
};

/// Never fails: a plan or an answer that makes no sense ends as a failed step or execution.
[[nodiscard]] Effects apply(Execution& execution, Event event, const Inputs& inputs);

}  // namespace pawl::core
