// pawl-sim budget: calls, retries and time against one retry budget.
#include "worker/core/resilience/retry_budget.h"
#include "worker/sim/case_reader.h"
#include "worker/sim/commands.h"

namespace pawl::sim {

Result<json::Value> run_budget_case(const json::Value& line) {
  const CaseReader config(line.find("config"));
  resilience::RetryBudgetConfig settings;
  settings.ratio = TRY(config.number("ratio", settings.ratio));
  settings.floor = TRY(config.number("floor", settings.floor));
  settings.window = TRY(config.duration("window", settings.window));
  resilience::RetryBudget budget(settings);

  const json::Value* ops = line.find("ops");
  if (ops == nullptr || !ops->is_array())
    return fail(ErrorKind::kInvalid, "bad_case", "ops must be a list of objects");
  MonoTime now{};
  json::Array steps;
  for (const json::Value& op : ops->as_array()) {
    const CaseReader in(&op);
    std::int64_t granted = 0;
    if (in.has("calls"))
      budget.add_calls(TRY(in.integer("calls", 0)), now);
    else if (in.has("retries"))
      granted = budget.take(TRY(in.integer("retries", 0)), now);
    else if (in.has("advance"))
      now += TRY(in.duration("advance", Millis{0}));
    else
      return fail(ErrorKind::kInvalid, "bad_case", "an op is one of calls, retries, advance");
    steps.push_back(json::Object{{"granted", granted}, {"balance", plain_number(budget.balance(now))}});
  }
  const json::Value* id = line.find("id");
  return json::Value(json::Object{{"id", id != nullptr ? *id : json::Value()}, {"steps", std::move(steps)}});
}

}  // namespace pawl::sim
