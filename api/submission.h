// What a run request asks for, checked against the plan it wants to run: one way in for sync, async, inline
// and batch.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "api/services.h"
#include "api/task_cache.h"
#include "common/http/request.h"
#include "common/json/value.h"
#include "common/store/accept_store.h"

namespace pawl::api {

enum class RunKind : unsigned char { kSync, kAsync, kBatchItem };

/// A checked request: ready for the store.
struct Submission {
  store::NewExecution execution;
  Millis sync_wait{0};  ///< kSync: how long the client waits
};

/// Reads {"with","timeout","priority","lane","run_at","labels","limits"} (batch items also "idempotency_key")
/// and checks them and the input against `task`. `pointer` is in front of every fault. Errors: kInvalid with
/// all faults.
Result<Submission> read_submission(const json::Value& body, const CachedTask& task, const Services& services,
                                   RunKind kind, const std::string& pointer);

/// The request's Idempotency-Key (or its alias), "" without one. Errors: kInvalid/idempotency_key_invalid.
Result<std::string> idempotency_key_of(const http::Headers& headers);
/// The same rules for a key given in a body.
Result<std::string> checked_idempotency_key(std::string_view text);

/// What makes two requests the same: method, route, query and canonical body.
Sha256 fingerprint_of(std::string_view method, std::string_view route, std::string_view query,
                      const json::Value& body);

}  // namespace pawl::api
