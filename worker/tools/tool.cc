#include "worker/tools/tool.h"

namespace pawl::tools {

std::string CallIdentity::idempotency_key() const {
  std::string key = exec_id + ":" + step;
  if (fallback > 0) key += ":" + std::to_string(fallback);
  return key;
}

std::optional<Millis> Tool::estimate(const json::Value&) const { return std::nullopt; }

std::string Tool::target(const json::Value&) const { return ""; }

}  // namespace pawl::tools
