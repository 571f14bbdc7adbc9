// How stored things look to clients: the resources of plan-language.md §6 and http-api.md §4.
#pragma once

#include <string>
#include <vector>

#include "common/json/value.h"
#include "common/model/event.h"
#include "common/model/step_record.h"
#include "common/plan/plan.h"
#include "common/store/read_store.h"

namespace pawl::api {

std::string exec_url(const Uuid& exec_id);

/// The execution resource.
json::Value execution_json(const store::ExecutionRow& row);
/// Its ETag.
std::string execution_etag(const store::ExecutionRow& row);

/// All steps in plan order: ended ones from their records, those under way from the ledger, the others as
/// pending.
json::Array steps_json(const plan::Plan& plan, const std::vector<StepRecord>& records,
                       const std::vector<Event>& events);
/// One step record.
json::Value step_json(const StepRecord& record, const plan::Step* step);

}  // namespace pawl::api
