// Random plans from a seed, with an oracle that knows their outcome beforehand: a second, simpler reading of
// the plan language that shares no code with the core.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "common/base/rng.h"
#include "common/json/value.h"
#include "common/model/status.h"
#include "common/plan/plan.h"

namespace pawl::simtest {

/// How a call to (path, target) ends: it fails `failures` times, then completes; or it fails for good.
struct Behaviour {
  int failures = 0;
  bool for_good = false;
  Millis duration{0};
  json::Value output;
};

/// The same for the same seed, path and target, whoever asks and whenever: so a run again after a crash ends
/// alike.
Behaviour behaviour_of(std::uint64_t seed, const std::string& path, int target);

struct Prediction {
  StepStatus status = StepStatus::kCompleted;
  json::Value output = {};
  bool is_exact = true;  ///< false: the output depends on time or people
};

struct RandomStep {
  enum class Kind {
    kTool,
    kSequence,
    kParallel,
    kForEach,
    kChoose,
    kTask,
    kWait,
    kSignal,
    kApproval
  } kind = Kind::kTool;
  std::string id;
  std::vector<RandomStep> children = {};
  bool critical = true;
  bool optional = false;
  bool is_off = false;  ///< `when` is false
  bool reads_before = false;
  bool compensates = false;
  bool asks = false;  ///< a tool step behind an approval
  bool at_most_once = false;
  int fallbacks = 0;
  int max_attempts = 1;
  int items = 0;
  int max_parallel = 0;
  std::string strategy = "wait_all";
  Millis wait{0};
  Millis delay{0};  ///< of the first backoff
};

struct RandomPlan {
  std::uint64_t seed = 0;
  plan::PlanPtr plan;
  std::map<std::string, plan::PlanPtr> tasks;
  std::vector<RandomStep> steps;
  std::map<std::string, std::string> before;  ///< id → id of the sibling that must have ended first
  std::map<std::string, const RandomStep*> by_id;
  Prediction prediction;
  bool has_at_most_once = false;
  bool has_tasks = false;
  bool has_timeout = false;
};

/// Never null; its `plan` passed the parser.
std::unique_ptr<RandomPlan> random_plan(std::uint64_t seed);

}  // namespace pawl::simtest
