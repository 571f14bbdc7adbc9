// Reading what was committed of an execution: ledger rows and step results. Used by the worker's load and the
// API's reads.
#pragma once

#include <vector>

#include "common/base/result.h"
#include "common/db/connection.h"
#include "common/model/event.h"
#include "common/model/step_record.h"

namespace pawl::store {

/// `events` rows: first_seq, at, epoch, body, in order. ($1 exec_id, $2 tenant, $3 after_seq, $4 limit of
/// rows)
extern const db::Statement kLedgerRows;
/// `steps` rows without outputs kept beside. ($1 exec_id, $2 tenant)
extern const db::Statement kStepRows;
extern const db::Statement kStepRow;  ///< + $3 path
/// Chunks in order: path, chunk. ($1 exec_id, $2 tenant)
extern const db::Statement kBlobRows;
extern const db::Statement kBlobOf;  ///< + $3 path

Result<std::vector<Event>> read_ledger(const Uuid& exec_id, const db::Rows& rows);
/// Outputs kept beside become {"$stored_bytes": n} unless `blobs` has them.
Result<std::vector<StepRecord>> read_steps(const db::Rows& rows, const db::Rows* blobs);

}  // namespace pawl::store
