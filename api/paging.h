// `limit` and `cursor` of every list.
#pragma once

#include <string_view>

#include "api/call.h"
#include "api/cursor.h"
#include "common/store/task_store.h"

namespace pawl::api {

/// Errors: kInvalid/validation_failed for a limit that is no integer of [1, most], kInvalid/invalid_cursor.
Result<store::Page> page_of(const Call& call, const CursorCodec& cursors, std::string_view list, int most,
                            int by_default);

/// {"items":[…],"next_cursor":string|null}.
json::Value page_json(const Call& call, const CursorCodec& cursors, std::string_view list, json::Array items,
                      const std::string& next);

/// An integer query parameter. Errors: kInvalid/validation_failed.
Result<std::optional<std::int64_t>> query_integer(const Call& call, std::string_view name, std::int64_t least,
                                                  std::int64_t most);
/// A time query parameter. Errors: kInvalid/validation_failed.
Result<std::optional<WallTime>> query_time(const Call& call, std::string_view name);
/// Errors: kInvalid/validation_failed naming the first query parameter that is in neither list (`prefix` ends
/// with a dot).
Result<void> only_queries(const Call& call, std::initializer_list<std::string_view> names,
                          std::string_view prefix = "");

/// A 422 about a query parameter.
Error query_fault(std::string_view name, std::string code, std::string message);

}  // namespace pawl::api
