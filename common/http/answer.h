// The answers of http-api.md §1: the envelope, its problem+json twin, and the one table from codes to
// statuses.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "common/base/error.h"
#include "common/http/request.h"
#include "common/http/response.h"
#include "common/json/value.h"

namespace pawl::http {

/// {"status","message","data"}.
Response success(int status, std::string_view message, json::Value data);

/// The status of a contract code; of an unknown code the kind's own (kInvalid 422, kNotFound 404, kConflict
/// 409, kUnavailable and kOverloaded 503, kTimeout 503, kPermission 403, anything else 500).
int status_of(std::string_view code, ErrorKind kind);

/// How the client wants its errors: the envelope, or RFC 9457 when Accept names application/problem+json.
enum class ErrorStyle : unsigned char { kEnvelope, kProblem };
ErrorStyle error_style(const RequestHead& head);

/// An error answer. `retry_after_s` > 0 adds Retry-After (503 and 429 always have one, 1 by default).
/// kInternal errors never show their own message.
Response failure(const Error& error, ErrorStyle style, json::Value details = {}, int retry_after_s = 0);
/// The same with `data` beside the error (http-api.md §1: 408 and 424 carry exec_id and status).
Response failure_with_data(const Error& error, ErrorStyle style, json::Value details, json::Value data);

}  // namespace pawl::http
