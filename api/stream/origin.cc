#include "api/stream/origin.h"

#include <algorithm>

namespace pawl::api::stream {

Result<std::string> check_origin(const http::RequestHead& head, const std::vector<std::string>& allowed) {
  const auto origin = head.headers.get("origin");
  if (!origin) return std::string();
  const bool is_single = head.headers.count("origin") == 1;
  if (is_single && std::find(allowed.begin(), allowed.end(), *origin) != allowed.end())
    return std::string(*origin);
  const auto host = head.headers.get("host");
  for (const std::string_view scheme : {"https://", "http://"}) {
    const bool is_ours = is_single && host && origin->starts_with(scheme) &&
                         http::equals_ignoring_case(origin->substr(scheme.size()), *host);
    if (is_ours) return std::string();
  }
  return fail(ErrorKind::kPermission, "origin_forbidden",
              "pages of this origin may not watch; see allowed_origins");
}

}  // namespace pawl::api::stream
