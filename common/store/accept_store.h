// What the API writes and how: tasks, accepted executions, control. Ports; PgAcceptStore and FakeStore
// implement them. Every call is bound to a tenant; a foreign id behaves exactly like an unknown one.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "common/base/bytes.h"
#include "common/base/ids.h"
#include "common/base/result.h"
#include "common/json/value.h"
#include "common/model/status.h"

namespace pawl::store {

/// One execution to be accepted. The plan document is stored once per hash.
struct NewExecution {
  Uuid tenant;
  std::string task_id = {};  ///< "" for an inline plan
  int task_version = 0;
  Sha256 plan_hash{};
  std::optional<json::Value> plan = {};  ///< given unless the caller knows that this hash is stored already
  json::Value input;
  std::string lane = "default";
  int priority = 5;
  std::optional<WallTime> run_at = {};
  std::optional<Millis> timeout = {};  ///< of the execution as a whole
  json::Value labels = {};             ///< object of strings or null
  json::Value limits = {};             ///< lowered limits or null
  std::string session_id = {};
  std::string retry_of = {};           ///< exec_id this one repeats, or ""
  std::vector<std::string> kept = {};  ///< paths of the steps it takes over from that one
  std::string traceparent = {};
  std::string created_by = {};  ///< key id, for the audit

  /// Idempotency, when the request had a key.
  std::string idempotency_key = {};
  Sha256 fingerprint{};  ///< of method, route, query and canonical body
  bool sync = false;     ///< how the answer is rendered again
};

struct Accepted {
  enum class Kind { kNew, kReplayed, kInProgress, kKeyReused } kind = Kind::kNew;
  Uuid exec_id;  ///< of the first request for a replay
  WallTime accepted_at{};
  bool ticket_now =
      true;  ///< false: run_at lies ahead, or the tenant's open tickets are at their cap; the keeper feeds it
};

class AcceptStore {
 public:
  virtual ~AcceptStore() = default;
  /// The exec_id is a UUIDv7 on database time. kInProgress only while another process' transaction with that
  /// key is open. One transaction, group-committed with all others waiting. Answers only when the outcome is
  /// known: a COMMIT in doubt is looked up by exec_id on a new connection until `deadline`. Errors:
  /// kUnavailable/unavailable or kTimeout/unavailable (nothing stored as far as is known),
  /// kOverloaded/overloaded.
  virtual void accept(NewExecution execution, MonoTime deadline, Done<Accepted> done) = 0;
};

/// Nobody notes whether a ticket was confirmed: one that was lost is overtaken by later ones, and the keeper
/// sees that.
}  // namespace pawl::store
