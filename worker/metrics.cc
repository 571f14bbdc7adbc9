#include "worker/metrics.h"

#include <utility>
#include <vector>

namespace pawl::worker {
namespace {

double seconds(Micros time) { return std::chrono::duration<double>(time).count(); }

}  // namespace

engine::Observer make_observer(Metrics& metrics) {
  engine::Observer observer;
  observer.on_phase = [&metrics](const core::PhaseChange& change) {
    metrics
        .counter("pawl_phase_changes_total", "Transitions of the state machine by the phase they led to",
                 {{"to", to_string(change.to)}})
        .add();
  };
  observer.on_step = [&metrics](const StepRecord& step) {
    metrics.counter("pawl_steps_total", "Steps ended, by status", {{"status", to_string(step.status)}}).add();
    if (step.attempt > 1)
      metrics.counter("pawl_step_retries_total", "Attempts beyond the first of ended steps")
          .add(step.attempt - 1);
    if (step.started_at && step.finished_at) {
      metrics
          .histogram(
              "pawl_step_seconds", "From the start of a step's last attempt to its end, by tool",
              latency_buckets(),
              {{"tool", step.tool.empty() ? std::string_view(step.kind) : std::string_view(step.tool)}})
          .observe(seconds(*step.finished_at - *step.started_at));
    }
  };
  const Histogram latency =
      metrics.histogram("pawl_execution_seconds", "From acceptance to the end of an execution");
  observer.on_finish = [&metrics, latency](const store::Final& final, Micros age) {
    metrics
        .counter("pawl_executions_total", "Executions ended here, by status",
                 {{"status", to_string(final.status)}})
        .add();
    latency.observe(seconds(age));
  };
  const Histogram start =
      metrics.histogram("pawl_start_latency_seconds", "From acceptance to the first commit of a worker");
  observer.on_first_start = [start](Micros age) { start.observe(seconds(age)); };
  return observer;
}

void add_worker_metrics(Metrics& metrics, const engine::Engine& engine, const keeper::Keeper& keeper) {
  add_process_metrics(metrics);
  struct Row {
    Gauge gauge;
    std::function<double(const engine::EngineStats&, const keeper::KeeperStats&)> read;
  };
  std::vector<Row> rows;
  const auto add = [&](std::string_view name, std::string_view help, auto read) {
    rows.push_back({metrics.gauge(name, help), read});
  };
  using E = const engine::EngineStats&;
  using K = const keeper::KeeperStats&;
  add("pawl_executions_held", "Executions this worker holds",
      [](E e, K) { return static_cast<double>(e.held); });
  add("pawl_executions_frozen", "Of these, paused with a frozen step",
      [](E e, K) { return static_cast<double>(e.frozen); });
  add("pawl_executions_claimed", "Executions claimed since the start",
      [](E e, K) { return static_cast<double>(e.claimed); });
  add("pawl_tickets_not_claimable", "Tickets for what was not claimable (duplicates, ended)",
      [](E e, K) { return static_cast<double>(e.not_claimable); });
  add("pawl_executions_parked", "Executions parked since the start",
      [](E e, K) { return static_cast<double>(e.parked); });
  add("pawl_executions_lost", "Executions lost to another owner (fenced)",
      [](E e, K) { return static_cast<double>(e.lost); });
  add("pawl_executions_handed_over", "Executions handed over by a drain",
      [](E e, K) { return static_cast<double>(e.handed_over); });
  add("pawl_keeper_ticks", "Ticks of the keeper done here",
      [](E, K k) { return static_cast<double>(k.ticks); });
  add("pawl_keeper_orphans", "Orphaned executions found",
      [](E, K k) { return static_cast<double>(k.orphans); });
  add("pawl_keeper_due", "Due timers found", [](E, K k) { return static_cast<double>(k.due); });
  add("pawl_keeper_lost_tickets", "Lost tickets published again",
      [](E, K k) { return static_cast<double>(k.lost); });
  add("pawl_keeper_fed", "Tickets made out for rows that had none",
      [](E, K k) { return static_cast<double>(k.fed); });
  add("pawl_keeper_quarantined", "Crash loops ended",
      [](E, K k) { return static_cast<double>(k.quarantined); });
  const Gauge is_keeper = metrics.gauge("pawl_keeper", "1 while it is this worker's turn");
  metrics.before_render([rows = std::move(rows), is_keeper, &engine, &keeper] {
    const engine::EngineStats stats = engine.stats();
    for (const Row& row : rows) row.gauge.set(row.read(stats, keeper.stats()));
    is_keeper.set(keeper.is_keeper() ? 1 : 0);
  });
}

}  // namespace pawl::worker
