// Plans from text, and a world that answers from a script: what the tests of the core share.
#pragma once

#include <gtest/gtest.h>

#include <deque>
#include <map>
#include <string>

#include "common/json/parse.h"
#include "common/json/write.h"
#include "common/plan/parse.h"
#include "worker/sim/virtual_world.h"

namespace pawl::core_test {

inline json::Value json_of(std::string_view text) {
  auto value = json::parse(text);
  EXPECT_TRUE(value) << (value ? "" : value.error().message) << " in " << text;
  return value ? *value : json::Value();
}

/// The plan whose steps (and more) are `text`, in JSON.
inline plan::PlanPtr plan_of(std::string_view text) {
  plan::ParseOptions options;
  options.id_required = false;
  auto parsed = plan::parse(json_of(text), options);
  if (!parsed) {
    std::string faults = parsed.error().message;
    for (const Fault& fault : parsed.error().faults) faults += "\n" + fault.pointer + ": " + fault.message;
    ADD_FAILURE() << faults;
    return std::make_shared<plan::Plan>();
  }
  return *parsed;
}

inline Failure failure(Category category, std::string code) {
  Failure out;
  out.category = category;
  out.code = std::move(code);
  out.message = "as scripted";
  return out;
}

inline sim::ToolAnswer completes(std::string_view output, Millis after = Millis{0}) {
  return {json_of(output), after};
}
inline sim::ToolAnswer fails(std::string code, Millis after = Millis{0},
                             Category category = Category::kTransient) {
  return {tl::unexpected(failure(category, std::move(code))), after};
}

/// A world whose calls are answered by path, in order; the last answer of a path is given again.
class Scripted : public sim::VirtualWorld {
 public:
  explicit Scripted(std::string_view plan, std::string_view input = "{}", sim::WorldOptions options = {})
      : VirtualWorld(plan_of(plan), json_of(input), std::move(options)) {
    on_call = [this](const core::StartTool& call) { return next(call); };
  }
  std::map<std::string, std::deque<sim::ToolAnswer>> script;

  [[nodiscard]] std::string output() const {
    return row().final ? json::write(row().final->output) : "unfinished";
  }
  [[nodiscard]] std::string failed_with() const {
    return row().final && row().final->failure ? row().final->failure->code : "";
  }
  [[nodiscard]] std::string status_of(std::string_view path) const {
    const StepRecord* record = store().step(path);
    return record == nullptr ? "none" : std::string(to_string(record->status));
  }
  [[nodiscard]] std::string code_of(std::string_view path) const {
    const StepRecord* record = store().step(path);
    return record == nullptr || !record->failure ? "" : record->failure->code;
  }
  /// Paths of the calls made, in order.
  [[nodiscard]] std::string call_order() const {
    std::string text;
    for (const sim::ToolCallSeen& call : calls()) text += (text.empty() ? "" : " ") + call.stamp.path;
    return text;
  }
  [[nodiscard]] int count(EventType type, std::string_view path = {}) const {
    int n = 0;
    for (const Event& event : store().events())
      n += event.type == type && (path.empty() || event.step == path) ? 1 : 0;
    return n;
  }
  [[nodiscard]] Millis time() const { return std::chrono::floor<Millis>(now().time_since_epoch()); }

 private:
  sim::ToolAnswer next(const core::StartTool& call) {
    if (call.tool == "echo" && !script.contains(call.stamp.path)) return {call.with, Millis{0}};
    auto& answers = script[call.stamp.path];
    if (answers.empty()) return {};
    sim::ToolAnswer answer = answers.front();
    if (answers.size() > 1) answers.pop_front();
    return answer;
  }
};

}  // namespace pawl::core_test
