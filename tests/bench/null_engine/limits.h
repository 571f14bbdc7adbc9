// The bounds of the null engine: Pawl's own (common/store/limits.h, common/base/config_keys.cc), copied and
// frozen with it.
#pragma once

#include <cstddef>

#include "common/base/clock.h"

namespace pawl::null_engine {

/// Rows of one transaction, and bytes of their parameters.
inline constexpr std::size_t kBatchEntries = 128;
inline constexpr std::size_t kBatchBytes = std::size_t{256} * 1024;
/// Entries waiting for their transaction; more are answered 503.
inline constexpr std::size_t kMaxQueued = 65536;
/// Accept transactions under way at once (API), and checkpoint transactions (worker).
inline constexpr int kAcceptLanes = 2;
inline constexpr int kCheckpointLanes = 1;
/// Connections to Postgres per process.
inline constexpr int kDatabaseConnections = 4;
/// Executions a worker holds at once.
inline constexpr int kWorkerSlots = 100;
/// Steps of one execution; the task's name says how many, a larger number is taken for this.
inline constexpr int kMaxSteps = 10'000;
/// Body of a request.
inline constexpr std::size_t kMaxBody = std::size_t{1} << 20;
/// A call that takes longer is a broken run.
inline constexpr Millis kDeadline{10'000};

}  // namespace pawl::null_engine
