// The retry object of plan-language.md §5, read over the defaults it stands on.
#pragma once

#include <string>

#include "common/json/value.h"
#include "common/plan/fault_list.h"
#include "common/plan/plan.h"

namespace pawl::plan {

/// `value` over `base`, field by field. Faults go to `faults` with pointers below `pointer`.
RetryPolicy read_retry(const json::Value& value, const RetryPolicy& base, const std::string& pointer,
                       FaultList& faults);

/// The object that reads back as `policy`.
json::Value to_json(const RetryPolicy& policy);

}  // namespace pawl::plan
