// The host as it is: programs, files, the kernel, TCP. Behind the port of context.h so that `doctor` is
// tested without them.
#pragma once

#include "api/cli/context.h"

namespace pawl::cli {

class SystemHost final : public Host {
 public:
  std::optional<int> run_quietly(const std::vector<std::string>& argv) override;
  [[nodiscard]] bool can_write(const std::string& path) const override;
  [[nodiscard]] int landlock_version() const override;
  Result<std::string> exchange(const std::string& host, std::uint16_t port, std::string_view bytes) override;
  Result<std::uint32_t> schema_version(const std::string& url) override;
};

}  // namespace pawl::cli
