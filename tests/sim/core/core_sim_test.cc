// The core under seeded faults. PAWL_SIM_SEED=n replays one schedule and prints its ledger;
// PAWL_SIM_SCHEDULES=n runs more.
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>

#include "tests/sim/core/faulty_world.h"
#include "worker/core/seeded_bugs.h"

namespace pawl::simtest {
namespace {

#ifdef __OPTIMIZE__
constexpr std::uint64_t kSchedules = 20'000;
#else
constexpr std::uint64_t kSchedules = 2'000;  ///< an unoptimised build is for looking, not for searching
#endif
/// Each planted bug must show within so many.
constexpr std::uint64_t kSchedulesPerBug = 20'000;
/// A hang is told from a slow machine by this much; well within the time-out of the test.
constexpr unsigned kSecondsPerBug = 120;

std::uint64_t number_from(const char* name, std::uint64_t otherwise) {
  const char* text = std::getenv(name);
  return text == nullptr ? otherwise : std::strtoull(text, nullptr, 10);
}

TEST(CoreSimulation, HoldsTheInvariantsUnderFaults) {
  if (const std::uint64_t seed = number_from("PAWL_SIM_SEED", 0); seed != 0) {
    const Outcome outcome = run_schedule(seed);
    std::printf("%s\n", outcome.trace.c_str());
    EXPECT_EQ(outcome.violation, "");
    return;
  }
  const std::uint64_t schedules = number_from("PAWL_SIM_SCHEDULES", kSchedules);
  std::uint64_t crashes = 0;
  for (std::uint64_t seed = 1; seed <= schedules; ++seed) {
    const Outcome outcome = run_schedule(seed);
    crashes += static_cast<std::uint64_t>(outcome.crashes);
    ASSERT_EQ(outcome.violation, "") << "replay with PAWL_SIM_SEED=" << seed << "\n" << outcome.trace;
  }
  std::printf("%llu schedules, %llu crashes, no violation\n", static_cast<unsigned long long>(schedules),
              static_cast<unsigned long long>(crashes));
  EXPECT_GT(crashes, schedules / 20);
}

class PlantedBugs : public ::testing::TestWithParam<int> {};

// In a process of its own: a bug may well end in an assertion, which is being caught too.
TEST_P(PlantedBugs, AreCaught) {
  const pid_t child = fork();
  ASSERT_GE(child, 0);
  if (child == 0) {
    alarm(kSecondsPerBug);  // a bug may also hang: the signal ends it, and that is being caught
    if (std::freopen("/dev/null", "w", stderr) == nullptr) _exit(2);
    core::planted_bug = static_cast<core::Bug>(GetParam());
    for (std::uint64_t seed = 1; seed <= kSchedulesPerBug; ++seed)
      if (!run_schedule(seed).violation.empty()) _exit(1);
    _exit(0);
  }
  int status = 0;
  ASSERT_EQ(waitpid(child, &status, 0), child);
  EXPECT_FALSE(WIFEXITED(status) && WEXITSTATUS(status) == 0) << "bug " << GetParam() << " was not caught";
}

INSTANTIATE_TEST_SUITE_P(Each, PlantedBugs, ::testing::Range(1, static_cast<int>(core::Bug::kLast)));

}  // namespace
}  // namespace pawl::simtest
