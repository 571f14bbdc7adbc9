// One execution that this worker holds: feeds the core its events and carries out its effects through the
// ports. It decides nothing about the plan. Loop thread only; answers that come after it is gone are dropped.
#pragma once

#include <deque>
#include <functional>
#include <memory>
#include <string>
#include <unordered_map>

#include "common/loop/timer.h"
#include "worker/core/reducer.h"
#include "worker/engine/call_guard.h"
#include "worker/engine/database_clock.h"
#include "worker/engine/log_sink.h"
#include "worker/engine/plan_cache.h"
#include "worker/engine/ports.h"
#include "worker/engine/watch_set.h"

namespace pawl::engine {

/// What all held executions share.
struct Shared {
  Ports& ports;
  const Options& options;
  DatabaseClock& clock;
  WatchSet& watched;
  PlanCache& plans;
  CallGuard& guard;
  LogSink& logs;
  bool draining = false;
};

/// Why it is not held any more.
enum class Ending : std::uint8_t { kParked, kFinished, kLost, kHandOver };

class Held {
 public:
  /// `on_end` is called once, on a later turn than any call into this object, when it can be destroyed.
  /// `reply_to`: the pawl.control key that is told when it ends, or "".
  Held(Shared& shared, store::Claimed claimed, std::string reply_to, std::function<void(Ending)> on_end);
  ~Held();
  Held(const Held&) = delete;
  Held& operator=(const Held&) = delete;

  /// Fetches plan and history, then begins. Tries again while Postgres is away.
  void start();
  /// Something changed in its inbox: look.
  void look_at_inbox();
  /// The lease is gone or another epoch owns it: kill what runs, write nothing more.
  void fence();
  /// Drain: hand over at the next step boundary. `now_or_never`: kill running calls first.
  void hand_over(bool now_or_never);

  [[nodiscard]] const store::Claimed& claimed() const { return claimed_; }
  [[nodiscard]] std::uint64_t inbox_seen() const { return inbox_; }
  [[nodiscard]] bool is_frozen() const { return begun_ && execution_.is_frozen(); }
  [[nodiscard]] bool has_begun() const { return begun_; }

 private:
  void load_history(plan::PlanPtr plan);
  void begin(plan::PlanPtr plan, std::optional<store::History> history);
  void give_up(const Error& error);
  void post(core::Event event);
  void drain_queue();
  void carry_out(core::Effects effects);
  void save(core::Checkpoint checkpoint);
  void send_checkpoint();
  void saved(Result<store::Saved> answer);
  void publish_live(const store::Checkpoint& entry, const store::Saved& saved);
  void settle_metrics(const store::Checkpoint& entry);

  void act(const core::StartTool& start);
  void act(const core::CancelCall& cancel);
  void act(const core::FreezeCall& freeze);
  void act(const core::ThawCall& thaw);
  void act(const core::ArmTimer& arm);
  void act(const core::DisarmTimer& disarm);
  void act(const core::ResolveTask& resolve);
  void act(const core::ReadInbox& read);
  void act(const core::RequestControl& request);
  void read_inbox();
  void answer_task(const core::ResolveTask& resolve, tl::expected<plan::PlanPtr, Failure> plan, int version);
  void tell_progress(const core::Stamp& stamp, json::Value data);
  void refuse_call(const core::StartTool& start, Failure failure);
  void tool_done(const core::Stamp& stamp, WallTime started, tools::ToolResult result);
  void defer_call(const core::StartTool& start, const Deferral& deferral, std::string target);
  void drop_calls();
  void check_hand_over();
  void end(Ending ending);
  [[nodiscard]] WallTime now() const;
  /// Wraps a callback so that it does nothing once this is gone.
  template <typename Fn>
  auto guarded(Fn fn) {
    return [alive = std::weak_ptr<bool>(alive_), fn = std::move(fn)](auto&&... args) {
      if (!alive.expired()) fn(std::forward<decltype(args)>(args)...);
    };
  }

  Shared& shared_;
  store::Claimed claimed_;
  std::string reply_to_;
  std::function<void(Ending)> on_end_;
  Log log_;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);

  core::Execution execution_;
  std::deque<core::Event> queue_;
  bool applying_ = false, begun_ = false, ended_ = false, fenced_ = false, handing_over_ = false,
       reading_inbox_ = false;
  bool first_start_told_ = false;
  std::uint64_t rev_ = 0, inbox_ = 0, control_seq_ = 0;
  std::optional<store::Checkpoint> saving_;
  Millis retry_pause_;
  struct Running {
    GuardedCall guarded;
    std::unique_ptr<tools::RunningCall> call;
  };
  std::unordered_map<std::uint64_t, Running> calls_;
  std::optional<WallTime> wake_at_;
  Timer timer_;
  Timer retry_timer_;
};

}  // namespace pawl::engine
