#include "worker/engine/held.h"

#include <utility>

#include "common/base/assert.h"
#include "worker/engine/convert.h"
#include "worker/engine/limits.h"

namespace pawl::engine {

Held::Held(Shared& shared, store::Claimed claimed, std::string reply_to, std::function<void(Ending)> on_end)
    : shared_(shared),
      claimed_(std::move(claimed)),
      reply_to_(std::move(reply_to)),
      on_end_(std::move(on_end)),
      log_(shared.ports.log.with({{"exec_id", claimed_.exec_id.to_string()}, {"epoch", claimed_.epoch}})),
      rev_(claimed_.rev),
      inbox_(claimed_.inbox),
      control_seq_(claimed_.next_seq - 1),
      retry_pause_(kRetryInitial),
      timer_(shared.ports.loop),
      retry_timer_(shared.ports.loop) {}

Held::~Held() = default;

WallTime Held::now() const { return shared_.clock.now(shared_.ports.loop.now()); }

void Held::start() {
  shared_.plans.get(
      claimed_.tenant, claimed_.plan_hash, guarded([this](Result<plan::PlanPtr> plan) {
        if (ended_) return;
        if (plan)
          return claimed_.first && claimed_.inbox == 0 && !claimed_.repeats ? begin(*plan, std::nullopt)
                                                                            : load_history(*plan);
        if (plan.error().kind == ErrorKind::kInternal || plan.error().kind == ErrorKind::kNotFound)
          return give_up(plan.error());
        retry_timer_.start(retry_pause_, [this] { start(); });
        retry_pause_ = std::min(retry_pause_ * 2, kRetryMax);
      }));
}

void Held::load_history(plan::PlanPtr plan) {
  const MonoTime deadline = shared_.ports.loop.now() + kStoreDeadline;
  shared_.ports.work.load(claimed_.tenant, claimed_.exec_id, deadline,
                          guarded([this, plan](Result<store::History> history) {
                            if (ended_) return;
                            if (history) return begin(plan, std::move(*history));
                            retry_timer_.start(retry_pause_, [this, plan] { load_history(plan); });
                            retry_pause_ = std::min(retry_pause_ * 2, kRetryMax);
                          }));
}

void Held::begin(plan::PlanPtr plan, std::optional<store::History> history) {
  retry_pause_ = kRetryInitial;
  begun_ = true;
  core::Facts facts = facts_of(claimed_, std::move(plan), shared_.options);
  core::Control control = control_of(claimed_.cancel_requested, claimed_.pause_requested, claimed_.control);
  if (claimed_.first) {
    if (!history) history.emplace();
    post(core::Begin{std::move(facts), std::move(control), std::move(history->events),
                     std::move(history->steps)});
  } else {
    post(core::Restore{std::move(facts), std::move(control), std::move(history->events),
                       std::move(history->steps)});
  }
}

/// The plan can't be had for good: the execution ends as failed, which is better than going round for ever.
void Held::give_up(const Error& error) {
  log_.error("execution can't be run", {error_field(error)});
  store::Final final{ExecutionStatus::kFailed, {}, make_failure("internal_error", error.message)};
  store::Checkpoint entry =
      entry_of(claimed_, rev_, core::Checkpoint{.inbox_seen = inbox_, .phase = Phase::kFailed});
  entry.onward.push_back(
      NewEvent{EventType::kExecutionFailed, {}, 0, json::Object{{"error", to_json(*final.failure)}}});
  entry.final = std::move(final);
  shared_.ports.work.checkpoint(std::move(entry), guarded([this](const Result<store::Saved>& saved) {
                                  end(saved ? Ending::kFinished : Ending::kLost);
                                }));
}

void Held::look_at_inbox() {
  if (begun_ && !ended_ && !fenced_) read_inbox();
}

void Held::fence() {
  if (fenced_ || ended_) return;
  fenced_ = true;
  timer_.stop();
  retry_timer_.stop();
  if (begun_) return post(core::Fenced{});
  end(Ending::kLost);
}

void Held::hand_over(bool now_or_never) {
  handing_over_ = true;
  if (now_or_never) drop_calls();
  check_hand_over();
}

void Held::check_hand_over() {
  if (!handing_over_ || ended_ || !calls_.empty() || saving_ || applying_) return;
  end(Ending::kHandOver);
}

void Held::post(core::Event event) {
  if (ended_) return;
  queue_.push_back(std::move(event));
  if (!applying_) drain_queue();
}

void Held::drain_queue() {
  applying_ = true;
  while (!queue_.empty() && !ended_) {
    core::Event event = std::move(queue_.front());
    queue_.pop_front();
    carry_out(core::apply(execution_, std::move(event), core::Inputs{now(), shared_.ports.rng.unit()}));
  }
  applying_ = false;
  check_hand_over();
}

void Held::carry_out(core::Effects effects) {
  for (const core::PhaseChange& change : effects.phases) shared_.ports.observer.on_phase(change);
  if (effects.checkpoint) save(std::move(*effects.checkpoint));
  for (const core::Act& one : effects.acts) {
    std::visit([this](const auto& what) { act(what); }, one);
  }
  switch (effects.fate) {
    case core::Fate::kHeld: return;
    case core::Fate::kParked: return end(Ending::kParked);
    case core::Fate::kFinished: return end(Ending::kFinished);
    case core::Fate::kDropped: return end(Ending::kLost);
  }
}

void Held::save(core::Checkpoint checkpoint) {
  PAWL_ASSERT(!saving_, "one checkpoint is in flight at a time");
  saving_ = entry_of(claimed_, rev_, std::move(checkpoint));
  retry_pause_ = kRetryInitial;
  send_checkpoint();
}

void Held::send_checkpoint() {
  shared_.ports.work.checkpoint(*saving_,
                                guarded([this](Result<store::Saved> answer) { saved(std::move(answer)); }));
}

void Held::saved(Result<store::Saved> answer) {
  if (ended_ || fenced_) return;
  if (!answer && answer.error().kind != ErrorKind::kInvalid) {
    // Not written as far as is known; the guard (epoch, rev) makes a repeat harmless, and the lease bounds
    // how long.
    retry_timer_.start(retry_pause_, [this] { send_checkpoint(); });
    retry_pause_ = std::min(retry_pause_ * 2, kRetryMax);
    return;
  }
  const store::Checkpoint entry = std::move(*saving_);
  saving_.reset();
  if (!answer) return post(core::Refused{std::move(answer).error()});
  if (answer->kind == store::Saved::Kind::kFenced) return fence();
  rev_ = answer->rev;
  shared_.clock.observe(answer->at, shared_.ports.loop.now());
  settle_metrics(entry);
  publish_live(entry, *answer);
  if (answer->kind == store::Saved::Kind::kInboxChanged)
    return post(core::InboxChanged{answer->inbox, answer->at});
  post(core::Saved{answer->inbox, answer->at});
}

void Held::settle_metrics(const store::Checkpoint& entry) {
  const Observer& observer = shared_.ports.observer;
  const Micros age = now() - claimed_.created_at;
  if (claimed_.first && !first_start_told_) {
    first_start_told_ = true;
    observer.on_first_start(age);
  }
  for (const StepRecord& step : entry.steps) observer.on_step(step);
  for (const StepRecord& step : entry.onward_steps) observer.on_step(step);
  if (entry.final) observer.on_finish(*entry.final, age);
}

/// Live copies of what was just committed, in the order of the ledger. Losing one delays a watcher, nothing
/// else.
void Held::publish_live(const store::Checkpoint& entry, const store::Saved& saved) {
  const std::string exec_id = claimed_.exec_id.to_string();
  const bool has_ended = entry.final && saved.kind == store::Saved::Kind::kSaved;
  if (has_ended && !reply_to_.empty())
    shared_.ports.bus.send_control(reply_to_, json::Object{{"ended", exec_id}});
  if (!shared_.watched.is_watched(exec_id, shared_.ports.loop.now())) return;
  const bool all = saved.kind == store::Saved::Kind::kSaved;
  const std::size_t count = entry.settled.size() + (all ? entry.onward.size() : 0);
  std::uint64_t seq = saved.next_seq - count;
  const auto publish = [&](const NewEvent& event) {
    const Event full{seq++,          event.type, saved.at,      claimed_.exec_id,
                     claimed_.epoch, event.step, event.attempt, event.data};
    shared_.ports.bus.send_event(exec_id, to_json(full));
  };
  for (const NewEvent& event : entry.settled) publish(event);
  if (all) {
    for (const NewEvent& event : entry.onward) publish(event);
  }
}

void Held::read_inbox() {
  if (reading_inbox_) return;
  reading_inbox_ = true;
  const store::ClaimRequest held{claimed_.exec_id, claimed_.epoch};
  const MonoTime deadline = shared_.ports.loop.now() + kStoreDeadline;
  shared_.ports.work.read_inbox(
      held, control_seq_, deadline, guarded([this](Result<store::Inbox> inbox) {
        reading_inbox_ = false;
        if (ended_ || fenced_) return;
        if (!inbox) {
          retry_timer_.start(kRetryInitial, [this] { read_inbox(); });
          return;
        }
        if (inbox->epoch != claimed_.epoch) return fence();
        inbox_ = inbox->inbox;
        for (const Event& event : inbox->events) control_seq_ = std::max(control_seq_, event.seq);
        core::Control control = control_of(inbox->cancel_requested, inbox->pause_requested, inbox->control);
        post(core::InboxRead{inbox->inbox, std::move(control), std::move(inbox->events)});
      }));
}

/// Destroying a call kills what it runs.
void Held::drop_calls() {
  for (const auto& [number, running] : calls_) shared_.guard.give_back(running.guarded);
  calls_.clear();
}

void Held::end(Ending ending) {
  if (ended_) return;
  ended_ = true;
  drop_calls();
  shared_.logs.finish(claimed_.exec_id);
  timer_.stop();
  retry_timer_.stop();
  shared_.ports.loop.post([on_end = on_end_, ending, alive = std::weak_ptr<bool>(alive_)] {
    if (!alive.expired()) on_end(ending);
  });
}

}  // namespace pawl::engine
