// What is said on pawl.control when a shared breaker moved: {"breaker":{"tenant","tool","target","state",
// "generation","openings","remaining_ms"?,"holder"?}}. It only hurries; the row is what counts.
#pragma once

#include <optional>

#include "common/json/value.h"
#include "common/store/breaker_store.h"

namespace pawl::store {

json::Value breaker_message(const BreakerRow& row);
/// Nothing when the message is not one of these or is malformed. Reads no more than it needs.
std::optional<BreakerRow> parse_breaker_message(const json::Value& message);

}  // namespace pawl::store
