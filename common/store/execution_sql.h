// The columns of an execution as the API shows it, and how a row of them is read. `x` is executions, `l` its
// live row if any.
#pragma once

#include "common/db/connection.h"
#include "common/store/read_store.h"

namespace pawl::store {

#define PAWL_EXECUTION_COLUMNS                                                                            \
  "x.exec_id, x.tenant_id, x.task_id, x.task_version, x.plan_hash, coalesce(x.final_status, l.status), "  \
  "l.phase, "                                                                                             \
  "coalesce(l.cancelling, false), coalesce(l.pausing, false), x.lane, x.priority, coalesce(l.epoch, "     \
  "x.final_epoch, 0), "                                                                                   \
  "coalesce(l.rev + l.inbox + l.epoch, x.final_rev + (1::bigint << 40)), x.failure, x.labels, x.limits, " \
  "x.session_id, "                                                                                        \
  "x.retry_of, x.created_at, coalesce(x.started_at, l.started_at), x.finished_at, CASE WHEN NOT l.ready " \
  "THEN l.wake_at END, "                                                                                  \
  "x.run_at, coalesce(x.progress, l.progress), l.waiting_for"

/// Columns that follow them in `get` only.
#define PAWL_EXECUTION_PAYLOADS ", x.input, x.output, x.output_bytes"

ExecutionRow read_execution(const db::Rows& rows, std::size_t row);

}  // namespace pawl::store
