#include "tests/sim/core/checker.h"

#include <algorithm>
#include <set>

#include "common/json/write.h"

namespace pawl::simtest {
namespace {

std::optional<std::int64_t> number(const Event& event, std::string_view key) {
  const json::Value* value = event.data.find(key);
  if (value == nullptr || !value->is_int()) return std::nullopt;
  return value->as_int();
}

bool is_compensation(const std::string& path) { return path.ends_with(".compensate"); }

}  // namespace

void Checker::fail(const char* invariant, const std::string& what) {
  if (violation_.empty()) violation_ = std::string(invariant) + ": " + what;
}

const RandomStep* Checker::step_of(const std::string& path) const {
  const std::string id = path.substr(path.rfind('.') + 1);
  const auto found = plan_.by_id.find(id);
  return found == plan_.by_id.end() ? nullptr : found->second;
}

void Checker::look(const sim::VirtualStore& store) {
  for (; seen_ < store.events().size(); ++seen_) take(store.events()[seen_]);
}

void Checker::take(const Event& event) {
  if (event.epoch < epoch_) fail("I6", "an epoch went back");
  epoch_ = event.epoch;
  if (has_terminal_) fail("I2", "an event after the terminal one");
  has_terminal_ = has_terminal_ || is_terminal(event.type);
  PathState& state = paths_[event.step];
  switch (event.type) {
    case EventType::kExecutionPaused:
      if (is_paused_) fail("I13", "paused twice");
      is_paused_ = true;
      paused_at_ = event.at;
      break;
    case EventType::kExecutionResumed:
      if (!is_paused_) fail("I13", "resumed without a pause");
      is_paused_ = false;
      paused_ += event.at - paused_at_;
      break;
    case EventType::kExecutionCancelRequested:
      is_cancelled_ = true;
      is_paused_ = false;  // a cancel ends a pause: the clean-up runs
      break;
    case EventType::kStepStarted: started(event); break;
    case EventType::kStepAttemptFailed:
      state.has_failed_attempt = true;
      state.wait_for.reset();
      if (event.attempt != state.attempt) fail("I15", event.step + " failed under another attempt's number");
      break;
    case EventType::kStepRetryScheduled:
      state.was_deferred = event.data.find("deferred") != nullptr;
      if (state.was_deferred) state.open_call.reset();
      state.wait_from = event.at;
      state.wait_paused = paused_;
      if (const auto delay = number(event, "delay_ms")) state.wait_for = Millis(*delay);
      break;
    case EventType::kApprovalDecided:
      state.is_approved = event.data.find("decision")->as_string() == "approve";
      break;
    case EventType::kApprovalExpired: state.is_approved = true; break;
    case EventType::kStepCommitted:
    case EventType::kStepFailed:
    case EventType::kStepSkipped:
    case EventType::kStepCancelled: ended(event); break;
    default: break;
  }
}

void Checker::started(const Event& event) {
  const std::string& path = event.step;
  PathState& state = paths_[path];
  const RandomStep* step = step_of(path);
  const int fallback = static_cast<int>(number(event, "fallback").value_or(0));
  if (state.has_ended) fail("I10", path + " started after its end");
  if (is_paused_) fail("I12", path + " started while paused");
  if (is_cancelled_ && !is_compensation(path)) fail("I11", path + " started after the cancel");
  if (step != nullptr && step->asks && !state.is_approved)
    fail("I14", path + " started without its approval");
  if (!is_compensation(path)) check_before(path);
  const bool is_again = state.has_started && fallback == state.fallback && event.attempt == state.attempt &&
                        (state.was_deferred || (event.epoch > state.epoch && !state.has_failed_attempt));
  const bool is_next = state.has_started && fallback == state.fallback &&
                       event.attempt == state.attempt + 1 && state.has_failed_attempt;
  const bool is_other = fallback > state.fallback && event.attempt == 1;
  const bool is_first = !state.has_started && event.attempt == 1 && fallback == 0;
  if (!is_again && !is_next && !is_other && !is_first)
    fail("I15", path + " started as attempt " + std::to_string(event.attempt) + " after " +
                    std::to_string(state.attempt));
  if (step != nullptr && step->kind == RandomStep::Kind::kTool && !is_compensation(path) &&
      event.attempt > step->max_attempts)
    fail("I15", path + " has too many attempts");
  if (is_next && state.wait_for) {
    const Micros waited = event.at - state.wait_from - (paused_ - state.wait_paused);
    if (waited < *state.wait_for) fail("I15", path + " was tried again too early");
    // equal jitter lies in [half, whole] of the policy's delay, so half of the first one is the least there
    // is
    if (step != nullptr && !is_compensation(path) && *state.wait_for < step->delay / 2)
      fail("I15", path + " has a backoff below its policy's");
  }
  state.has_started = true;
  state.has_failed_attempt = false;
  state.was_deferred = false;
  state.attempt = event.attempt;
  state.fallback = fallback;
  state.epoch = event.epoch;
  if (const auto length = number(event, "for_ms")) {
    state.wait_from = event.at;
    state.wait_paused = paused_;
    state.wait_for = Millis(*length);
  }
}

void Checker::check_wait(const Event& event, const PathState& state) {
  const RandomStep* step = step_of(event.step);
  if (step == nullptr || step->kind != RandomStep::Kind::kWait || event.type != EventType::kStepCommitted ||
      !state.wait_for)
    return;
  if (event.at - state.wait_from - (paused_ - state.wait_paused) < *state.wait_for)
    fail("I15", event.step + " waited too short");
}

void Checker::ended(const Event& event) {
  PathState& state = paths_[event.step];
  if (state.has_ended) fail("I7", event.step + " ended twice");
  check_wait(event, state);
  if (const auto seq = number(event, "signal_seq")) {
    const auto taken = static_cast<std::uint64_t>(*seq);
    if (std::find(signals_taken_.begin(), signals_taken_.end(), taken) != signals_taken_.end())
      fail("I7", "a signal was taken twice");
    signals_taken_.push_back(taken);
  }
  state.has_ended = true;
  if (event.data.find("compensate") != nullptr) to_undo_.push_back(event.step);
}

// A step starts only after the one before it in its list has ended; and so for each list it is in.
void Checker::check_before(const std::string& path) {
  for (std::size_t end = path.size(); end != std::string::npos && end > 0;) {
    const std::string whole = path.substr(0, end);
    const std::size_t dot = whole.rfind('.');
    std::string id = dot == std::string::npos ? whole : whole.substr(dot + 1);
    id = id.substr(0, id.find('['));
    const auto found = plan_.before.find(id);
    if (found != plan_.before.end()) {
      const std::string before = (dot == std::string::npos ? "" : whole.substr(0, dot + 1)) + found->second;
      if (!paths_[before].has_ended) fail("I9", path + " started before " + before + " had ended");
    }
    end = dot;
  }
}

void Checker::called(const core::StartTool& call, WallTime at) {
  static_cast<void>(at);
  PathState& state = paths_[call.stamp.path];
  const bool is_recorded = state.has_started && state.attempt == call.stamp.attempt &&
                           state.epoch == call.stamp.epoch && state.fallback == call.stamp.fallback;
  const RandomStep* step = step_of(call.stamp.path);
  const std::pair call_key(call.stamp.attempt, call.stamp.fallback);
  const bool is_once =
      step != nullptr && step->at_most_once && call.stamp.path.find(".compensate") == std::string::npos;
  if (is_once && state.open_call == call_key)
    fail("I8", call.stamp.path + " was called twice, though at most once");
  state.open_call = call_key;
  if (!is_recorded) fail("I8", call.stamp.path + " was called without a record of its start");
  if (state.has_ended) fail("I10", call.stamp.path + " was called after its end");
}

void Checker::check_compensations(const sim::VirtualStore& store) {
  if (plan_.has_tasks) return;  // a nested task undoes its own: the order over all is another
  std::vector<std::string> undone;
  std::set<std::string> started;
  for (const Event& event : store.events()) {
    if (event.type != EventType::kStepStarted || !is_compensation(event.step)) continue;
    if (started.insert(event.step).second) undone.push_back(event.step.substr(0, event.step.size() - 11));
  }
  if (store.row().status == ExecutionStatus::kCompleted) {
    if (!undone.empty()) fail("cleanup", "a completed execution was undone");
    return;
  }
  std::vector<std::string> expected(to_undo_.rbegin(), to_undo_.rend());
  if (undone != expected) fail("cleanup", "what was done was not undone in reverse order");
}

void Checker::finish(const sim::VirtualStore& store, bool must_cancel, bool has_crashed) {
  look(store);
  if (!store.is_final()) return fail("I1", "it never ended");
  if (!has_terminal_) fail("I2", "there is no terminal event");
  std::set<std::string> records;
  for (const StepRecord& record : store.steps())
    if (!records.insert(record.path).second) fail("I7", record.path + " has two records");
  for (const auto& [path, state] : paths_) {
    if (path.empty()) continue;
    if (state.has_ended != records.contains(path)) fail("I7", path + " has an end or a record, but not both");
  }
  check_compensations(store);
  const ExecutionStatus status = store.row().status;
  if (must_cancel && status != ExecutionStatus::kCancelled) fail("I11", "a cancel was lost");
  if (!must_cancel && status == ExecutionStatus::kCancelled) fail("I11", "cancelled by nobody");
  if (must_cancel || plan_.has_timeout || (plan_.has_at_most_once && has_crashed)) return;
  const bool completes = plan_.prediction.status == StepStatus::kCompleted;
  if (status != (completes ? ExecutionStatus::kCompleted : ExecutionStatus::kFailed))
    return fail("oracle", "the status should be " + std::string(completes ? "completed" : "failed"));
  if (completes && plan_.prediction.is_exact && !(store.row().final->output == plan_.prediction.output))
    fail("oracle", "the output is " + json::write(store.row().final->output) + ", not " +
                       json::write(plan_.prediction.output));
}

}  // namespace pawl::simtest
