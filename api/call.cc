#include "api/call.h"

#include "common/base/assert.h"

namespace pawl::api {

const std::string& Call::param(std::string_view name) const {
  for (const auto& [key, value] : params) {
    if (key == name) return value;
  }
  PAWL_ASSERT(false, "a handler asks only for parameters of its route");
  return params.front().second;
}

Result<Uuid> Call::exec_id() const {
  const auto id = Uuid::parse(param("exec_id"));
  if (!id) return pawl::fail(not_found("execution"));
  return *id;
}

Error not_found(std::string_view what) {
  return Error{ErrorKind::kNotFound, "not_found", "there is no such " + std::string(what)};
}

}  // namespace pawl::api
