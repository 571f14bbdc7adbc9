// The circuit breakers of all workers, as this worker keeps them: it decides by the pure values of
// worker/core/resilience, writes each of its transitions by compare-and-set into the shared row, and takes
// over the rows that others moved. It looks at them once a second; messages on pawl.control only hurry that.
// Windows and figures stay this worker's own: a call costs no write.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "broker/ports.h"
#include "common/base/log.h"
#include "common/base/rng.h"
#include "common/json/value.h"
#include "common/loop/loop.h"
#include "common/loop/timer.h"
#include "common/store/breaker_store.h"
#include "worker/core/resilience/circuit_breaker.h"
#include "worker/core/resilience/target_map.h"

namespace pawl::engine {

class SharedBreakers {
 public:
  /// `store` null: the breakers are this worker's own. All but the copies outlive this.
  SharedBreakers(Loop& loop, Rng& rng, broker::Bus& bus, store::BreakerStore* store, Log log,
                 std::string worker_id, resilience::BreakerConfig config);
  SharedBreakers(const SharedBreakers&) = delete;
  SharedBreakers& operator=(const SharedBreakers&) = delete;

  /// Reads what is not closed, then once a second what changed.
  void start();

  /// A permit, or how long to wait. Probing an open target is one worker's right at a time (its row is
  /// half-open and names it, until the permits expire): it is asked for here and given, if at all, by a later
  /// call.
  tl::expected<resilience::Permit, Millis> try_acquire(const store::BreakerKey& key);
  void record(const store::BreakerKey& key, const resilience::Permit& permit, bool has_failed, Millis spent);
  void release(const store::BreakerKey& key, const resilience::Permit& permit);

  /// A message of pawl.control about a breaker; anything else is left alone.
  void on_control(const json::Value& message);
  /// One item per breaker in use here: {"tenant","tool","target","state","failure_rate",…}.
  [[nodiscard]] json::Array describe();

 private:
  struct Entry {
    store::BreakerKey key;
    resilience::CircuitBreaker breaker;
    std::uint64_t generation =
        0;                   ///< of the shared row; 0: never seen. The breaker's own only guards its permits
    bool writing = false;    ///< one write of a key at a time
    bool unwritten = false;  ///< decided here, not in the row yet
  };

  [[nodiscard]] resilience::BreakerInputs inputs();
  Entry& entry_of(const store::BreakerKey& key);
  Entry* find(const store::BreakerKey& key);
  void tell(Entry& entry);
  void write(Entry& entry);
  void written(Entry& entry, std::uint64_t expected, const Result<store::BreakerMove>& answer);
  void ask_to_probe(Entry& entry);
  void may_probe(Entry& entry, const Result<store::BreakerMove>& answer);
  void adopt(const store::BreakerRow& row);
  void look();
  [[nodiscard]] store::BreakerRow row_of(Entry& entry);

  Loop& loop_;
  Rng& rng_;
  broker::Bus& bus_;
  store::BreakerStore* store_;
  Log log_;
  std::string worker_id_;
  resilience::BreakerConfig config_;
  resilience::TargetMap<std::optional<Entry>> entries_;
  std::optional<MonoTime> looked_;  ///< when the last look that was answered began
  bool looking_ = false;
  Timer timer_;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

}  // namespace pawl::engine
