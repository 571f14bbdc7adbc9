// Percent-decoding and query strings. Strict: what is malformed is refused, never guessed.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "common/base/result.h"

namespace pawl::http {

/// Decodes %XX; with `plus_is_space` also '+'. Errors: nullopt for a broken escape, bytes that are no UTF-8,
/// or NUL.
std::optional<std::string> percent_decode(std::string_view text, bool plus_is_space = false);
/// Encodes everything but unreserved characters (RFC 3986 §2.3).
std::string percent_encode(std::string_view text);

class Query {
 public:
  /// Errors: kInvalid/bad_request for a broken escape or a parameter given twice.
  static Result<Query> parse(std::string_view query);
  [[nodiscard]] std::optional<std::string_view> get(std::string_view name) const;
  [[nodiscard]] const std::vector<std::pair<std::string, std::string>>& all() const { return items_; }

 private:
  std::vector<std::pair<std::string, std::string>> items_;
};

}  // namespace pawl::http
