#include "api/paging.h"

#include <algorithm>
#include <charconv>

#include "common/base/time_format.h"

namespace pawl::api {

Error query_fault(std::string_view name, std::string code, std::string message) {
  Error error{ErrorKind::kInvalid, "validation_failed",
              "the query parameter '" + std::string(name) + "' " + message};
  error.faults.push_back({"/query/" + std::string(name), std::move(code), std::move(message)});
  return error;
}

Result<std::optional<std::int64_t>> query_integer(const Call& call, std::string_view name, std::int64_t least,
                                                  std::int64_t most) {
  const auto text = call.query.get(name);
  if (!text) return std::nullopt;
  std::int64_t value = 0;
  const auto [end, error] = std::from_chars(text->data(), text->data() + text->size(), value);
  if (error != std::errc{} || end != text->data() + text->size() || value < least || value > most) {
    return pawl::fail(
        query_fault(name, "out_of_range",
                    "must be an integer from " + std::to_string(least) + " to " + std::to_string(most)));
  }
  return value;
}

Result<std::optional<WallTime>> query_time(const Call& call, std::string_view name) {
  const auto text = call.query.get(name);
  if (!text) return std::nullopt;
  const auto time = parse_rfc3339(*text);
  if (!time)
    return pawl::fail(query_fault(name, "invalid_time", "must be an RFC 3339 time, as 2026-12-01T00:00:00Z"));
  return time;
}

Result<void> only_queries(const Call& call, std::initializer_list<std::string_view> names,
                          std::string_view prefix) {
  for (const auto& [name, value] : call.query.all()) {
    const bool known = std::find(names.begin(), names.end(), name) != names.end();
    if (!known && (prefix.empty() || !std::string_view(name).starts_with(prefix)))
      return pawl::fail(query_fault(name, "unknown_parameter", "is not known here"));
  }
  return {};
}

Result<store::Page> page_of(const Call& call, const CursorCodec& cursors, std::string_view list, int most,
                            int by_default) {
  store::Page page;
  page.limit = static_cast<int>(TRY(query_integer(call, "limit", 1, most)).value_or(by_default));
  if (const auto cursor = call.query.get("cursor"); cursor && !cursor->empty()) {
    auto position = cursors.decode(call.principal.tenant, list, *cursor);
    if (!position)
      return pawl::fail(ErrorKind::kInvalid, "invalid_cursor",
                        "use the next_cursor of this list's last answer, unchanged");
    page.cursor = std::move(*position);
  }
  return page;
}

json::Value page_json(const Call& call, const CursorCodec& cursors, std::string_view list, json::Array items,
                      const std::string& next) {
  json::Value cursor;
  if (!next.empty()) cursor = cursors.encode(call.principal.tenant, list, next);
  return json::Object{{"items", std::move(items)}, {"next_cursor", std::move(cursor)}};
}

}  // namespace pawl::api
