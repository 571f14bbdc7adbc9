// The parameters of the http tool, read and checked. Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "common/base/error.h"
#include "common/egress/policy.h"
#include "common/json/value.h"

namespace pawl::tools {

enum class BodyParsing : std::uint8_t { kAuto, kJson, kText, kBase64 };

struct HttpRequest {
  std::string method = "GET";
  egress::Url url;
  std::vector<std::pair<std::string, std::string>> headers;
  std::optional<std::string> authorization;
  std::optional<std::string> body;
  std::string body_type;  ///< Content-Type when the headers have none
  std::vector<int> accept_status;
  BodyParsing parse = BodyParsing::kAuto;
  std::int64_t max_bytes = 0;
  int follow = 0;
};

/// Reads `with`; `faults` gets every fault, as policy_denied for a URL that may not be contacted. What still
/// holds an expression is left out. The request is complete only when all is rendered and `faults` stayed
/// empty.
HttpRequest read_http_request(const json::Value& with, const egress::Policy& policy,
                              std::vector<Fault>& faults);

}  // namespace pawl::tools
