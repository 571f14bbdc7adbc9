// The keeper's statements. Tickets come back as tickets_sql.h reads them.
#pragma once

#include "common/db/connection.h"

namespace pawl::store {

/// Notes who is present, and who died. ($1 lease in ms)
extern const db::Statement kKeeperDeaths;
/// Frees what the dead held; ends crash loops. Tickets, then one flag more: quarantined. ($1 limit, $2
/// crashes, $3 failure, $4 terminal event's body)
extern const db::Statement kKeeperOrphans;
extern const db::Statement kKeeperSwept;
/// Timers that are due, and tickets published in vain. ($1 limit)
extern const db::Statement kKeeperDue;
/// Pauses that ran out: tenant, exec_id, on_timeout. ($1 limit)
extern const db::Statement kKeeperPauses;
/// Tickets that were overtaken, within the $2 rows after $1; then a row with the last id looked at, if rows
/// are left.
/// ($3 limit, $4 ms)
extern const db::Statement kKeeperOvertaken;
/// Tickets of lanes whose queues are empty. ($1 lanes, $2 limit)
extern const db::Statement kKeeperEmptyLanes;

}  // namespace pawl::store
