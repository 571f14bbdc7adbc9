// Mistakes that can be planted in the core, to see that the simulation catches them (the test of the tester).
// In what ships each is a constant false; only the simulation's own build of the core (PAWL_SEEDED_BUGS) can
// switch one on.
#pragma once

#include <cstdint>

namespace pawl::core {

enum class Bug : std::uint8_t {
  kNone,
  kCallBeforeSave,            ///< the call is made while its start is still being saved
  kRetryCounterInMemory,      ///< a takeover counts attempts from 1 again
  kTimerEarly,                ///< half the backoff is enough
  kNoStampCheck,              ///< any answer to a step is taken
  kCancelLostAtFinish,        ///< a cancel that meets the finish is ignored
  kCommittedRunsAgain,        ///< a takeover runs ended tool steps again
  kAtMostOnceRepeated,        ///< a takeover repeats what may have happened
  kInboxNotRead,              ///< on a moved inbox its number is taken over unread
  kBackoffForgotten,          ///< a takeover starts the next attempt at once
  kCompensationForgotten,     ///< a takeover does not know what to undo
  kCompensationInOrder,       ///< undone first to last
  kDeferralUsesAttempt,       ///< an open breaker costs an attempt
  kCrashUsesAttempt,          ///< a takeover costs an attempt
  kCriticalIgnored,           ///< a list goes on after a critical failure
  kResultsByTime,             ///< a loop's results come in the order of their ends
  kSignalTakenTwice,          ///< a takeover gives a used signal again
  kPauseDoesNotStopTheClock,  ///< timers run on while paused
  kNextBeforeEnd,             ///< a list begins the next child too soon
  kEndedTwice,                ///< an end is written twice
  kLast,
};

#ifdef PAWL_SEEDED_BUGS
inline thread_local Bug planted_bug = Bug::kNone;
inline bool has_bug(Bug bug) { return planted_bug == bug; }
#else
constexpr bool has_bug(Bug bug) {
  static_cast<void>(bug);
  return false;
}
#endif

}  // namespace pawl::core
