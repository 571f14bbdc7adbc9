// Statements that answer tickets, and how their rows are read: exec_id, tenant, epoch, lane, priority,
// resume, traceparent.
#pragma once

#include <string>
#include <vector>

#include "common/db/connection.h"
#include "common/store/ticket.h"

namespace pawl::store {

std::vector<Ticket> read_tickets(const db::Rows& rows);
/// First tickets for rows that wait for one (fair sharing).
db::Call feed_call(const std::vector<std::string>& lanes, int limit);
/// The same in every lane.
db::Call feed_everywhere_call(int limit);

}  // namespace pawl::store
