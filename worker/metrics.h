// What a worker counts for Prometheus, and the observer that the engine tells about executions.
#pragma once

#include <functional>

#include "common/metrics/metrics.h"
#include "worker/engine/engine.h"
#include "worker/keeper/keeper.h"

namespace pawl::worker {

/// Counts phases, steps, ends and latencies as they happen. `metrics` outlives it.
engine::Observer make_observer(Metrics& metrics);
/// Gauges that are read when /metrics is asked for; engine and keeper outlive `metrics`.
void add_worker_metrics(Metrics& metrics, const engine::Engine& engine, const keeper::Keeper& keeper);

}  // namespace pawl::worker
