// The engine's phases as data: for each (phase, trigger) exactly one answer. Checked at compile time; printed
// by a test.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "common/model/status.h"

namespace pawl::core {

/// What moves the phase.
enum class Trigger : std::uint8_t {
  kTaken,       ///< begun or restored by an owner
  kDispatch,    ///< a step begins
  kDispatched,  ///< nothing more can begin now
  kResult,      ///< a call, a wait or a decision has ended
  kPark,        ///< nothing runs; it waits
  kPause,       ///< nothing runs; a person said so
  kResume,      ///< the pause was taken back
  kComplete,
  kFail,
  kCancel,
  kTimeOut,
};
inline constexpr std::size_t kPhases = 11;
inline constexpr std::size_t kTriggers = 11;

/// The answer to one pair.
struct Transition {
  enum class Kind : std::uint8_t {
    kGo,     ///< to `next`
    kStay,   ///< nothing changes
    kNever,  ///< can't happen: a bug
  } kind = Kind::kNever;
  Phase next = Phase::kPending;
};

using TransitionTable = std::array<std::array<Transition, kTriggers>, kPhases>;

constexpr Transition go(Phase next) { return {Transition::Kind::kGo, next}; }
constexpr Transition stay() { return {Transition::Kind::kStay, Phase::kPending}; }
constexpr Transition never() { return {Transition::Kind::kNever, Phase::kPending}; }

constexpr TransitionTable make_transitions() {
  constexpr auto P = [](Phase p) { return go(p); };
  constexpr Transition done = go(Phase::kCompleted), bad = go(Phase::kFailed), off = go(Phase::kCancelled),
                       late = go(Phase::kTimedOut), wait = go(Phase::kWaiting), hold = go(Phase::kPaused),
                       no = never(), same = stay();
  constexpr Transition work = P(Phase::kDispatching), await = P(Phase::kAwaitingResults),
                       merge = P(Phase::kMerging);
  return {{
      //                     taken             dispatch dispatched result park  pause resume complete fail
      //                     cancel time-out
      /* pending          */ {{go(Phase::kPlanning), no, no, no, no, no, no, no, no, off, no}},
      /* planning         */ {{no, work, await, merge, wait, hold, same, done, bad, off, late}},
      /* dispatching      */ {{no, same, await, merge, wait, hold, same, done, bad, off, late}},
      /* awaiting_results */ {{no, work, same, merge, wait, hold, same, done, bad, off, late}},
      /* merging          */ {{no, work, await, same, wait, hold, same, done, bad, off, late}},
      /* paused           */ {{no, no, same, same, no, same, work, done, bad, off, late}},
      /* waiting          */ {{no, work, same, merge, no, hold, work, done, bad, off, late}},
      /* completed        */ {{no, no, no, no, no, no, no, no, no, no, no}},
      /* failed           */ {{no, no, no, no, no, no, no, no, no, no, no}},
      /* cancelled        */ {{no, no, no, no, no, no, no, no, no, no, no}},
      /* timed_out        */ {{no, no, no, no, no, no, no, no, no, no, no}},
  }};
}

inline constexpr TransitionTable kTransitions = make_transitions();

constexpr bool is_terminal_phase(Phase phase) { return phase >= Phase::kCompleted; }

constexpr Transition transition(Phase phase, Trigger trigger) {
  return kTransitions[static_cast<std::size_t>(phase)][static_cast<std::size_t>(trigger)];
}

/// Every phase but pending is reached from pending, and from every phase that is not final a final one is
/// reached.
constexpr bool is_sound() {
  std::array<bool, kPhases> reached{};
  reached[0] = true;
  for (std::size_t round = 0; round < kPhases; ++round)
    for (std::size_t p = 0; p < kPhases; ++p)
      for (std::size_t t = 0; reached[p] && t < kTriggers; ++t)
        if (kTransitions[p][t].kind == Transition::Kind::kGo)
          reached[static_cast<std::size_t>(kTransitions[p][t].next)] = true;
  for (const bool is_reached : reached)
    if (!is_reached) return false;
  for (std::size_t p = 0; p < kPhases; ++p) {
    const bool is_final = is_terminal_phase(static_cast<Phase>(p));
    bool ends = false, leaves = false;
    for (const Transition& t : kTransitions[p]) {
      leaves = leaves || t.kind != Transition::Kind::kNever;
      ends = ends || (t.kind == Transition::Kind::kGo && is_terminal_phase(t.next));
    }
    if (is_final ? leaves : !ends) return false;
  }
  return true;
}
static_assert(is_sound(), "every phase is reachable and can end, and a final one has no exit");

std::string_view to_string(Trigger trigger);
/// The table as text, one line per phase, for tests/golden/transitions.txt.
std::string print_transitions();

}  // namespace pawl::core
