// What streams read: how far a ledger goes, what came after, what happened lately in a tenant; and one-use
// tickets. A port; PgStreamStore implements it.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "common/base/bytes.h"
#include "common/base/ids.h"
#include "common/base/result.h"
#include "common/model/event.h"

namespace pawl::store {

/// How far the ledger of an execution goes.
struct LedgerPosition {
  std::uint64_t last_seq = 0;
  bool is_final = false;  ///< its terminal event is among them
};

/// Where somebody stands who watches an execution.
struct LedgerTail {
  Uuid tenant;
  Uuid exec_id;
  std::uint64_t after_seq = 0;
};

/// An execution.* event with what a list shows of its execution.
struct TenantEvent {
  Event event;
  std::string task_id;
  json::Value labels;
};

class StreamStore {
 public:
  virtual ~StreamStore() = default;
  /// Errors: kNotFound/not_found for an unknown or foreign id.
  virtual void position(Uuid tenant, Uuid exec_id, MonoTime deadline, Done<LedgerPosition> done) = 0;
  /// What came after each tail, in order within an execution, at most `limit` ledger rows each.
  virtual void tails(std::vector<LedgerTail> tails, int limit, MonoTime deadline,
                     Done<std::vector<Event>> done) = 0;
  /// The execution.* events of a tenant committed since `since` (database time), oldest first, at most about
  /// `limit`. What commits late has an earlier `at` than what was read before: ask with an overlap and drop
  /// what is known.
  virtual void recent(Uuid tenant, WallTime since, int limit, MonoTime deadline,
                      Done<std::vector<TenantEvent>> done) = 0;
  /// The database's clock.
  virtual void now(MonoTime deadline, Done<WallTime> done) = 0;

  /// Keeps a ticket for the key. Errors: kOverloaded/rate_limited when it has `most` unused ones.
  virtual void make_ticket(Sha256 ticket, Uuid key_id, Millis lifetime, int most, MonoTime deadline,
                           Done<void> done) = 0;
  /// The hash of the key the ticket stands for; used up by that. Errors: kNotFound.
  virtual void use_ticket(Sha256 ticket, MonoTime deadline, Done<Sha256> done) = 0;
};

}  // namespace pawl::store
