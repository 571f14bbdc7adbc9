#include "tests/sim/core/faulty_world.h"

#include <algorithm>

#include "common/model/catalogue.h"

namespace pawl::simtest {
namespace {

constexpr std::size_t kMaxOccurrences = 200'000;
constexpr int kMaxCrashes = 6;
constexpr Millis kHorizon{12'000};  ///< most of a run happens before

class FaultyWorld final : public sim::VirtualWorld {
 public:
  FaultyWorld(const RandomPlan& plan, json::Value input, sim::WorldOptions options)
      : VirtualWorld(plan.plan, std::move(input), std::move(options)),
        plan_(plan),
        chaos_(plan.seed * 31 + 7),
        checker_(plan) {
    crash_rate_ = chaos_.below(3) == 0 ? 0 : 40 + chaos_.below(200);
    slow_rate_ = chaos_.below(2) == 0 ? 0 : 30;
    on_call = [this](const core::StartTool& call) { return answer(call); };
    plan_controls();
  }

  Outcome finish() {
    run(kMaxOccurrences);
    checker_.finish(store(), must_cancel_, crashes_ > 0);
    Outcome outcome{checker_.violation(), {}, crashes_};
    if (!outcome.violation.empty()) outcome.trace = trace();
    return outcome;
  }

 protected:
  Micros store_delay() override {
    if (slow_rate_ > 0 && one_in(slow_rate_)) return Millis(static_cast<std::int64_t>(chaos_.below(4000)));
    return Micros(static_cast<std::int64_t>(chaos_.below(3000)));
  }
  Micros message_delay() override {
    if (one_in(40)) return Millis(static_cast<std::int64_t>(chaos_.below(1000)));
    return Micros(static_cast<std::int64_t>(chaos_.below(500)));
  }
  void before_commit(const core::Checkpoint&) override { maybe_crash(); }
  void after_commit(const core::Checkpoint&, const sim::Commit&) override {
    checker_.look(store());
    maybe_crash();
  }
  void after_answer(const core::ToolFinished& finished) override {
    if (one_in(12)) deliver(Millis(static_cast<std::int64_t>(chaos_.below(2000))), finished);
    if (one_in(30)) old_answers_.push_back(finished);
    if (!old_answers_.empty() && one_in(12))
      deliver(message_delay(), old_answers_[chaos_.below(old_answers_.size())]);
    maybe_crash();
  }

 private:
  bool one_in(std::uint64_t n) { return chaos_.below(n) == 0; }
  WallTime some_time() {
    return WallTime(
        Millis(static_cast<std::int64_t>(chaos_.below(static_cast<std::uint64_t>(kHorizon.count())))));
  }

  void maybe_crash() {
    if (crash_rate_ == 0 || crashes_ >= kMaxCrashes || !one_in(crash_rate_ / 10 + 1)) return;
    ++crashes_;
    if (one_in(3))
      mutable_store().steal();  // the owner learns of it at its next write
    else
      crash();
  }

  sim::ToolAnswer answer(const core::StartTool& call) {
    checker_.look(store());
    checker_.called(call, now());
    if (one_in(25)) {
      sim::ToolAnswer deferred;
      constexpr core::DeferReason kReasons[] = {
          core::DeferReason::kBreakerOpen, core::DeferReason::kRetryBudget, core::DeferReason::kRateLimit};
      deferred.deferred = kReasons[1 + chaos_.below(2)];
      deferred.after = Millis(static_cast<std::int64_t>(chaos_.below(5000)));
      return deferred;
    }
    const Behaviour b = behaviour_of(plan_.seed, call.stamp.path, call.stamp.fallback);
    sim::ToolAnswer answer{b.output, b.duration, one_in(2)};
    if (!b.for_good && call.stamp.attempt > b.failures) return answer;
    Failure failure;
    failure.category = b.for_good ? Category::kLogic : Category::kTransient;
    failure.code = b.for_good ? "assertion_failed" : "http_503";
    failure.message = "as planned";
    answer.output = tl::unexpected(std::move(failure));
    return answer;
  }

  void plan_controls() {
    if (one_in(5)) at(some_time(), [this] { must_cancel_ = cancel() || must_cancel_; });
    for (std::uint64_t pauses = chaos_.below(3); pauses > 0; --pauses) {
      const WallTime when = some_time();
      at(when, [this] { pause(); });
      at(when + Millis(static_cast<std::int64_t>(chaos_.below(6000))), [this] { resume(); });
    }
    at(WallTime(kHorizon * 3), [this] { resume(); });
    for (std::uint64_t signals = chaos_.below(3); signals > 0; --signals)
      at(some_time(), [this] { signal("news", 1); });
    for (std::uint64_t looks = chaos_.below(6); looks > 0; --looks) at(some_time(), [this] { decide_all(); });
    if (one_in(3)) {
      at(some_time(), [this] {
        ++crashes_;
        crash();
      });
    }
  }

  void decide_all() {
    std::vector<std::string> asked;
    for (const Event& event : store().events())
      if (event.type == EventType::kApprovalRequested) asked.push_back(event.step);
    for (const std::string& path : asked) decide(path, true);
  }

  const RandomPlan& plan_;
  SeededRng chaos_;
  Checker checker_;
  std::vector<core::ToolFinished> old_answers_;
  std::uint64_t crash_rate_ = 0;
  std::uint64_t slow_rate_ = 0;
  int crashes_ = 0;
  bool must_cancel_ = false;
};

}  // namespace

Outcome run_schedule(std::uint64_t seed) {
  const std::unique_ptr<RandomPlan> plan = random_plan(seed);
  json::Object input;
  for (const auto& [id, step] : plan->by_id) {
    if (step->kind != RandomStep::Kind::kForEach) continue;
    json::Array items;
    for (int i = 0; i < step->items; ++i) items.emplace_back(i);
    input.set(id, std::move(items));
  }
  sim::WorldOptions options;
  options.seed = seed;
  options.tasks = plan->tasks;
  return FaultyWorld(*plan, json::Value(std::move(input)), std::move(options)).finish();
}

}  // namespace pawl::simtest
