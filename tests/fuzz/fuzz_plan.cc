// Plans: no document ends the process; one that is accepted can be described, estimated, counted, and is
// accepted again from its own source with the same hash; one that is refused says where and why.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "common/base/assert.h"
#include "common/json/parse.h"
#include "common/json/write.h"
#include "common/plan/parse.h"
#include "common/plan/policy.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto document = pawl::json::parse(std::string_view(reinterpret_cast<const char*>(data), size));
  if (!document) return 0;
  const auto plan = pawl::plan::parse(*document, {.id_required = false});
  if (!plan) {
    PAWL_ASSERT(!plan.error().code.empty(), "a refusal has a code");
    PAWL_ASSERT(plan.error().code == "payload_too_large" || !plan.error().faults.empty(),
                "a refusal says where");
    return 0;
  }
  PAWL_ASSERT(pawl::plan::count_steps(**plan) >= 1, "a plan has steps");
  (void)pawl::json::write(pawl::plan::describe_policy(**plan));
  (void)pawl::plan::static_estimate(**plan);
  if ((*plan)->input_check) (void)(*plan)->input_check->validate(*document, "/with");
  const auto again = pawl::plan::parse((*plan)->source, {.id_required = false});
  PAWL_ASSERT(again && (*again)->hash == (*plan)->hash, "the source of a plan is that plan");
  return 0;
}
