// Between the store's rows, the core's plain data and the tools' calls. Pure.
#pragma once

#include <string>
#include <vector>

#include "common/model/catalogue.h"
#include "common/store/work_store.h"
#include "worker/core/effect.h"
#include "worker/core/event.h"
#include "worker/engine/ports.h"

namespace pawl::engine {

core::Facts facts_of(const store::Claimed& claimed, plan::PlanPtr plan, const Options& options);
/// `control` is the row's JSON ("" = none); what can't be read is left at its default.
core::Control control_of(bool cancel_requested, bool pause_requested, const std::string& control);
store::Checkpoint entry_of(const store::Claimed& claimed, std::uint64_t rev, core::Checkpoint checkpoint);
tools::CallIdentity identity_of(const store::Claimed& claimed, const core::Stamp& stamp);
/// configuration/invalid_parameter (or permission/egress_blocked) with every fault in details.
Failure failure_of(const std::vector<Fault>& faults);
/// configuration/task_not_found, or internal when the store is to blame.
Failure resolution_failure(const Error& error, const std::string& task_id);

}  // namespace pawl::engine
