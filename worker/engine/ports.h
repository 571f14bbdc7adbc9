// Everything the engine touches the world through, stitched together in worker/wire.cc.
#pragma once

#include <functional>
#include <string>

#include "broker/ports.h"
#include "common/base/log.h"
#include "common/base/rng.h"
#include "common/loop/loop.h"
#include "common/store/breaker_store.h"
#include "common/store/control_store.h"
#include "common/store/log_store.h"
#include "common/store/task_store.h"
#include "common/store/work_store.h"
#include "worker/core/effect.h"
#include "worker/engine/call_guard.h"
#include "worker/tools/registry.h"

namespace pawl::engine {

/// What is told about an execution's life, for metrics. Every function is set.
struct Observer {
  std::function<void(const core::PhaseChange&)> on_phase;
  std::function<void(const StepRecord&)> on_step;
  std::function<void(const store::Final&, Micros since_created)> on_finish;
  std::function<void(Micros since_created)> on_first_start;
};

struct Ports {
  Loop& loop;
  Rng& rng;
  Log log;
  store::WorkStore& work;
  store::PlanStore& plans;
  store::TaskStore& tasks;
  store::ControlStore& control;
  broker::TicketConsumer& consumer;
  broker::TicketPublisher& publisher;
  broker::Bus& bus;
  tools::ToolRegistry& tools;
  Observer observer;
  store::BreakerStore* breakers = nullptr;  ///< null: circuit breakers are not shared
  store::LogWriter* logs = nullptr;         ///< where what steps print is kept; none: nowhere
};

struct Options {
  std::string worker_id;
  std::string worker_name;
  std::string host;
  std::string version;
  std::vector<std::string> lanes;
  int slots = 100;
  int max_frozen = 100;
  Millis lease{15'000};
  Millis lease_renew{5'000};
  Millis drain{25'000};
  plan::Limits limit_caps{16, 1'000'000, 256};  ///< what a plan may ask at most here
  GuardOptions guard;
};

}  // namespace pawl::engine
