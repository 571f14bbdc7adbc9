// The static checks over a whole plan: ids used once, every reference to a step that has certainly had its
// turn before and is in scope, every name known. Also builds the plan's graph.
#pragma once

#include "common/plan/fault_list.h"
#include "common/plan/plan.h"

namespace pawl::plan {

void check_references(const Plan& plan, FaultList& faults);
Graph build_graph(const Plan& plan);

}  // namespace pawl::plan
