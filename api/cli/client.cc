#include "api/cli/client.h"

#include "api/cli/text.h"
#include "api/cli/values.h"
#include "common/json/parse.h"
#include "common/json/write.h"

namespace pawl::cli {
namespace {

std::string percent_encoded(std::string_view text) {
  constexpr std::string_view kPlain = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.~:";
  constexpr std::string_view kHex = "0123456789ABCDEF";
  std::string out;
  for (const char c : text) {
    if (kPlain.find(c) != std::string_view::npos) {
      out += c;
      continue;
    }
    const auto byte = static_cast<unsigned char>(c);
    out += '%';
    out += kHex[byte >> 4];
    out += kHex[byte & 15];
  }
  return out;
}

ErrorKind kind_of(int status) {
  switch (status) {
    case 401:
    case 403: return ErrorKind::kPermission;
    case 404: return ErrorKind::kNotFound;
    case 408: return ErrorKind::kTimeout;
    case 409:
    case 410:
    case 412:
    case 424: return ErrorKind::kConflict;
    case 429: return ErrorKind::kOverloaded;
    case 502:
    case 503:
    case 504: return ErrorKind::kUnavailable;
    default: return status >= 500 ? ErrorKind::kInternal : ErrorKind::kInvalid;
  }
}

std::string suggestion_of(const std::string& code, const std::string& message, int status) {
  if (message.find("no such route") != std::string::npos)
    return "is the API of the same version as this program?";
  if (code == "insufficient_scope") return "use a key with that scope; 'pawl keys create' makes one";
  if (status == 401) return "give a valid key: PAWL_API_KEY, --api-key-file, or run where .pawl/env lies";
  if (status == 404) return "look with 'pawl list' or 'pawl task list'";
  if (code == "invalid_state") return "see what it is doing: pawl get EXEC";
  if (status == 429 || status == 503) return "try again in a moment";
  if (status == 500) return "try again; 'pawl doctor' looks at each part";
  return "";
}

/// The largest document of ours: outputs of 64 MiB.
constexpr json::ParseLimits kAnswerLimits{json::kMaxDepth, 1'000'000, kMaxAnswer};

}  // namespace

Target::Target(const std::vector<std::string>& segments, std::string_view root) : text_(root) {
  for (const std::string& segment : segments) text_ += "/" + percent_encoded(segment);
}

Target& Target::query(std::string_view name, std::string_view value) {
  if (value.empty()) return *this;
  text_ += separator_ + percent_encoded(name) + "=" + percent_encoded(value);
  separator_ = '&';
  return *this;
}

Target execution_target(const std::string& exec_id, const std::vector<std::string>& below) {
  std::vector<std::string> segments = {"executions", "tasks", exec_id};
  segments.insert(segments.end(), below.begin(), below.end());
  return Target(segments);
}

Result<Answer> Client::send(const Call& call) {
  HttpRequest request;
  request.method = call.method;
  request.target = call.target.text();
  request.headers = call.headers;
  request.timeout = call.timeout;
  request.on_tick = call.on_tick;
  if (!call.body.is_null()) request.body = json::write(call.body);
  HttpAnswer raw = TRY(transport_->send(request));
  Answer answer;
  answer.status = raw.status;
  answer.headers = std::move(raw.headers);
  if (raw.body.empty()) return answer;
  const auto body = json::parse(raw.body, kAnswerLimits);
  if (!body) {
    return fail(
        kind_of(answer.status >= 400 ? answer.status : 500), "not_pawl",
        address_ + " answered HTTP " + std::to_string(answer.status) + " with something that is not JSON",
        "is this the address of Pawl's API?");
  }
  const json::Value* const data = body->find("data");
  // A session's task has a status and an error of its own: the envelope's status is a number.
  const json::Value* const status = body->find("status");
  const bool is_envelope =
      status != nullptr && status->is_number() && (data != nullptr || body->find("error") != nullptr);
  if (!is_envelope) {
    answer.data = *body;
    return answer;
  }
  if (data != nullptr) answer.data = *data;
  if (const json::Value* error = body->find("error"); error != nullptr) answer.error = *error;
  answer.message = text_at(*body, "message");
  return answer;
}

Result<Answer> Client::expect(const Call& call) {
  Answer answer = TRY(send(call));
  if (answer.status >= 200 && answer.status < 300) return answer;
  return fail(error_of(answer));
}

Error error_of(const Answer& answer) {
  Error error;
  error.kind = kind_of(answer.status);
  error.code = text_at(answer.error, "code");
  error.message = text_at(answer.error, "message");
  if (error.message.empty()) error.message = "the API answered HTTP " + std::to_string(answer.status);
  // What the server advises goes first.
  if (error.message.find("; ") == std::string::npos || answer.status == 404) {
    error.suggestion = suggestion_of(error.code, error.message, answer.status);
  }
  if (const json::Value* faults = answer.error.find("errors"); faults != nullptr && faults->is_array()) {
    for (const json::Value& fault : faults->as_array()) {
      error.faults.push_back({text_at(fault, "pointer"), text_at(fault, "code"), text_at(fault, "message")});
    }
  }
  return error;
}

Client connect_api(Context& context) {
  const Settings& settings = context.settings;
  return Client(context.world.connect(settings.url, settings.api_key), settings.url);
}

Result<Client> connect_ops(Context& context) {
  const Settings& settings = context.settings;
  if (settings.ops_url.empty()) {
    return fail(ErrorKind::kInvalid, "no_ops_url", "the address of the operations port is not known",
                "set PAWL_OPS_URL or give --ops-url (by default the API's port + 1)");
  }
  return Client(context.world.connect(settings.ops_url, settings.api_key), settings.ops_url);
}

}  // namespace pawl::cli
