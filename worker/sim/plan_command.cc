// pawl-sim plan: one execution of a plan over the production core, with tools that answer from the case.
#include <algorithm>
#include <deque>
#include <map>

#include "common/base/time_format.h"
#include "common/plan/parse.h"
#include "worker/core/limits.h"
#include "worker/sim/case_reader.h"
#include "worker/sim/commands.h"
#include "worker/sim/virtual_world.h"

namespace pawl::sim {
namespace {

/// More occurrences than any case needs; a plan that never ends is cut here.
constexpr std::size_t kMaxOccurrences = 5'000'000;

using Script = std::map<std::string, std::deque<ToolAnswer>>;

Result<ToolAnswer> read_answer(const json::Value& value) {
  const CaseReader in(&value);
  ToolAnswer answer;
  answer.after = TRY(in.duration("after", Millis{0}));
  answer.can_freeze = TRY(in.flag("can_freeze", true));
  if (!in.has("fail")) {
    if (const json::Value* output = value.find("output"); output != nullptr) answer.output = *output;
    return answer;
  }
  Failure failure;
  const std::string category = TRY(in.text("fail", ""));
  const auto known = parse_category(category);
  if (!known) return pawl::fail(ErrorKind::kInvalid, "bad_case", "fail: no such category: " + category);
  failure.category = *known;
  failure.code = TRY(in.text("code", *known == Category::kTransient ? "http_503" : category));
  failure.message = TRY(in.text("message", "as the case says"));
  failure.sent = TRY(in.flag("sent", failure.code != "connection_refused"));
  if (in.has("retry_after")) failure.retry_after = TRY(in.duration("retry_after", Millis{0}));
  if (TRY(in.flag("credential_refreshed", false)))
    failure.details = json::Object{{"credential_refreshed", true}};
  answer.output = tl::unexpected(std::move(failure));
  return answer;
}

Result<Script> read_script(const json::Value* tools) {
  Script script;
  if (tools == nullptr) return script;
  if (!tools->is_object()) return pawl::fail(ErrorKind::kInvalid, "bad_case", "tools must be an object");
  for (const auto& [path, answers] : tools->as_object()) {
    if (!answers.is_array())
      return pawl::fail(ErrorKind::kInvalid, "bad_case", "tools." + path + " must be a list");
    for (const json::Value& answer : answers.as_array()) script[path].push_back(TRY(read_answer(answer)));
  }
  return script;
}

/// The action of one entry of `events`: `control` is a word or an object; an object may also stand in the
/// entry itself.
Result<std::function<void(VirtualWorld&)>> read_control(const json::Value& entry) {
  const json::Value* control = entry.find("control");
  if (control != nullptr && control->is_string()) {
    const std::string& word = control->as_string();
    if (word == "cancel") return [](VirtualWorld& w) { w.cancel(); };
    if (word == "pause") return [](VirtualWorld& w) { w.pause(); };
    if (word == "resume") return [](VirtualWorld& w) { w.resume(); };
    if (word == "crash") return [](VirtualWorld& w) { w.crash(); };
    return pawl::fail(ErrorKind::kInvalid, "bad_case", "no such control: " + word);
  }
  const CaseReader in(control != nullptr ? control : &entry);
  if (in.has("signal")) {
    const std::string name = TRY(in.text("signal", ""));
    const json::Value payload = in.has("payload") ? *in.find("payload") : json::Value();
    return [name, payload](VirtualWorld& w) { w.signal(name, payload); };
  }
  for (const bool approves : {true, false}) {
    const std::string_view key = approves ? "approve" : "reject";
    if (!in.has(key)) continue;
    const std::string path = TRY(in.text(key, ""));
    const json::Value form = in.has("form") ? *in.find("form") : json::Value();
    return [path, approves, form](VirtualWorld& w) { w.decide(path, approves, form); };
  }
  return pawl::fail(ErrorKind::kInvalid, "bad_case", "an event needs control, signal, approve or reject");
}

json::Value error_of(const Error& error) {
  json::Object out{{"code", error.code}, {"message", error.message}};
  json::Array faults;
  for (const Fault& fault : error.faults)
    faults.emplace_back(
        json::Object{{"pointer", fault.pointer}, {"code", fault.code}, {"message", fault.message}});
  if (!faults.empty()) out.set("faults", std::move(faults));
  return out;
}

std::string last_part(std::string_view path) { return std::string(path.substr(path.rfind('.') + 1)); }

json::Value step_of(const StepRecord& record) {
  json::Object out{{"path", record.path}, {"id", last_part(record.path)}, {"kind", record.kind}};
  if (!record.tool.empty()) out.set("tool", record.tool);
  out.set("status", to_string(record.status));
  out.set("attempt", record.attempt);
  out.set("max_attempts", record.max_attempts);
  if (record.started_at) out.set("started_at", format_rfc3339(*record.started_at));
  if (record.finished_at) out.set("finished_at", format_rfc3339(*record.finished_at));
  if (record.started_at && record.finished_at)
    out.set("duration_ms", std::chrono::floor<Millis>(*record.finished_at - *record.started_at).count());
  out.set("input", record.input);
  out.set("output", record.output);
  if (record.failure) out.set("error", to_json(*record.failure));
  return out;
}

/// Where a step stands that has no record yet: from the last of its events.
std::string_view status_by_events(const VirtualStore& store, const std::string& path) {
  std::string_view status = "pending";
  for (const Event& event : store.events()) {
    if (event.step != path) continue;
    if (event.type == EventType::kStepStarted) {
      const bool waits = event.data.find("due_us") != nullptr || event.data.find("signal") != nullptr;
      status = waits ? "waiting" : "running";
    }
    if (event.type == EventType::kStepRetryScheduled)
      status = event.data.find("deferred") ? "waiting" : "retrying";
    if (event.type == EventType::kApprovalRequested) status = "waiting";
  }
  return status;
}

using Placed = std::vector<std::pair<std::int64_t, json::Value>>;

/// The steps that are in the plan for sure and have no record, at the places the core would give them.
void add_unended(const VirtualStore& store, const plan::Steps& steps, const std::string& parent,
                 std::int64_t base, std::int64_t span, Placed& out) {
  const std::int64_t part = (span - 1) / (static_cast<std::int64_t>(steps.size()) + 1);
  std::int64_t position = base + 1;
  for (const plan::Step& step : steps) {
    const std::string path = parent.empty() ? step.id : parent + "." + step.id;
    if (store.step(path) == nullptr) {
      out.emplace_back(position, json::Object{{"path", path},
                                              {"id", step.id},
                                              {"kind", kind_name(step)},
                                              {"status", status_by_events(store, path)}});
    }
    if (const auto* list = std::get_if<plan::SequenceSpec>(&step.body))
      add_unended(store, list->steps, path, position, part, out);
    if (const auto* fan = std::get_if<plan::ParallelSpec>(&step.body))
      add_unended(store, fan->steps, path, position, part, out);
    position += part;
  }
}

json::Value steps_of(const VirtualStore& store, const plan::Plan& plan) {
  Placed placed;
  for (const StepRecord& record : store.steps()) placed.emplace_back(record.position, step_of(record));
  add_unended(store, plan.steps, "", 0, core::kPositionSpan, placed);
  std::stable_sort(placed.begin(), placed.end(),
                   [](const auto& a, const auto& b) { return a.first < b.first; });
  json::Array out;
  for (auto& [position, step] : placed) out.push_back(std::move(step));
  return out;
}

json::Value execution_of(const VirtualWorld& world) {
  const VirtualRow& row = world.row();
  json::Object out{{"status", to_string(row.status)}, {"progress", row.progress}};
  out.set("output", row.final ? row.final->output : json::Value());
  out.set("error", row.final && row.final->failure ? to_json(*row.final->failure) : json::Value());
  for (const Event& event : world.store().events()) {
    if (event.type == EventType::kExecutionAccepted) out.set("created_at", format_rfc3339(event.at));
    if (event.type == EventType::kExecutionStarted) out.set("started_at", format_rfc3339(event.at));
    if (is_terminal(event.type)) {
      out.set("finished_at", format_rfc3339(event.at));
      out.set("duration_ms", std::chrono::floor<Millis>(event.at.time_since_epoch()).count());
    }
  }
  if (!row.final) out.set("waiting_for", row.waiting_for);
  return out;
}

}  // namespace

Result<json::Value> run_plan_case(const json::Value& line) {
  const CaseReader in(&line);
  const json::Value id = in.has("id") ? *in.find("id") : json::Value();
  plan::ParseOptions parse_options;
  parse_options.id_required = false;
  const auto refused = [&id](const Error& error) {
    return json::Object{{"id", id}, {"error", error_of(error)}};
  };
  if (!in.has("plan")) return pawl::fail(ErrorKind::kInvalid, "bad_case", "a case needs a plan");
  const auto plan = plan::parse(*in.find("plan"), parse_options);
  if (!plan) return refused(plan.error());
  WorldOptions options;
  options.task_id = (*plan)->id;
  options.seed = static_cast<std::uint64_t>(TRY(in.integer("seed", 1)));
  if (in.has("tasks") && in.find("tasks")->is_object()) {
    for (const auto& [name, document] : in.find("tasks")->as_object()) {
      const auto nested = plan::parse(document, parse_options);
      if (!nested) return refused(nested.error());
      options.tasks[name] = *nested;
    }
  }
  Script script = TRY(read_script(in.find("tools")));
  VirtualWorld world(*plan, in.has("with") ? *in.find("with") : json::Value(json::Object{}),
                     std::move(options));
  world.on_call = [&script](const core::StartTool& call) {
    auto& answers = script[call.stamp.path];
    if (answers.empty()) return ToolAnswer{};
    ToolAnswer answer = std::move(answers.front());
    answers.pop_front();
    return answer;
  };
  if (in.has("events")) {
    if (!in.find("events")->is_array())
      return pawl::fail(ErrorKind::kInvalid, "bad_case", "events must be a list");
    for (const json::Value& entry : in.find("events")->as_array()) {
      const Millis at = TRY(CaseReader(&entry).duration("at", Millis{0}));
      auto act = TRY(read_control(entry));
      world.at(WallTime(at), [&world, act = std::move(act)] { act(world); });
    }
  }
  world.run(kMaxOccurrences);
  json::Array events;
  for (const Event& event : world.store().events()) events.push_back(to_json(event));
  return json::Object{{"id", id},
                      {"execution", execution_of(world)},
                      {"steps", steps_of(world.store(), **plan)},
                      {"events", std::move(events)}};
}

}  // namespace pawl::sim
