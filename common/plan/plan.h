// The plan as data: what plan-language.md says, parsed and checked. Immutable once parsed; shared by all its
// executions.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "common/base/bytes.h"
#include "common/base/clock.h"
#include "common/json/value.h"
#include "common/plan/graph.h"
#include "common/plan/schema.h"
#include "common/plan/template.h"

namespace pawl::plan {

enum class Jitter : std::uint8_t { kFull, kEqual, kDecorrelated, kNone, kProportional };

struct RetryPolicy {
  int max_attempts = 4;  ///< the first try included
  Millis initial_delay{200};
  double multiplier = 2;
  Millis max_delay{30'000};
  Jitter jitter = Jitter::kFull;
  double proportion = 0;  ///< kProportional only
  std::optional<Millis> max_elapsed = {};
  std::vector<std::string> on = {};  ///< categories; empty = the category table's own
  std::vector<std::string> not_on_codes = {};
};

enum class Delivery : std::uint8_t { kAtLeastOnce, kAtMostOnce };
enum class Strategy : std::uint8_t { kWaitAll, kFailFast, kBestEffort, kRace };
enum class Merge : std::uint8_t { kCollect, kFirstSuccess, kDeepMerge };

struct Step;
using Steps = std::vector<Step>;

/// What to call: a tool's name and its parameters with expressions in them.
struct ToolCall {
  std::string tool;
  Template with;
};

struct Resources {
  std::optional<std::int64_t> memory_bytes;
  std::optional<double> cpu;
  std::optional<std::int64_t> disk_bytes;
  std::optional<int> pids;
  std::optional<std::int64_t> network_bytes_per_s;
};

struct ApprovalSpec {
  Template message;
  std::string risk = {};
  std::optional<Millis> expires_in = {};
  bool approve_on_expiry = false;
  std::vector<std::string> approvers = {};
  int quorum = 1;
  json::Value form = {};  ///< JSON Schema or null
};

struct ToolSpec {
  ToolCall call;
};
struct SequenceSpec {
  Steps steps;
};
struct ParallelSpec {
  Steps steps;
  std::optional<int> max_parallel;
  Strategy strategy = Strategy::kWaitAll;
  Merge merge = Merge::kCollect;
};
struct ForEachSpec {
  Template items;
  std::string as = "row";
  std::string index = "i";
  std::vector<Step> step;  ///< exactly one
  std::optional<int> max_parallel;
  int batch = 1;
  Strategy strategy = Strategy::kWaitAll;
  Merge merge = Merge::kCollect;
};
struct TaskSpec {
  std::string task;
  Template with;
};
struct ChooseSpec {
  struct Branch {
    std::optional<Template> when;  ///< none: the else, which is last
    Steps steps;
  };
  std::vector<Branch> branches;
};
struct WaitSpec {
  std::optional<Template> for_duration;  ///< exactly one of the three
  std::optional<Template> until;
  std::string signal;
  std::optional<Millis> timeout;  ///< with signal
  bool continue_on_timeout = false;
};
struct ApprovalStepSpec {
  ApprovalSpec approval;
};

using StepBody = std::variant<ToolSpec, SequenceSpec, ParallelSpec, ForEachSpec, TaskSpec, ChooseSpec,
                              WaitSpec, ApprovalStepSpec>;

struct Step {
  std::string id;
  std::string name;
  std::optional<Template> when;
  std::optional<Millis> timeout;     ///< as written; the effective one is policy.h's
  std::optional<RetryPolicy> retry;  ///< as written, over the task's defaults
  bool critical = true;
  bool optional = false;
  std::vector<ToolCall> fallback;
  std::optional<ToolCall> compensate;
  Delivery delivery = Delivery::kAtLeastOnce;
  std::optional<ApprovalSpec> approval;
  Resources resources;
  std::optional<Millis> estimate;
  StepBody body;
};

/// "tool", "sequence", "parallel", "for_each", "task", "choose", "wait", "approval".
std::string_view kind_name(const Step& step);

struct Limits {
  int max_depth = 3;
  std::int64_t max_steps = 500;
  int max_parallel = 4;
};

/// A finish notification; `on` holds final statuses, all of them when the plan says none.
struct Notify {
  std::string webhook;
  std::vector<std::string> on;
};

struct Plan {
  std::string id;  ///< "" for an inline plan
  std::string description;
  json::Value input_schema;  ///< null = anything
  SchemaPtr input_check;     ///< the compiled input_schema; null = anything
  std::optional<Millis> timeout;
  std::string lane = "default";
  int priority = 5;
  Limits limits;
  Millis default_timeout{60'000};
  RetryPolicy default_retry;
  Steps steps;
  std::optional<Template> output;
  Steps on_failure;
  std::vector<Notify> notify;
  Graph graph;         ///< which step reads from which
  json::Value source;  ///< the document it was parsed from
  Sha256 hash{};       ///< of the canonical source
};
using PlanPtr = std::shared_ptr<const Plan>;

}  // namespace pawl::plan
