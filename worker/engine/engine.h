// The worker's middle: deliveries in, executions held, slots counted, drained at the end. Claims come before
// acks, the lease is renewed by lease.h, the plan's logic is the core's, one execution's effects are
// held.h's.
#pragma once

#include <functional>
#include <memory>
#include <set>
#include <unordered_map>
#include <vector>

#include "worker/engine/held.h"
#include "worker/engine/lease.h"

namespace pawl::engine {

struct EngineStats {
  std::size_t held = 0, frozen = 0, claiming = 0;
  std::uint64_t claimed = 0, not_claimable = 0, finished = 0, parked = 0, lost = 0, handed_over = 0,
                stray = 0;
};

class Engine {
 public:
  Engine(Ports ports, Options options);
  ~Engine();
  Engine(const Engine&) = delete;
  Engine& operator=(const Engine&) = delete;

  /// Registers the worker, then consumes.
  void start();
  /// Takes nothing new, hands over at step boundaries, kills what still runs after options.drain; then
  /// `done`.
  void drain(std::function<void()> done);
  /// Ends a drain at once: running calls are killed and handed over.
  void hurry();

  [[nodiscard]] EngineStats stats() const;
  [[nodiscard]] CallGuard& guard() { return guard_; }
  [[nodiscard]] bool is_draining() const { return shared_.draining; }
  [[nodiscard]] const DatabaseClock& clock() const { return clock_; }

 private:
  using Id = Uuid;
  struct Claim {
    std::vector<store::ClaimRequest> tickets;
    std::vector<broker::Delivery> deliveries;
  };

  void deliver(std::vector<broker::Delivery> deliveries);
  void claim(Claim claim);
  void claimed(const Claim& claim, Result<std::vector<store::Claimed>> answer);
  void claim_again();
  void take(std::vector<store::Claimed> claimed);
  void feed();
  void ended(const Id& id, Ending ending);
  void on_control(const json::Value& message);
  void look_at_inboxes();
  void inboxes_read(const std::vector<store::Inbox>& inboxes);
  void fence_all();
  void update_slots();
  void release_drained();
  void finish_drain();
  [[nodiscard]] store::WorkerRow row() const;

  Ports ports_;
  Options options_;
  DatabaseClock clock_;
  WatchSet watched_;
  PlanCache plans_;
  CallGuard guard_;
  LogSink logs_;
  Shared shared_;
  Lease lease_;
  std::unordered_map<Id, std::unique_ptr<Held>> held_;
  std::unordered_map<Id, std::string> claiming_;  // and who waits for its end
  std::set<Id> strays_;               // owned but unknown at the last look; claimed again when seen twice
  std::vector<Claim> failed_claims_;  // tried again together
  std::vector<store::ClaimRequest> to_release_;
  std::vector<broker::TicketMessage> to_publish_;
  bool looking_ = false, feeding_ = false, releasing_ = false;
  EngineStats stats_;
  std::function<void()> on_drained_;
  Timer claim_timer_;
  Timer inbox_timer_;
  Timer drain_timer_;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

}  // namespace pawl::engine
