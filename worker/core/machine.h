// The reducer's inside: one short-lived object per event, with the state, the inputs and the effects at hand.
// Its functions are spread over the rooms named here; none is called from outside this folder.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "worker/core/reducer.h"
#include "worker/core/seeded_bugs.h"
#include "worker/core/state.h"
#include "worker/core/transitions.h"

namespace pawl::core {

class Machine {
 public:
  Machine(State& state, const Inputs& inputs, Effects& effects) : s_(state), in_(inputs), out_(effects) {}

  /// reducer.cc: takes the event in, then lets everything move that can, then saves what there is to save.
  void handle(Event&& event);

 private:
  // reducer.cc
  void on(Begin&& begin);
  void on(Restore&& restore);
  void on(Saved&& saved);
  void on(InboxChanged&& changed);
  void on(Refused&& refused);
  void on(Fenced&& fenced);
  void on(InboxRead&& read);
  void on(ToolFinished&& finished);
  void on(CallDeferred&& deferred);
  void on(CallFrozen&& frozen);
  void on(TimerRang&& rang);
  void on(TaskResolved&& resolved);
  void settle();
  void step_phase(Trigger trigger);
  void drop();
  void ask_inbox();
  void open_root();

  // timers.cc: the execution's own clock, and one timer for all.
  [[nodiscard]] OwnTime own() const;
  [[nodiscard]] OwnTime own(WallTime at) const;
  [[nodiscard]] WallTime wall(OwnTime at) const;
  void arm(NodeIndex index, OwnTime due);
  void disarm(NodeIndex index);
  [[nodiscard]] bool is_live(const Timer& timer) const;
  [[nodiscard]] OwnTime next_due();
  void ring_due();
  void ring(NodeIndex index);
  [[nodiscard]] bool may_be_paused() const;
  void set_timer();
  void begin_delay(NodeIndex index, Micros length);
  void delays_saved(const std::vector<Handle>& delays, WallTime at);
  void stand_clock(WallTime at);
  void start_clock(WallTime at);

  // tree.cc: nodes come and go.
  [[nodiscard]] Node& node(NodeIndex index) { return s_.nodes[index]; }
  [[nodiscard]] bool is_current(Handle handle) const;
  [[nodiscard]] Handle handle_of(NodeIndex index) const { return {index, s_.nodes[index].generation}; }
  NodeIndex new_node(NodeIndex parent, std::uint32_t slot, const plan::Step* step, std::string path);
  void free_node(NodeIndex index);
  void mark_dirty(NodeIndex index);
  void cut(NodeIndex index, Cut reason);
  void cut_children(NodeIndex index);
  [[nodiscard]] NodeIndex frame_of(NodeIndex index) const;
  [[nodiscard]] const plan::Plan& plan_of(NodeIndex index) const;
  [[nodiscard]] Stamp stamp_of(NodeIndex index) const;
  [[nodiscard]] NodeIndex find(const Stamp& stamp);

  // ending.cc: how a step ends.
  void end_node(NodeIndex index, Ended ended);
  void announce_end(NodeIndex index, const Ended& ended);
  void tell_parent(NodeIndex index, Ended ended);
  void end_failed(NodeIndex index, Failure failure);
  void end_skipped(NodeIndex index, std::string_view reason);
  void end_cancelled(NodeIndex index);
  [[nodiscard]] StepRecord record_of(NodeIndex index, const Ended& ended);
  [[nodiscard]] json::Value impact_of(NodeIndex index) const;

  // dispatch.cc: what may begin, in which order.
  [[nodiscard]] bool is_gate_open() const;
  [[nodiscard]] bool is_pausing() const;
  void run();
  bool begin_something();
  bool begin_queued();
  bool begin_listed(std::vector<Handle>& listed, bool gate_open);
  void list(NodeIndex index);
  [[nodiscard]] bool wants_child(NodeIndex index) const;
  void begin_child(NodeIndex group);
  void begin_step(NodeIndex index);
  bool is_skipped(NodeIndex index);
  std::optional<json::Value> render(NodeIndex index, const plan::Template& text);

  // leaf.cc: the life of a tool step's attempts.
  void begin_tool(NodeIndex index);
  void queue(NodeIndex index);
  void start_attempt(NodeIndex index);
  bool start_sleep(NodeIndex index);
  void make_call(NodeIndex index);
  void release_slot(NodeIndex index);
  void end_call(NodeIndex index, ToolFinished&& finished);
  [[nodiscard]] const plan::ToolCall* call_of(NodeIndex index) const;
  [[nodiscard]] plan::Delivery delivery_of(NodeIndex index) const;
  [[nodiscard]] Millis timeout_of(NodeIndex index) const;
  [[nodiscard]] plan::RetryPolicy retry_of(NodeIndex index) const;

  // retry.cc: what follows a failed or deferred attempt.
  void fail_attempt(NodeIndex index, Failure failure);
  void fail_with_timeout(NodeIndex index);
  void defer_call(NodeIndex index, const CallDeferred& deferred);
  bool schedule_retry(NodeIndex index, const Failure& failure, json::Object& data);
  void back_off(NodeIndex index, OwnTime due);
  void next_fallback(NodeIndex index);
  void end_backoff(NodeIndex index);

  // group.cc: lists and parallels; how groups end.
  void open_group(NodeIndex index, std::unique_ptr<Group> group, json::Object data);
  void begin_sequence(NodeIndex index, const plan::Steps& steps);
  void begin_parallel(NodeIndex index, const plan::ParallelSpec& spec);
  void advance(NodeIndex index);
  void advance_list(NodeIndex index);
  void advance_parallel(NodeIndex index);
  bool is_list_over(NodeIndex index);
  void close(NodeIndex index);
  [[nodiscard]] Ended outcome_of(NodeIndex index);
  [[nodiscard]] FailurePtr first_failure(const Group& group) const;
  [[nodiscard]] FailurePtr timeout_failure(NodeIndex index) const;

  // for_each.cc, choose.cc, wait.cc, approval.cc, nested.cc
  void begin_for_each(NodeIndex index, const plan::ForEachSpec& spec);
  bool unfold(NodeIndex index, std::int64_t more);
  [[nodiscard]] static std::int64_t count_steps(const plan::Step& step);
  [[nodiscard]] static std::int64_t count_steps(const plan::Steps& steps);
  void begin_choose(NodeIndex index, const plan::ChooseSpec& spec);
  void begin_wait(NodeIndex index, const plan::WaitSpec& spec);
  void wait_for_signal(NodeIndex index, const plan::WaitSpec& spec);
  void sleep_until(NodeIndex index, OwnTime due, std::optional<WallTime> calendar, json::Object data);
  void sleep_again(NodeIndex index);
  void end_sleep(NodeIndex index);
  bool take_signal(NodeIndex index);
  void begin_approval(NodeIndex index, const plan::ApprovalSpec& spec);
  bool take_decision(NodeIndex index);
  void decided(NodeIndex index, const Decision& decision);
  void expire_approval(NodeIndex index);
  void wake_waiting();
  void begin_task(NodeIndex index, const plan::TaskSpec& spec);
  void open_task(NodeIndex index, TaskResolved&& resolved);

  // cleanup.cc: compensation and on_failure; how a task ends.
  void advance_frame(NodeIndex index);
  void clean_up(NodeIndex index);
  void begin_cleanup(NodeIndex index);
  void end_main(NodeIndex index, Ended outcome);
  [[nodiscard]] std::optional<std::size_t> last_compensation(NodeIndex index) const;
  void begin_compensation(NodeIndex frame, Compensation entry, OwnTime deadline);
  void register_compensation(NodeIndex index, const json::Value& output, json::Object& data);
  static void add_cleanup_failures(Failure& failure, const Frame& frame);
  void finish();

  // control.cc: cancel, pause and resume.
  void take_inbox(std::uint64_t inbox, Control control, std::vector<pawl::Event>& events);
  void take_news(const pawl::Event& event);
  void react();
  void begin_cancel();
  void strip_onward();
  void freeze_calls();
  void resume();
  void decide();
  void save_pause();
  void save_wait(OwnTime due);
  [[nodiscard]] json::Value waiting_for() const;
  [[nodiscard]] int frozen_calls() const;

  // saving.cc: putting checkpoints together.
  void emit(NodeIndex index, EventType type, json::Object data, std::optional<StepRecord> record = {});
  void emit_start(NodeIndex index, json::Object data);
  void emit_onward(NodeIndex index, NewEvent event);
  void flush();
  void release_starts(std::vector<Handle> starts);

  // recovery.cc: the past, by path.
  void remember(std::vector<pawl::Event>& events, std::vector<StepRecord>& steps);
  void remember(std::vector<StepRecord>& steps);
  void remember_event(const pawl::Event& event);
  void remember_start(const pawl::Event& event);
  void remember_retry(const pawl::Event& event);
  void remember_end(const pawl::Event& event);
  void walk_past();
  void end_again(NodeIndex index, Past& past);
  [[nodiscard]] Past* past_of(const std::string& path);
  void forget(const std::string& path);
  [[nodiscard]] bool has_past_children(NodeIndex index) const;
  bool begin_again(NodeIndex index, Past& past);
  void restart_tool(NodeIndex index, Past& past);

  // progress.cc
  [[nodiscard]] static std::int64_t count_leaves(const plan::Step& step);
  [[nodiscard]] static std::int64_t count_leaves(const plan::Steps& steps);
  void grow_progress(NodeIndex index, std::int64_t more);
  void count_done(NodeIndex index);
  [[nodiscard]] bool is_counted(NodeIndex index) const;

  State& s_;
  const Inputs& in_;
  Effects& out_;
};

/// {"completed","total","percent","current"}.
json::Value progress_of(const State& state);

/// The event that tells an end.
EventType end_event(StepStatus status);

/// One failure with the catalogue's suggestion.
Failure failure_of(Category category, std::string_view code, std::string message);

}  // namespace pawl::core
