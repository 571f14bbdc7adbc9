#include "common/db/pool.h"

#include <algorithm>
#include <deque>

#include "common/base/assert.h"
#include "common/db/limits.h"
#include "common/loop/timer.h"

namespace pawl::db {
namespace {

class PgPool final : public Pool, public std::enable_shared_from_this<PgPool> {
 public:
  PgPool(Loop& loop, Rng& rng, Log log, PoolOptions options)
      : loop_(loop), rng_(rng), log_(std::move(log)), options_(std::move(options)), expiry_(loop) {
    PAWL_ASSERT(options_.size > 0, "a pool has connections");
    for (int i = 0; i < options_.size; ++i) slots_.push_back(std::make_unique<Slot>(loop));
  }

  void start() {
    for (auto& slot : slots_) open(*slot);
  }

  /// The owner is gone: everything is closed and nothing is called.
  void detach() {
    closed_ = true;
    waiting_.clear();
    listeners_.clear();
    expiry_.stop();
    slots_.clear();
  }

  void run(std::vector<Call> calls, std::vector<Uuid> tenants, MonoTime deadline,
           Done<std::vector<RowsPtr>> done) override {
    if (waiting_.size() >= options_.max_waiting) {
      loop_.post([done = std::move(done)] {
        done(fail(ErrorKind::kOverloaded, "database_queue_full", "too many database calls are waiting"));
      });
      return;
    }
    waiting_.push_back({std::move(calls), std::move(tenants), deadline, std::move(done)});
    if (!expired(waiting_.back())) dispatch();
    watch_expiry(deadline);
  }

  [[nodiscard]] bool healthy() const override { return connected_ > 0; }
  void on_health(std::function<void(bool)> listener) override { listeners_.push_back(std::move(listener)); }

 private:
  struct Slot {
    explicit Slot(Loop& loop) : retry(loop) {}
    std::unique_ptr<Connection> connection;
    std::unique_ptr<Connecting> connecting;
    Timer retry;
    int failures = 0;
  };
  struct Waiting {
    std::vector<Call> calls;
    std::vector<Uuid> tenants;
    MonoTime deadline;
    Done<std::vector<RowsPtr>> done;
  };

  // Slots die only with the pool, and with them their connections and timers, which then call nothing: `slot`
  // and `this` are valid in every callback below.
  void open(Slot& slot) {
    slot.connecting = connect(
        loop_, options_.connection, [this, &slot](const Error& why) { on_lost(slot, why); },
        [this, &slot](Result<std::unique_ptr<Connection>> made) { on_connect(slot, std::move(made)); });
  }

  void on_connect(Slot& slot, Result<std::unique_ptr<Connection>> made) {
    const auto keep = shared_from_this();
    const auto over = std::move(slot.connecting);
    if (!made) {
      if (slot.failures == 0)
        log_.warn("postgres connection failed", {{"code", made.error().code}, error_field(made.error())});
      return reopen_later(slot);
    }
    slot.connection = std::move(*made);
    slot.failures = 0;
    log_.info("postgres connected", {{"open", connected_ + 1}, {"of", options_.size}});
    if (++connected_ == 1) tell_health(true);
    if (!closed_) dispatch();
  }

  void on_lost(Slot& slot, const Error& why) {
    const auto keep = shared_from_this();
    log_.warn("postgres connection lost", {{"code", why.code}, error_field(why)});
    const auto gone = std::move(slot.connection);
    if (--connected_ == 0) tell_health(false);
    if (!closed_) reopen_later(slot);
  }

  /// Full jitter (AWS Architecture Blog, "Exponential Backoff And Jitter"), so that clients don't return in
  /// step.
  void reopen_later(Slot& slot) {
    const int doublings = std::min(slot.failures++, kMaxBackoffDoublings);
    const Millis cap = std::min(options_.reconnect_max, options_.reconnect_initial * (1 << doublings));
    const Millis delay(static_cast<Millis::rep>(rng_.unit() * static_cast<double>(cap.count() + 1)));
    slot.retry.start(delay, [this, &slot] { open(slot); });
  }

  void tell_health(bool healthy_now) {
    const auto listeners = listeners_;
    for (const auto& listener : listeners) {
      if (!closed_) listener(healthy_now);
    }
  }

  [[nodiscard]] bool expired(const Waiting& one) const { return one.deadline < loop_.now() + kLeastRun; }

  void dispatch() {
    for (auto& slot : slots_) {
      // What is too late is left to `expire`, which runs in a moment and keeps the order of the rest.
      if (waiting_.empty() || expired(waiting_.front())) return;
      if (!slot->connection || slot->connection->busy() || !slot->connection->connected()) continue;
      Waiting next = std::move(waiting_.front());
      waiting_.pop_front();
      // Raw `this`: a detached pool has destroyed the connection, which then answers nothing.
      slot->connection->run(std::move(next.calls), next.tenants, next.deadline,
                            [this, done = std::move(next.done)](Result<std::vector<RowsPtr>> result) {
                              const auto keep = shared_from_this();
                              done(std::move(result));
                              if (!closed_) dispatch();
                            });
    }
  }

  /// One timer for the whole queue, set to the earliest deadline in it.
  void watch_expiry(MonoTime deadline) {
    if (waiting_.empty() || (expiry_.active() && expiry_at_ <= deadline)) return;
    expiry_at_ = deadline;
    const auto left = std::chrono::ceil<Millis>(deadline - kLeastRun - loop_.now());
    expiry_.start(std::max(left, Millis(0)), [this] { expire(); });
  }

  void expire() {
    const auto keep = shared_from_this();
    std::vector<Waiting> over;
    MonoTime earliest = MonoTime::max();
    std::deque<Waiting> left;
    for (Waiting& one : waiting_) {
      if (expired(one)) {
        over.push_back(std::move(one));
      } else {
        earliest = std::min(earliest, one.deadline);
        left.push_back(std::move(one));
      }
    }
    waiting_.swap(left);
    watch_expiry(earliest);
    const Error away{ErrorKind::kUnavailable, "postgres_unavailable", "Postgres can't be reached"};
    const Error slow{ErrorKind::kTimeout, "timeout", "no database connection became free in time"};
    const Error error = healthy() ? slow : away;
    for (Waiting& one : over) {
      if (!closed_) one.done(fail(error));
    }
    if (!closed_) dispatch();
  }

  Loop& loop_;
  Rng& rng_;
  Log log_;
  PoolOptions options_;
  std::vector<std::function<void(bool)>> listeners_;
  std::deque<Waiting> waiting_;
  std::vector<std::unique_ptr<Slot>> slots_;
  Timer expiry_;
  MonoTime expiry_at_{};
  int connected_ = 0;
  bool closed_ = false;
};

/// What the caller owns; PgPool itself lives on while one of its callbacks runs.
class OwnedPool final : public Pool {
 public:
  explicit OwnedPool(std::shared_ptr<PgPool> pool) : pool_(std::move(pool)) {}
  ~OwnedPool() override { pool_->detach(); }
  OwnedPool(const OwnedPool&) = delete;
  OwnedPool& operator=(const OwnedPool&) = delete;

  void run(std::vector<Call> calls, std::vector<Uuid> tenants, MonoTime deadline,
           Done<std::vector<RowsPtr>> done) override {
    pool_->run(std::move(calls), std::move(tenants), deadline, std::move(done));
  }
  [[nodiscard]] bool healthy() const override { return pool_->healthy(); }
  void on_health(std::function<void(bool)> listener) override { pool_->on_health(std::move(listener)); }

 private:
  std::shared_ptr<PgPool> pool_;
};

}  // namespace

std::unique_ptr<Pool> make_pool(Loop& loop, Rng& rng, Log log, PoolOptions options) {
  auto pool = std::make_shared<PgPool>(loop, rng, std::move(log), std::move(options));
  pool->start();
  return std::make_unique<OwnedPool>(std::move(pool));
}

}  // namespace pawl::db
