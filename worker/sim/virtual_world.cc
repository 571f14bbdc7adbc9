#include "worker/sim/virtual_world.h"

#include <algorithm>

#include "common/json/write.h"
#include "common/model/catalogue.h"

namespace pawl::sim {
namespace {

Failure plain_failure(Category category, std::string code, std::string message) {
  Failure failure;
  failure.category = category;
  failure.suggestion = suggestion_for(code);
  failure.code = std::move(code);
  failure.message = std::move(message);
  return failure;
}

}  // namespace

VirtualWorld::VirtualWorld(plan::PlanPtr plan, json::Value input, WorldOptions options)
    : plan_(std::move(plan)),
      input_(std::move(input)),
      options_(std::move(options)),
      now_(options_.start),
      rng_(options_.seed),
      store_(uuid_floor(options_.start)) {
  store_.append({EventType::kExecutionAccepted, {}, 0, {}}, now_);
  at(now_, [this] { claim(); });
}

void VirtualWorld::at(WallTime at, std::function<void()> act) {
  queue_.push({std::max(at, now_), ++order_, std::move(act)});
}

bool VirtualWorld::step() {
  if (queue_.empty()) return false;
  const Occurrence next = queue_.top();
  queue_.pop();
  now_ = next.at;
  next.act();
  return true;
}

void VirtualWorld::run(std::size_t limit) {
  while (limit-- > 0 && !(store_.is_final() && !owner_) && step()) continue;
}

void VirtualWorld::run_until(WallTime at) {
  while (!queue_.empty() && queue_.top().at <= at) step();
  now_ = std::max(now_, at);
}

core::Facts VirtualWorld::facts() const {
  core::Facts facts;
  facts.exec_id = uuid_floor(options_.start);
  facts.task_id = options_.task_id;
  facts.plan = plan_;
  facts.input = input_;
  facts.limits = plan_->limits;
  facts.timeout = options_.timeout ? options_.timeout : plan_->timeout;
  facts.epoch = store_.row().epoch;
  facts.inbox = store_.row().inbox;
  facts.worker = "sim";
  facts.secret_salt = "sim";
  return facts;
}

void VirtualWorld::claim() {
  if (owner_ || !store_.claim()) return;
  owner_ = std::make_unique<Owner>();
  owner_->epoch = store_.row().epoch;
  if (store_.row().started)
    apply(core::Restore{facts(), store_.row().control, store_.events(), store_.steps()});
  else
    apply(core::Begin{facts(), store_.row().control, store_.events()});
}

void VirtualWorld::apply(core::Event event) {
  core::Effects effects = core::apply(owner_->execution, std::move(event), {now_, rng_.unit()});
  const std::uint32_t epoch = owner_->epoch;
  for (core::Act& act : effects.acts) {
    if (!owner_ || owner_->epoch != epoch) return;
    carry_out(std::move(act));
  }
  if (!owner_ || owner_->epoch != epoch) return;
  if (effects.checkpoint) save(std::move(*effects.checkpoint));
  if (effects.fate == core::Fate::kHeld || !owner_ || owner_->epoch != epoch) return;
  owner_.reset();
  if (effects.fate == core::Fate::kDropped) store_.orphan();
  if (const auto& wake = store_.row().wake_at; wake && effects.fate == core::Fate::kParked) {
    const std::uint32_t parked = store_.row().epoch;
    at(*wake, [this, parked] {
      if (store_.row().epoch != parked || !store_.row().wake_at) return;
      store_.wake();
      claim();
    });
  }
  if (!store_.is_final()) at(now_ + message_delay(), [this] { claim(); });
}

void VirtualWorld::deliver(Micros delay, core::Event event) {
  const std::uint32_t epoch = owner_->epoch;
  at(now_ + delay, [this, epoch, event = std::move(event)]() mutable {
    if (owner_ && owner_->epoch == epoch) apply(std::move(event));
  });
}

void VirtualWorld::save(core::Checkpoint checkpoint) {
  const std::uint32_t epoch = owner_->epoch;
  ++checkpoints_;
  at(now_ + store_delay(), [this, epoch, checkpoint = std::move(checkpoint)] {
    if (!owner_ || owner_->epoch != epoch) return;
    before_commit(checkpoint);
    if (!owner_ || owner_->epoch != epoch) return;
    const Commit commit = store_.commit(checkpoint, epoch, now_);
    after_commit(checkpoint, commit);
    if (!owner_ || owner_->epoch != epoch) return;
    switch (commit.kind) {
      case CommitKind::kSaved: return deliver(store_delay(), core::Saved{commit.inbox, commit.at});
      case CommitKind::kInboxChanged:
        return deliver(store_delay(), core::InboxChanged{commit.inbox, commit.at});
      case CommitKind::kFenced: return deliver(store_delay(), core::Fenced{});
    }
  });
}

void VirtualWorld::carry_out(core::Act act) {
  struct Acts {
    VirtualWorld& w;
    void operator()(core::StartTool& a) const { w.start_call(std::move(a)); }
    void operator()(core::CancelCall& a) const { w.cancel_call(a.stamp); }
    void operator()(core::FreezeCall& a) const { w.freeze_call(a.stamp); }
    void operator()(core::ThawCall& a) const { w.thaw_call(a.stamp); }
    void operator()(core::ArmTimer& a) const { w.arm(a.at); }
    void operator()(core::DisarmTimer&) const { ++w.owner_->timer; }
    void operator()(core::ReadInbox& a) const { w.read_inbox(a.after_seq); }
    void operator()(core::RequestControl& a) const { w.request(a); }
    void operator()(core::ResolveTask& a) const {
      core::TaskResolved answer{a.stamp, nullptr, 1};
      const auto found = w.options_.tasks.find(a.task_id);
      if (found != w.options_.tasks.end())
        answer.plan = found->second;
      else
        answer.plan = tl::unexpected(
            plain_failure(Category::kConfiguration, "task_not_found", "There is no task " + a.task_id + "."));
      w.deliver(w.message_delay(), std::move(answer));
    }
  };
  std::visit(Acts{*this}, act);
}

void VirtualWorld::arm(WallTime at_time) {
  const std::uint64_t timer = ++owner_->timer;
  const std::uint32_t epoch = owner_->epoch;
  at(at_time, [this, epoch, timer] {
    if (owner_ && owner_->epoch == epoch && owner_->timer == timer) apply(core::TimerRang{});
  });
}

void VirtualWorld::start_call(core::StartTool start) {
  calls_.push_back({start.stamp, start.tool, start.with, start.timeout, now_});
  ToolAnswer answer = on_call ? on_call(start) : ToolAnswer{};
  if (answer.deferred)
    return deliver(message_delay(),
                   core::CallDeferred{start.stamp, now_ + answer.after, *answer.deferred, "sim"});
  LiveCall call{start.stamp, 0,     std::move(answer.output), now_ + answer.after,
                {},          false, answer.can_freeze,        calls_.size() - 1};
  if (answer.after > start.timeout) {
    call.ends = now_ + start.timeout;
    call.output = tl::unexpected(
        plain_failure(Category::kTransient, "timeout", "No answer within the step's timeout."));
  }
  plan_end(owner_->calls[start.stamp.call] = std::move(call));
}

void VirtualWorld::plan_end(LiveCall& call) {
  call.ticket = ++tickets_;
  const std::uint32_t epoch = owner_->epoch;
  at(call.ends + message_delay(), [this, epoch, id = call.stamp.call, ticket = call.ticket] {
    if (owner_ && owner_->epoch == epoch) end_call(id, ticket);
  });
}

void VirtualWorld::end_call(std::uint64_t id, std::uint64_t ticket) {
  const auto found = owner_->calls.find(id);
  if (found == owner_->calls.end() || found->second.ticket != ticket) return;
  core::ToolFinished finished{
      found->second.stamp, std::move(found->second.output), {}, calls_[found->second.seen].at, now_};
  owner_->calls.erase(found);
  const std::uint32_t epoch = owner_->epoch;
  apply(finished);
  if (owner_ && owner_->epoch == epoch) after_answer(finished);
}

void VirtualWorld::cancel_call(const core::Stamp& stamp) {
  const auto found = owner_->calls.find(stamp.call);
  if (found == owner_->calls.end()) return;
  LiveCall& call = found->second;
  calls_[call.seen].cancelled = true;
  call.is_frozen = false;
  call.output = tl::unexpected(plain_failure(Category::kCancelled, "cancelled", "Cancelled."));
  call.ends = now_;
  plan_end(call);
}

void VirtualWorld::freeze_call(const core::Stamp& stamp) {
  const auto found = owner_->calls.find(stamp.call);
  const bool can = found != owner_->calls.end() && found->second.can_freeze;
  if (can) {
    LiveCall& call = found->second;
    call.is_frozen = true;
    call.left = std::chrono::ceil<Millis>(std::max(call.ends - now_, Micros{0}));
    call.ticket = ++tickets_;
  }
  deliver(message_delay(), core::CallFrozen{stamp, can});
}

void VirtualWorld::thaw_call(const core::Stamp& stamp) {
  const auto found = owner_->calls.find(stamp.call);
  if (found == owner_->calls.end() || !found->second.is_frozen) return;
  found->second.is_frozen = false;
  found->second.ends = now_ + found->second.left;
  plan_end(found->second);
}

void VirtualWorld::read_inbox(std::uint64_t after) {
  core::InboxRead read{store_.row().inbox, store_.row().control, {}};
  for (const Event& event : store_.events()) {
    const bool is_news =
        event.type == EventType::kSignalReceived || event.type == EventType::kApprovalDecided ||
        event.type == EventType::kExecutionResumed || event.type == EventType::kExecutionCancelRequested;
    if (event.seq > after && is_news) read.events.push_back(event);
  }
  deliver(message_delay(), std::move(read));
}

void VirtualWorld::request(const core::RequestControl& request) {
  at(now_ + message_delay(), [this, kind = request.kind, reason = request.reason] {
    if (kind == core::RequestControl::Kind::kCancel)
      cancel(reason);
    else
      resume();
  });
}

void VirtualWorld::tell_owner() {
  if (!owner_) return;
  if (owner_->epoch != store_.row().epoch) return deliver(message_delay(), core::Fenced{});
  read_inbox(0);
}

void VirtualWorld::after_control(const ControlAnswer& answer) {
  if (answer.wakes) at(now_ + message_delay(), [this] { claim(); });
  tell_owner();
}

bool VirtualWorld::cancel(const std::string& reason) {
  const ControlAnswer answer = store_.cancel(reason, now_);
  after_control(answer);
  return answer.accepted;
}

bool VirtualWorld::pause(std::optional<Millis> timeout, bool cancels) {
  const ControlAnswer answer = store_.pause({}, timeout, cancels, now_);
  after_control(answer);
  if (!owner_ && timeout && row().wake_at) {
    at(*row().wake_at, [this] {
      if (!row().wake_at || *row().wake_at > now_) return;
      store_.wake();
      claim();
    });
  }
  return answer.accepted;
}

bool VirtualWorld::resume() {
  const ControlAnswer answer = store_.resume(now_);
  after_control(answer);
  return answer.accepted;
}

bool VirtualWorld::signal(const std::string& name, json::Value payload) {
  const ControlAnswer answer = store_.signal(name, std::move(payload), now_);
  after_control(answer);
  return answer.accepted;
}

bool VirtualWorld::decide(const std::string& path, bool approves, json::Value form) {
  const ControlAnswer answer = store_.decide(path, approves, std::move(form), now_);
  after_control(answer);
  return answer.accepted;
}

void VirtualWorld::crash() {
  if (!owner_) return;
  owner_.reset();
  store_.orphan();
  at(now_ + message_delay(), [this] { claim(); });
}

std::string VirtualWorld::trace() const {
  std::string text;
  for (const Event& event : store_.events()) {
    text.append(std::to_string(event.seq))
        .append(" ")
        .append(std::to_string(event.at.time_since_epoch().count() / 1000));
    text.append("ms e").append(std::to_string(event.epoch)).append(" ").append(to_string(event.type));
    text.append(" ").append(event.step).append("#").append(std::to_string(event.attempt));
    if (!event.data.is_null()) text.append(" ").append(json::write(event.data));
    text += '\n';
  }
  return text;
}

}  // namespace pawl::sim
