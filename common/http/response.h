// One answer: status, headers, body; and its bytes on the wire.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace pawl::http {

struct Response {
  int status = 200;
  std::string content_type = "application/json";  ///< not sent when the body is empty
  std::string body = {};
  std::vector<std::pair<std::string, std::string>> headers = {};
  bool close = false;  ///< end the connection after it

  Response& header(std::string name, std::string value) {
    headers.emplace_back(std::move(name), std::move(value));
    return *this;
  }
};

std::string_view reason_phrase(int status);

/// How the body follows the head.
enum class Framing : unsigned char { kLength, kChunked, kUntilClose };

/// Status line and headers, ended by the empty line. A CR or LF in a header's value is dropped (it can't
/// split the answer).
std::string render_head(const Response& response, Framing framing, bool keep_alive, std::string_view date);

/// IMF-fixdate of `unix_seconds`: "Fri, 20 Nov 2026 10:00:00 GMT".
std::string http_date(long long unix_seconds);

}  // namespace pawl::http
