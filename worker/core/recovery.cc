// Recovery is the plan walked again over what the ledger says of each path: what ended keeps its result and
// is never run again, what was under way goes on where it was, and only then may something new start.
#include <algorithm>

#include "worker/core/machine.h"

namespace pawl::core {
namespace {

std::optional<std::int64_t> number(const json::Value& data, std::string_view key) {
  const json::Value* value = data.find(key);
  if (value == nullptr || !value->is_int()) return std::nullopt;
  return value->as_int();
}

bool flag(const json::Value& data, std::string_view key) {
  const json::Value* value = data.find(key);
  return value != nullptr && value->is_bool() && value->as_bool();
}

std::string text(const json::Value& data, std::string_view key) {
  const json::Value* value = data.find(key);
  return value != nullptr && value->is_string() ? value->as_string() : std::string();
}

FailurePtr failure_in(const json::Value& data) {
  const json::Value* error = data.find("error");
  if (error == nullptr) return nullptr;
  auto failure = failure_from_json(*error);
  return failure ? std::make_shared<const Failure>(std::move(*failure)) : nullptr;
}

std::string parent_path(std::string_view path) {
  const std::size_t dot = path.rfind('.');
  if (dot == std::string_view::npos) return {};
  path = path.substr(0, dot);
  if (path.ends_with(']')) path = path.substr(0, path.rfind('['));
  return std::string(path);
}

bool is_compensation(std::string_view path) { return path.ends_with(".compensate"); }

}  // namespace

void Machine::remember(std::vector<pawl::Event>& events, std::vector<StepRecord>& steps) {
  bool was_parked = false;
  for (const pawl::Event& event : events) {
    s_.last_seq = std::max(s_.last_seq, event.seq);
    if (event.type == EventType::kExecutionWaiting || event.type == EventType::kExecutionPaused)
      was_parked = true;
    if (event.type == EventType::kStepStarted || event.type == EventType::kExecutionRecovered)
      was_parked = false;
    remember_event(event);
  }
  remember(steps);
  if (!was_parked)
    s_.pending.settled.push_back(
        {EventType::kExecutionRecovered, {}, 0, json::Object{{"worker", s_.facts.worker}}});
}

void Machine::remember(std::vector<StepRecord>& steps) {
  for (StepRecord& record : steps) {
    Past& past = s_.past[record.path];
    FailurePtr failure =
        record.failure ? std::make_shared<const Failure>(std::move(*record.failure)) : nullptr;
    past.ended = Ended{record.status, std::move(record.output), std::move(failure)};
  }
  for (const auto& [path, past] : s_.past)
    if (!is_compensation(path)) ++s_.past_children[parent_path(path)];
}

void Machine::remember_event(const pawl::Event& event) {
  switch (event.type) {
    case EventType::kExecutionStarted: s_.origin = event.at; return;
    case EventType::kExecutionPaused:
      if (!s_.paused) stand_clock(event.at);
      return;
    case EventType::kExecutionResumed:
    case EventType::kExecutionCancelRequested:
    case EventType::kSignalReceived:
    case EventType::kApprovalDecided: return take_news(event);
    case EventType::kStepStarted: return remember_start(event);
    case EventType::kStepAttemptFailed: {
      Past& past = s_.past[event.step];
      past.attempt_open = false;
      if (text(event.data, "next") == "fallback") past.fall_back();
      return;
    }
    case EventType::kStepRetryScheduled: return remember_retry(event);
    case EventType::kApprovalRequested: {
      Past& past = s_.past[event.step];
      past.asked = true;
      if (const auto due = number(event.data, "due_us")) past.expiry = OwnTime{*due};
      return;
    }
    case EventType::kStepCommitted:
    case EventType::kStepFailed:
    case EventType::kStepSkipped:
    case EventType::kStepCancelled: return remember_end(event);
    default: return;
  }
}

void Machine::remember_start(const pawl::Event& event) {
  Past& past = s_.past[event.step];
  const OwnTime at = own(event.at);
  if (!past.started) {
    past.started_own = at;
    past.started_at = event.at;
  }
  past.started = true;
  past.attempt_open = true;
  past.attempt = std::max(event.attempt, 1);
  past.fallback = static_cast<int>(number(event.data, "fallback").value_or(0));
  if (past.first_started == kNoTime) past.first_started = at;
  past.due.reset();
  past.fails = flag(event.data, "fails");
  past.deferred.reset();
  past.start = event.data;
  past.wake = number(event.data, "due_us") ? std::optional<OwnTime>(OwnTime{*number(event.data, "due_us")})
                                           : std::nullopt;
  for (const std::string_view length : {"for_ms", "slept_ms"})
    if (const auto delay = number(event.data, length); delay && !past.fails) past.wake = at + Millis(*delay);
}

void Machine::remember_retry(const pawl::Event& event) {
  Past& past = s_.past[event.step];
  past.attempt_open = false;
  past.attempt = static_cast<int>(number(event.data, "next_attempt").value_or(past.attempt));
  if (const auto due = number(event.data, "due_us")) past.due = OwnTime{*due};
  if (const auto delay = number(event.data, "delay_ms")) past.due = own(event.at) + Millis(*delay);
  past.fails = flag(event.data, "fails");
  past.permission_retries =
      static_cast<int>(number(event.data, "permission_retries").value_or(past.permission_retries));
  if (const json::Value* delay = event.data.find("previous_delay_ms"); delay != nullptr && delay->is_number())
    past.previous_delay_ms = delay->as_double();
  if (flag(event.data, "deferred")) {
    past.deferred = DeferReason::kBreakerOpen;
    for (const DeferReason reason : {DeferReason::kRetryBudget, DeferReason::kRateLimit})
      if (text(event.data, "reason") == to_string(reason)) past.deferred = reason;
  }
  if (text(event.data, "next") == "fallback") past.fall_back();
}

void Machine::remember_end(const pawl::Event& event) {
  Past& past = s_.past[event.step];
  past.end_is_told = true;
  Ended ended;
  ended.status = event.type == EventType::kStepCommitted   ? StepStatus::kCompleted
                 : event.type == EventType::kStepSkipped   ? StepStatus::kSkipped
                 : event.type == EventType::kStepCancelled ? StepStatus::kCancelled
                                                           : StepStatus::kFailed;
  ended.failure = failure_in(event.data);
  past.ended = std::move(ended);
  if (const auto seq = number(event.data, "signal_seq"); seq && !has_bug(Bug::kSignalTakenTwice))
    std::erase_if(s_.signals, [seq](const Signal& s) { return s.seq == static_cast<std::uint64_t>(*seq); });
  const json::Value* undo = event.data.find("compensate");
  if (undo == nullptr || has_bug(Bug::kCompensationForgotten)) return;
  const json::Value* with = undo->find("with");
  s_.compensations.push_back({event.step, text(*undo, "tool"), with == nullptr ? json::Value() : *with,
                              failure_in(*undo), number(*undo, "position").value_or(0)});
}

void Past::fall_back() {
  ++fallback;
  attempt = 1;
  first_started = kNoTime;
  due.reset();
  deferred.reset();
  previous_delay_ms = 0;
  permission_retries = 0;
}

Past* Machine::past_of(const std::string& path) {
  const auto found = s_.past.find(path);
  return found == s_.past.end() ? nullptr : &found->second;
}

void Machine::forget(const std::string& path) {
  s_.past.erase(path);
  if (is_compensation(path)) return;
  const auto found = s_.past_children.find(parent_path(path));
  if (found != s_.past_children.end() && --found->second == 0) s_.past_children.erase(found);
}

bool Machine::has_past_children(NodeIndex index) const {
  if (s_.past.empty()) return false;
  const Node& n = s_.nodes[index];
  if (n.group && n.group->frame && n.group->frame->stage == Stage::kCompensating) {
    const std::optional<std::size_t> last = last_compensation(index);
    return last && s_.past.contains(s_.compensations[*last].path + ".compensate");
  }
  return s_.past_children.contains(n.path);
}

void Machine::walk_past() {
  const bool was_restoring = std::exchange(s_.is_restoring, true);
  if (!s_.past.empty()) run();
  s_.is_restoring = was_restoring;
}

/// Takes a step up where the ledger left it. False: it is to be begun as if it were new.
bool Machine::begin_again(NodeIndex index, Past& past) {
  Node& n = node(index);
  const bool repeats = has_bug(Bug::kCommittedRunsAgain) && n.step != nullptr && past.started &&
                       std::holds_alternative<plan::ToolSpec>(n.step->body);
  if (past.ended && !repeats) {
    end_again(index, past);
    return true;
  }
  if (!past.started && !past.asked) return false;
  n.announced = true;
  n.started = past.started_own;
  n.start = std::move(past.start);
  n.asked = past.asked;
  if (n.role == Role::kCompensation || std::holds_alternative<plan::ToolSpec>(n.step->body)) {
    restart_tool(index, past);
    return true;
  }
  n.chosen = static_cast<int>(number(n.start, "branch").value_or(-1));
  if (std::holds_alternative<plan::ChooseSpec>(n.step->body) && n.chosen < 0) n.chosen = INT32_MAX;
  if (std::holds_alternative<plan::WaitSpec>(n.step->body) ||
      std::holds_alternative<plan::ApprovalStepSpec>(n.step->body)) {
    n.leaf = std::make_unique<Leaf>();
    if (past.wake) n.leaf->due = *past.wake;
    if (past.expiry) n.leaf->due = *past.expiry;
  }
  begin_step(index);
  return true;
}

void Machine::end_again(NodeIndex index, Past& past) {
  const Node& n = node(index);
  if (const auto items = number(past.start, "items"); items && n.step != nullptr) {
    const auto* loop = std::get_if<plan::ForEachSpec>(&n.step->body);
    if (loop != nullptr && *items > 1) grow_progress(index, (*items - 1) * count_leaves(loop->step.front()));
  }
  // A record without its event: a transaction that took the facts only. The ledger is told now.
  if (!past.end_is_told && n.role == Role::kStep) {
    json::Object data;
    if (past.ended->failure) data.set("error", to_json(*past.ended->failure));
    if (past.ended->status == StepStatus::kCompleted) register_compensation(index, past.ended->output, data);
    emit(index, end_event(past.ended->status), std::move(data));
  }
  tell_parent(index, std::move(*past.ended));
}

void Machine::restart_tool(NodeIndex index, Past& past) {
  Node& n = node(index);
  if (!n.leaf) n.leaf = std::make_unique<Leaf>();
  Leaf& leaf = *n.leaf;
  if (n.step != nullptr) {
    leaf.fallback = std::min(past.fallback, static_cast<int>(n.step->fallback.size()));
    leaf.tool = call_of(index)->tool;
  }
  if (!past.started) {
    if (past.expiry) leaf.due = *past.expiry;
    return begin_approval(index, *n.step->approval);
  }
  leaf.attempt = has_bug(Bug::kRetryCounterInMemory) ? 1 : past.attempt;
  if (has_bug(Bug::kCrashUsesAttempt) && past.attempt_open) ++leaf.attempt;
  leaf.approved = true;
  leaf.first_started = past.first_started;
  leaf.previous_delay = resilience::DelayMs(past.previous_delay_ms);
  leaf.permission_retries = past.permission_retries;
  leaf.started_at = past.started_at;
  if (past.due && !has_bug(Bug::kBackoffForgotten)) {
    leaf.fail_at_due = past.fails;
    leaf.deferred = past.deferred;
    return back_off(index, *past.due);
  }
  if (!past.attempt_open) return queue(index);
  if (past.wake) {
    leaf.slept = Millis(number(n.start, "slept_ms").value_or(0));
    leaf.fail_at_due = past.fails;
    n.state = NodeState::kSleeping;
    leaf.due = *past.wake;
    return arm(index, leaf.due);
  }
  if (delivery_of(index) == plan::Delivery::kAtLeastOnce || has_bug(Bug::kAtMostOnceRepeated))
    return queue(index);
  fail_attempt(index, failure_of(Category::kOutcomeUnknown, "outcome_unknown",
                                 "The worker was lost while this step ran; it may have had its effect."));
}

}  // namespace pawl::core
