// The list of steps (http-api.md §4): every step of the plan in plan order, whatever became of it.
#include <algorithm>
#include <map>

#include "api/views.h"
#include "common/base/time_format.h"

namespace pawl::api {
namespace {

/// What the ledger says of a step that has no record yet.
struct Live {
  StepStatus status = StepStatus::kPending;
  int attempt = 0;
  std::optional<WallTime> started_at;
  json::Value started;  // data of its last step.started
  json::Value error;    // of its last failed attempt
  json::Value worker;   // whose epoch its last start bears, where the ledger names that one
};

using Key = std::vector<std::int64_t>;
constexpr std::int64_t kAfterAll = INT64_MAX / 2;

/// A step of the plan that is known before it runs.
struct Known {
  const plan::Step* step;
  Key key;
};

/// Collects the static steps with their paths; items of a for_each and nested tasks are known only once they
/// ran.
class Tree {
 public:
  explicit Tree(const plan::Plan& plan) { steps(plan.steps, "", {}); }

  std::map<std::string, Known> known;
  std::vector<std::string> order;
  std::map<std::string, const plan::Step*> item_steps;  // "each[].call" of a for_each

 private:
  void steps(const plan::Steps& list, const std::string& prefix, const Key& above, std::int64_t from = 0) {
    for (std::size_t i = 0; i < list.size(); ++i) {
      Key key = above;
      key.push_back(from + static_cast<std::int64_t>(i));
      add(list[i], prefix + list[i].id, key);
    }
  }
  void add(const plan::Step& step, const std::string& path, const Key& key) {
    known.emplace(path, Known{&step, key});
    order.push_back(path);
    std::visit([&](const auto& body) { inner(body, path, key); }, step.body);
  }
  void inner(const plan::SequenceSpec& spec, const std::string& path, const Key& key) {
    steps(spec.steps, path + ".", key);
  }
  void inner(const plan::ParallelSpec& spec, const std::string& path, const Key& key) {
    steps(spec.steps, path + ".", key);
  }
  void inner(const plan::ChooseSpec& spec, const std::string& path, const Key& key) {
    std::int64_t from = 0;
    for (const auto& branch : spec.branches) {
      steps(branch.steps, path + ".", key, from);
      from += static_cast<std::int64_t>(branch.steps.size());
    }
  }
  template <typename Other>
  void inner(const Other&, const std::string&, const Key&) {}
};

/// The place of a path in plan order: known steps by the plan, items by their number, what else there is
/// behind its parent.
Key key_of(const Tree& tree, const std::string& path, std::int64_t arrival) {
  if (const auto found = tree.known.find(path); found != tree.known.end()) return found->second.key;
  const std::size_t dot = path.rfind('.');
  const std::size_t bracket = path.rfind('[');
  if (bracket != std::string::npos && (dot == std::string::npos || bracket > dot) && path.back() == ']') {
    Key key = key_of(tree, path.substr(0, bracket), arrival);
    key.push_back(std::atoll(path.c_str() + bracket + 1));
    return key;
  }
  Key key = dot == std::string::npos ? Key{kAfterAll} : key_of(tree, path.substr(0, dot), arrival);
  key.push_back(arrival);
  return key;
}

std::map<std::string, Live> fold(const std::vector<Event>& events) {
  std::map<std::string, Live> live;
  std::map<std::uint32_t, json::Value>
      owners;  // by epoch: told once, when an execution begins or is taken over
  for (const Event& event : events) {
    const bool names_owner =
        event.type == EventType::kExecutionStarted || event.type == EventType::kExecutionRecovered;
    if (const json::Value* worker = event.data.find("worker"); names_owner && worker != nullptr)
      owners[event.epoch] = *worker;
    if (event.step.empty()) continue;
    Live& step = live[event.step];
    switch (event.type) {
      case EventType::kStepStarted:
        step.status = StepStatus::kRunning;
        step.attempt = event.attempt;
        if (!step.started_at) step.started_at = event.at;
        step.started = event.data;
        step.worker = owners.contains(event.epoch) ? owners[event.epoch] : json::Value();
        if (const json::Value* kind = event.data.find("kind");
            kind != nullptr && kind->is_string() &&
            (kind->as_string() == "wait" || kind->as_string() == "approval"))
          step.status = StepStatus::kWaiting;
        break;
      case EventType::kStepAttemptFailed:
        if (const json::Value* error = event.data.find("error"); error != nullptr) step.error = *error;
        break;
      case EventType::kStepRetryScheduled: step.status = StepStatus::kRetrying; break;
      case EventType::kApprovalRequested: step.status = StepStatus::kWaiting; break;
      default: break;
    }
  }
  return live;
}

json::Value optional_time(const std::optional<WallTime>& time) {
  return time ? json::Value(format_rfc3339(*time)) : json::Value();
}

std::string last_id(const std::string& path) {
  const std::size_t dot = path.rfind('.');
  return dot == std::string::npos ? path : path.substr(dot + 1);
}

json::Object base_json(const std::string& path, const plan::Step* step) {
  json::Object out{{"path", path}, {"id", step != nullptr ? step->id : last_id(path)}};
  if (step != nullptr && step->name != step->id && !step->name.empty()) out.set("name", step->name);
  return out;
}

json::Value live_json(const std::string& path, const Live& live, const plan::Step* step) {
  json::Object out = base_json(path, step);
  const auto text_of = [&live](std::string_view key) {
    const json::Value* value = live.started.find(key);
    return value != nullptr ? *value : json::Value();
  };
  out.set("kind", step != nullptr ? json::Value(plan::kind_name(*step)) : text_of("kind"));
  if (step != nullptr) {
    if (const auto* tool = std::get_if<plan::ToolSpec>(&step->body)) out.set("tool", tool->call.tool);
  } else if (!text_of("tool").is_null()) {
    out.set("tool", text_of("tool"));
  }
  out.set("status", to_string(live.status)).set("attempt", live.attempt);
  out.set("max_attempts", text_of("max_attempts").is_null() ? json::Value(1) : text_of("max_attempts"));
  out.set("critical", step == nullptr || step->critical).set("optional", step != nullptr && step->optional);
  out.set("started_at", optional_time(live.started_at))
      .set("finished_at", json::Value())
      .set("duration_ms", json::Value());
  out.set("input", text_of("input")).set("output", json::Value());
  if (!live.error.is_null()) out.set("error", live.error);
  out.set("worker", live.worker).set("resources", json::Value());
  return out;
}

}  // namespace

json::Value step_json(const StepRecord& record, const plan::Step* step) {
  json::Object out = base_json(record.path, step);
  out.set("kind", record.kind);
  if (!record.tool.empty()) out.set("tool", record.tool);
  out.set("status", to_string(record.status))
      .set("attempt", record.attempt)
      .set("max_attempts", record.max_attempts);
  out.set("critical", step == nullptr || step->critical).set("optional", step != nullptr && step->optional);
  out.set("started_at", optional_time(record.started_at))
      .set("finished_at", optional_time(record.finished_at));
  json::Value duration;
  if (record.started_at && record.finished_at)
    duration = std::chrono::duration_cast<Millis>(*record.finished_at - *record.started_at).count();
  out.set("duration_ms", std::move(duration)).set("input", record.input).set("output", record.output);
  if (record.failure) out.set("error", to_json(*record.failure));
  out.set("worker", record.worker.empty() ? json::Value() : json::Value(record.worker));
  out.set("resources", json::Object{{"cpu_ms", record.resources.cpu_ms},
                                    {"max_rss_bytes", record.resources.max_rss_bytes},
                                    {"bytes_in", record.resources.bytes_in},
                                    {"bytes_out", record.resources.bytes_out}});
  return out;
}

json::Array steps_json(const plan::Plan& plan, const std::vector<StepRecord>& records,
                       const std::vector<Event>& events) {
  const Tree tree(plan);
  struct Row {
    Key key;
    json::Value value;
  };
  std::vector<Row> rows;
  std::map<std::string, Live> live = fold(events);
  std::int64_t arrival = kAfterAll;
  const auto step_of = [&tree](const std::string& path) -> const plan::Step* {
    const auto found = tree.known.find(path);
    return found == tree.known.end() ? nullptr : found->second.step;
  };
  for (const StepRecord& record : records) {
    live.erase(record.path);
    rows.push_back({key_of(tree, record.path, ++arrival), step_json(record, step_of(record.path))});
  }
  std::map<std::string, bool> done;
  for (const StepRecord& record : records) done[record.path] = true;
  for (const auto& [path, state] : live) {
    done[path] = true;
    rows.push_back({key_of(tree, path, ++arrival), live_json(path, state, step_of(path))});
  }
  for (const std::string& path : tree.order) {
    if (!done.contains(path))
      rows.push_back({tree.known.at(path).key, live_json(path, Live{}, tree.known.at(path).step)});
  }
  std::stable_sort(rows.begin(), rows.end(), [](const Row& a, const Row& b) { return a.key < b.key; });
  json::Array out;
  for (Row& row : rows) out.push_back(std::move(row.value));
  return out;
}

}  // namespace pawl::api
