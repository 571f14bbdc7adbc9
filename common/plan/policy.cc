#include "common/plan/policy.h"

#include <algorithm>

#include "common/base/time_format.h"
#include "common/plan/retry.h"

namespace pawl::plan {
namespace {

std::string child_path(const std::string& parent, const std::string& child) {
  return parent.empty() ? child : parent + "." + child;
}

void describe_list(const Plan& plan, const Steps& steps, const std::string& parent, json::Array& out);

void describe(const Plan& plan, const Step& step, const std::string& path, json::Array& out) {
  json::Object entry;
  entry.set("path", path);
  entry.set("kind", kind_name(step));
  const Millis timeout = effective_timeout(plan, step);
  entry.set("timeout", timeout == kNoTimeout ? json::Value() : json::Value(format_duration(timeout)));
  entry.set("retry", to_json(effective_retry(plan, step)));
  entry.set("critical", step.critical);
  entry.set("optional", step.optional);
  entry.set("delivery", step.delivery == Delivery::kAtMostOnce ? "at_most_once" : "at_least_once");
  out.emplace_back(std::move(entry));
  if (const auto* sequence = std::get_if<SequenceSpec>(&step.body))
    describe_list(plan, sequence->steps, path, out);
  if (const auto* parallel = std::get_if<ParallelSpec>(&step.body))
    describe_list(plan, parallel->steps, path, out);
  if (const auto* each = std::get_if<ForEachSpec>(&step.body))
    describe_list(plan, each->step, path + "[*]", out);
  if (const auto* choose = std::get_if<ChooseSpec>(&step.body)) {
    for (const ChooseSpec::Branch& branch : choose->branches) describe_list(plan, branch.steps, path, out);
  }
}

void describe_list(const Plan& plan, const Steps& steps, const std::string& parent, json::Array& out) {
  for (const Step& step : steps) describe(plan, step, child_path(parent, step.id), out);
}

}  // namespace

Millis effective_timeout(const Plan& plan, const Step& step) {
  if (step.timeout) return *step.timeout;
  return std::holds_alternative<ToolSpec>(step.body) ? plan.default_timeout : kNoTimeout;
}

RetryPolicy effective_retry(const Plan& plan, const Step& step) {
  return step.retry.value_or(plan.default_retry);
}

bool is_retryable(const RetryPolicy& policy, Category category, std::string_view code) {
  if (category == Category::kCancelled || category == Category::kOutcomeUnknown) return false;
  const auto& never = policy.not_on_codes;
  if (std::find(never.begin(), never.end(), code) != never.end()) return false;
  if (!policy.on.empty()) {
    return std::find(policy.on.begin(), policy.on.end(), to_string(category)) != policy.on.end();
  }
  return category == Category::kTransient || category == Category::kPermission ||
         category == Category::kResource;
}

json::Value describe_policy(const Plan& plan) {
  json::Array out;
  describe_list(plan, plan.steps, "", out);
  describe_list(plan, plan.on_failure, "", out);
  return json::Value(std::move(out));
}

}  // namespace pawl::plan
