// Rewrites a JSON Schema into one that is safe to hand to valijson: references are put in place, patterns and
// uniqueItems taken out (they become Rules, checked by us), everything dangerous refused. Inside the plan
// layer only.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "common/base/error.h"
#include "common/json/value.h"

namespace re2 {
class RE2;
}

namespace pawl::plan {

/// What was taken out, in the shape of the schema around it. No rule: a null pointer.
struct Rules {
  std::shared_ptr<const re2::RE2> pattern;
  bool unique_items = false;
  std::map<std::string, std::shared_ptr<const Rules>, std::less<>> properties;
  std::shared_ptr<const Rules> other_properties;    ///< additionalProperties
  std::vector<std::shared_ptr<const Rules>> items;  ///< by position
  std::shared_ptr<const Rules> other_items;         ///< items as one schema, or additionalItems
  std::vector<std::shared_ptr<const Rules>> all_of;
};
using RulesPtr = std::shared_ptr<const Rules>;

struct GuardedSchema {
  json::Value schema;  ///< for valijson
  RulesPtr rules;
  std::int64_t cost = 0;  ///< subschemas after every $ref is expanded
};

/// All faults go to `faults`; the result is of use only when there are none.
GuardedSchema guard_schema(const json::Value& schema, std::vector<Fault>& faults);

/// Checks `value` against `rules`; faults with `pointer` in front.
void check_rules(const Rules& rules, const json::Value& value, const std::string& pointer,
                 std::vector<Fault>& faults);

}  // namespace pawl::plan
