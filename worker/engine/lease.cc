#include "worker/engine/lease.h"

#include <utility>

namespace pawl::engine {

Lease::Lease(Loop& loop, store::WorkStore& store, Log log, Options options,
             std::function<store::WorkerRow()> row, std::function<void()> on_lost)
    : loop_(loop),
      store_(store),
      log_(std::move(log)),
      options_(options),
      row_(std::move(row)),
      on_lost_(std::move(on_lost)),
      renew_timer_(loop),
      deadline_timer_(loop) {}

Lease::~Lease() = default;

void Lease::start(std::function<void()> on_first) {
  on_first_ = std::move(on_first);
  stopped_ = false;
  renew();
}

void Lease::stop() {
  stopped_ = true;
  renew_timer_.stop();
  deadline_timer_.stop();
}

bool Lease::is_held() const { return held_ && loop_.now() < deadline_; }

void Lease::renew() {
  if (renewing_ || stopped_) return;
  renewing_ = true;
  // The lease counts from before the request: the database's now() can only be later.
  const MonoTime sent = loop_.now();
  store::WorkerRow row = row_();
  row.again = !held_;
  store_.renew(std::move(row), options_.ttl, sent + options_.renew,
               [this, sent, alive = std::weak_ptr<bool>(alive_)](const Result<bool>& answer) {
                 if (!alive.expired()) renewed(sent, answer);
               });
}

void Lease::renewed(MonoTime sent, const Result<bool>& answer) {
  renewing_ = false;
  if (stopped_) return;
  if (!answer) {
    // Postgres is away: ask again soon; the deadline timer decides when it is too late.
    renew_timer_.start(std::min(options_.renew / 4 + Millis{1}, Millis{500}), [this] { renew(); });
    return;
  }
  if (!*answer) {
    // It lives again once the keeper has given away what it held; until then nothing can be claimed.
    renew_timer_.start(std::min(options_.renew / 4 + Millis{1}, Millis{100}), [this] { renew(); });
    return lose("the worker's row was gone: it was declared dead");
  }
  held_ = true;
  deadline_ = sent + options_.ttl;
  // A tenth of the lease is kept as distance to the takeover: stopping calls takes time.
  const auto left = std::chrono::duration_cast<Millis>(deadline_ - loop_.now()) - options_.ttl / 10;
  deadline_timer_.start(std::max(left, Millis{0}),
                        [this] { lose("the lease could not be renewed in time"); });
  renew_timer_.start(options_.renew, [this] { renew(); });
  if (on_first_) std::exchange(on_first_, {})();
}

void Lease::lose(std::string_view why) {
  if (!held_) return;
  held_ = false;
  deadline_timer_.stop();
  log_.warn("lease lost", {{"why", why}});
  on_lost_();
}

}  // namespace pawl::engine
