#include "api/plan_check.h"

#include <algorithm>

#include "api/fields.h"
#include "common/plan/parse.h"
#include "common/plan/schema.h"

namespace pawl::api {
namespace {

/// Visits every tool call of a plan with its pointer.
class CallVisitor {
 public:
  CallVisitor(const CheckRules& rules, std::vector<Fault>& faults, std::vector<Fault>& warnings)
      : rules_(rules), faults_(faults), warnings_(warnings) {}

  void steps(const plan::Steps& steps, const std::string& pointer) {
    for (std::size_t i = 0; i < steps.size(); ++i) step(steps[i], json::pointer_join(pointer, i));
  }

 private:
  void step(const plan::Step& step, const std::string& pointer) {
    for (std::size_t i = 0; i < step.fallback.size(); ++i)
      call(step.fallback[i], json::pointer_join(pointer + "/fallback", i));
    if (step.compensate) call(*step.compensate, pointer + "/compensate");
    std::visit([&](const auto& body) { visit(body, pointer); }, step.body);
  }
  void visit(const plan::ToolSpec& spec, const std::string& pointer) { call(spec.call, pointer); }
  void visit(const plan::SequenceSpec& spec, const std::string& pointer) {
    steps(spec.steps, pointer + "/sequence/steps");
  }
  void visit(const plan::ParallelSpec& spec, const std::string& pointer) {
    steps(spec.steps, pointer + "/parallel/steps");
  }
  void visit(const plan::ForEachSpec& spec, const std::string& pointer) {
    for (const plan::Step& inner : spec.step) step(inner, pointer + "/for_each/step");
  }
  void visit(const plan::ChooseSpec& spec, const std::string& pointer) {
    for (std::size_t i = 0; i < spec.branches.size(); ++i) {
      const std::string at = json::pointer_join(pointer + "/choose", i);
      steps(spec.branches[i].steps, at + (spec.branches[i].when ? "/steps" : "/else"));
    }
  }
  void visit(const plan::TaskSpec&, const std::string&) {}
  void visit(const plan::WaitSpec&, const std::string&) {}
  void visit(const plan::ApprovalStepSpec&, const std::string&) {}

  void call(const plan::ToolCall& call, const std::string& pointer) {
    check_target(call, pointer);
    if (!rules_.tools.known) return;
    const auto found = rules_.tools.with_schemas.find(call.tool);
    if (found == rules_.tools.with_schemas.end()) {
      warnings_.push_back(
          {pointer + "/tool", "unknown_tool", "no worker offers a tool '" + call.tool + "' now"});
      return;
    }
    // What holds expressions is known only when it runs; the tool checks it then.
    if (!call.with.is_constant() || found->second.is_null()) return;
    auto more = plan::validate_schema(found->second, call.with.source(), pointer + "/with");
    std::move(more.begin(), more.end(), std::back_inserter(faults_));
  }

  /// A URL that is written out in the plan and may not be contacted.
  void check_target(const plan::ToolCall& call, const std::string& pointer) {
    const json::Value* url = call.tool == "http" ? call.with.source().find("url") : nullptr;
    if (url == nullptr || !url->is_string() || url->as_string().find("${{") != std::string::npos) return;
    const auto checked = rules_.egress.check(url->as_string());
    if (!checked) faults_.push_back({pointer + "/with/url", checked.error().code, checked.error().message});
  }

  const CheckRules& rules_;
  std::vector<Fault>& faults_;
  std::vector<Fault>& warnings_;
};

}  // namespace

json::Value CheckedTask::warnings_json() const {
  json::Array items;
  for (const Fault& warning : warnings) {
    items.push_back(
        json::Object{{"pointer", warning.pointer}, {"code", warning.code}, {"message", warning.message}});
  }
  return items;
}

CheckedTask check_task(const json::Value& document, const CheckRules& rules, IdRule id) {
  CheckedTask checked;
  auto plan = plan::parse(document, {.id_required = id == IdRule::kRequired, .lanes = rules.lanes});
  std::vector<Fault> faults;
  if (plan) {
    CallVisitor visitor(rules, faults, checked.warnings);
    visitor.steps((*plan)->steps, "/steps");
    visitor.steps((*plan)->on_failure, "/on_failure");
  } else if (plan.error().faults.empty()) {
    checked.refused = plan.error();
    return checked;
  } else {
    faults = plan.error().faults;
  }
  if (faults.empty())
    checked.plan = std::move(*plan);
  else
    checked.refused = faults_error(std::move(faults));
  return checked;
}

}  // namespace pawl::api
