#include "common/store/presence.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "common/db/params.h"
#include "common/store/limits.h"

namespace pawl::store {
namespace {

// A session's lock: it outlives the transaction that took it. The old connection of a process may hold it for
// a moment more.
const db::Statement kTake{"presence_take", "SELECT pg_try_advisory_lock(pawl_presence_key($1))"};

}  // namespace

Presence::Presence(Loop& loop, Rng& rng, Log log, db::ConnectionOptions connection, std::string worker_id)
    : loop_(loop),
      rng_(rng),
      log_(std::move(log)),
      options_(std::move(connection)),
      worker_id_(std::move(worker_id)),
      delays_(loop) {
  options_.application_name = "pawl-presence";
  connect();
}

Presence::~Presence() = default;

void Presence::connect() {
  connecting_ = db::connect(
      loop_, options_,
      [this, alive = std::weak_ptr(alive_)](const Error& why) {
        if (alive.expired()) return;
        if (held_) log_.warn("presence lost", {error_field(why)});
        held_ = false;
        again();
      },
      [this, alive = std::weak_ptr(alive_)](Result<std::unique_ptr<db::Connection>> made) {
        if (alive.expired()) return;
        if (!made) return again();
        connection_ = std::move(*made);
        take();
      });
}

void Presence::take() {
  std::vector<db::Call> calls;
  calls.push_back({&kTake, {db::text_param(worker_id_)}});
  connection_->run(std::move(calls), {}, loop_.now() + kCheckpointAttempt,
                   [this, alive = std::weak_ptr(alive_)](const Result<std::vector<db::RowsPtr>>& rows) {
                     if (alive.expired()) return;
                     if (!rows) return;  // the connection goes with such an error, and comes again
                     held_ = rows->front()->boolean(0, 0);
                     if (held_) {
                       failures_ = 0;
                       return;
                     }
                     delays_.run(kPresenceRetry, [this] {
                       if (connection_ && connection_->connected() && !connection_->busy() && !held_) take();
                     });
                   });
}

void Presence::again() {
  const auto most =
      std::min<Millis::rep>(kLookUpMax.count(), kPresenceRetry.count() << std::min(failures_, 5));
  const Millis pause(
      failures_ == 0 ? 0 : static_cast<Millis::rep>(rng_.below(static_cast<std::uint64_t>(most) + 1)));
  ++failures_;
  delays_.run(pause, [this] {
    connection_.reset();
    connecting_.reset();
    connect();
  });
}

}  // namespace pawl::store
