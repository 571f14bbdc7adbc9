// The production core in a world of virtual time: a store in memory, tools that answer from a script, and
// nothing that happens but by the queue of occurrences. Without faults it is what `pawl sim plan` runs;
// tests/sim adds the faults.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <queue>
#include <string>
#include <vector>

#include "common/base/rng.h"
#include "worker/core/reducer.h"
#include "worker/sim/virtual_store.h"

namespace pawl::sim {

/// How one call ends.
struct ToolAnswer {
  tl::expected<json::Value, Failure> output = json::Value(json::Object{});
  Millis after{0};
  bool can_freeze = true;
  std::optional<core::DeferReason> deferred = {};  ///< it is not made; `after` says until when
};

/// What a call was given; for assertions.
struct ToolCallSeen {
  core::Stamp stamp;
  std::string tool;
  json::Value with;
  Millis timeout{0};
  WallTime at{};
  bool cancelled = false;
};

struct WorldOptions {
  std::string task_id = "task";
  std::optional<Millis> timeout = {};
  std::uint64_t seed = 1;
  WallTime start{};
  std::map<std::string, plan::PlanPtr> tasks = {};  ///< nested ones by id
};

class VirtualWorld {
 public:
  VirtualWorld(plan::PlanPtr plan, json::Value input, WorldOptions options = {});
  virtual ~VirtualWorld() = default;
  VirtualWorld(const VirtualWorld&) = delete;
  VirtualWorld& operator=(const VirtualWorld&) = delete;

  /// Decides the answer of each call; without one every call completes with {} at once.
  std::function<ToolAnswer(const core::StartTool&)> on_call;

  /// Does the next thing that is due; false when nothing is left to happen.
  bool step();
  /// Runs until nothing is left to happen, or `limit` occurrences.
  void run(std::size_t limit = 1'000'000);
  /// Runs all that happens up to and at `at`, and lets the time be `at`.
  void run_until(WallTime at);
  /// Plans `act` for `at`.
  void at(WallTime at, std::function<void()> act);

  // As clients would ask.
  bool cancel(const std::string& reason = {});
  bool pause(std::optional<Millis> timeout = {}, bool cancels = false);
  bool resume();
  bool signal(const std::string& name, json::Value payload = {});
  bool decide(const std::string& path, bool approves, json::Value form = {});

  /// The owner dies with all its calls; the next claim restores from the ledger.
  void crash();

  [[nodiscard]] WallTime now() const { return now_; }
  [[nodiscard]] const VirtualStore& store() const { return store_; }
  [[nodiscard]] const VirtualRow& row() const { return store_.row(); }
  [[nodiscard]] const std::vector<ToolCallSeen>& calls() const { return calls_; }
  [[nodiscard]] core::Execution* execution() { return owner_ ? &owner_->execution : nullptr; }
  [[nodiscard]] int checkpoints() const { return checkpoints_; }
  [[nodiscard]] std::string trace() const;

 protected:
  struct LiveCall {
    core::Stamp stamp;
    std::uint64_t ticket = 0;  ///< of its planned end; another means it was moved
    tl::expected<json::Value, Failure> output;
    WallTime ends{};
    Millis left{0};
    bool is_frozen = false;
    bool can_freeze = true;
    std::size_t seen = 0;
  };
  struct Owner {
    core::Execution execution;
    std::uint32_t epoch = 0;
    std::map<std::uint64_t, LiveCall> calls;
    std::uint64_t timer = 0;
  };

  /// The points where a fault may strike. Without one: answers come at once, nothing is lost.
  virtual Micros store_delay() { return Micros{0}; }
  virtual Micros message_delay() { return Micros{0}; }
  virtual void before_commit(const core::Checkpoint& checkpoint) { static_cast<void>(checkpoint); }
  virtual void after_commit(const core::Checkpoint& checkpoint, const Commit& commit) {
    static_cast<void>(checkpoint);
    static_cast<void>(commit);
  }
  virtual void after_answer(const core::ToolFinished& finished) { static_cast<void>(finished); }

  void claim();
  void apply(core::Event event);
  /// Delivers to the owner of `epoch` if it is still there.
  void deliver(Micros delay, core::Event event);
  void tell_owner();
  SeededRng& rng() { return rng_; }
  VirtualStore& mutable_store() { return store_; }
  [[nodiscard]] const Owner* owner() const { return owner_.get(); }

 private:
  struct Occurrence {
    WallTime at;
    std::uint64_t order;
    std::function<void()> act;
    friend bool operator<(const Occurrence& a, const Occurrence& b) {
      return a.at != b.at ? a.at > b.at : a.order > b.order;
    }
  };
  void save(core::Checkpoint checkpoint);
  void carry_out(core::Act act);
  void start_call(core::StartTool start);
  void plan_end(LiveCall& call);
  void end_call(std::uint64_t id, std::uint64_t ticket);
  void cancel_call(const core::Stamp& stamp);
  void freeze_call(const core::Stamp& stamp);
  void thaw_call(const core::Stamp& stamp);
  void read_inbox(std::uint64_t after);
  void request(const core::RequestControl& request);
  void arm(WallTime at);
  void after_control(const ControlAnswer& answer);
  [[nodiscard]] core::Facts facts() const;

  plan::PlanPtr plan_;
  json::Value input_;
  WorldOptions options_;
  WallTime now_;
  SeededRng rng_;
  VirtualStore store_;
  std::unique_ptr<Owner> owner_;
  std::priority_queue<Occurrence> queue_;
  std::uint64_t order_ = 0;
  std::uint64_t tickets_ = 0;
  std::vector<ToolCallSeen> calls_;
  int checkpoints_ = 0;
};

}  // namespace pawl::sim
