// Live events of executions, from whoever owns them. Binds only what somebody here listens to, tells the
// workers so and reminds them; several listeners of one execution share one binding. What comes is a hint:
// the ledger is the truth.
#pragma once

#include <functional>
#include <memory>
#include <unordered_map>
#include <vector>

#include "broker/ports.h"
#include "common/base/ids.h"
#include "common/loop/timer.h"

namespace pawl::api::stream {

class LiveTap {
 public:
  using Handler = std::function<void(const json::Value&)>;

  LiveTap(Loop& loop, broker::Bus& bus);
  ~LiveTap();

  /// Listens while the answer lives. The handler gets events, or {"look": true}: something was written, read
  /// the ledger. It is called on a later turn and may end any subscription.
  class Subscription {
   public:
    Subscription(LiveTap& tap, const Uuid& exec_id) : tap_(tap), exec_id_(exec_id) {}
    ~Subscription() { tap_.forget(*this); }
    Subscription(const Subscription&) = delete;
    Subscription& operator=(const Subscription&) = delete;

   private:
    friend class LiveTap;
    LiveTap& tap_;
    Uuid exec_id_;
  };
  [[nodiscard]] std::unique_ptr<Subscription> listen(const Uuid& exec_id, Handler handler);

  /// Tells everybody who watches it, here and at other API processes, that something was written to its
  /// ledger.
  void nudge(const Uuid& exec_id);

  [[nodiscard]] std::size_t watched() const { return taps_.size(); }

 private:
  struct Listener {
    const Subscription* subscription;
    std::shared_ptr<Handler> handler;
  };
  struct Tap {
    std::vector<Listener> listeners;
    MonoTime told_at{};
  };
  void forget(const Subscription& subscription);
  void heard(const Uuid& exec_id, const json::Value& message);
  void tell_workers();

  Loop& loop_;
  broker::Bus& bus_;
  std::unordered_map<Uuid, Tap> taps_;
  std::vector<Uuid> new_;  // to be told at the end of this turn
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
  Timer renew_;
};

}  // namespace pawl::api::stream
