// The virtual world with everything going wrong that can: crashes at any point, answers late, twice or from
// another life, a slow store, a lost lease, and people who cancel, pause, resume, signal and approve at any
// moment. All from one seed.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "tests/sim/core/checker.h"
#include "worker/sim/virtual_world.h"

namespace pawl::simtest {

struct Outcome {
  std::string violation;  ///< empty: all held
  std::string trace;
  int crashes = 0;
};

/// Runs one schedule to its end.
Outcome run_schedule(std::uint64_t seed);

}  // namespace pawl::simtest
