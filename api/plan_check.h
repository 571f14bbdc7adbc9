// A task document against everything the API knows: the language, the lanes, the tools' parameter schemas,
// the schema of inputs. The API knows no tool by itself: workers publish their descriptors.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "common/base/error.h"
#include "common/egress/policy.h"
#include "common/json/value.h"
#include "common/plan/plan.h"

namespace pawl::api {

/// Parameter schemas by tool, refreshed from Postgres every few seconds; empty until the first worker came.
struct ToolCatalogue {
  std::map<std::string, json::Value, std::less<>> with_schemas;
  bool known = false;  ///< false: no worker has said anything yet, so nothing is warned about
};

struct CheckedTask {
  std::optional<plan::PlanPtr> plan;  ///< none when there are faults
  std::optional<Error> refused = {};  ///< set when there is no plan
  std::vector<Fault> warnings = {};   ///< as a tool nobody offers now

  [[nodiscard]] const Error& error() const { return *refused; }
  [[nodiscard]] json::Value warnings_json() const;
};

/// What a plan is checked against besides the language.
struct CheckRules {
  const std::vector<std::string>& lanes;
  const ToolCatalogue& tools;
  const egress::Policy& egress;  ///< literal targets that may never be contacted are refused at once
};

enum class IdRule : unsigned char { kRequired, kOptional };

/// Every fault at once.
CheckedTask check_task(const json::Value& document, const CheckRules& rules, IdRule id);

}  // namespace pawl::api
