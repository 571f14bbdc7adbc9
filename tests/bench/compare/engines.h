// The two engines of a comparison as running processes over the same servers: Pawl and the null engine.
#pragma once

#include <filesystem>
#include <memory>
#include <string>

#include "api/bench/workloads.h"
#include "tests/support/postgres.h"
#include "tests/support/process.h"
#include "tests/support/rabbitmq.h"

namespace pawl::bench {

/// What both engines stand on. fsync is on.
struct Servers {
  testing::PrivatePostgres postgres{{.settings = {"max_wal_size = '4GB'"}}};
  testing::PrivateRabbit rabbit;
  std::filesystem::path logs = testing::scratch_folder("pawl-bench");
};

/// Resident memory in MB (10^6 bytes), from /proc.
double resident_mb(pid_t pid);

class NullEngine {
 public:
  NullEngine(Servers& servers, const std::filesystem::path& programs);
  [[nodiscard]] const Target& target() const { return target_; }

 private:
  Target target_;
  std::unique_ptr<testing::Process> worker_;
  std::unique_ptr<testing::Process> api_;
};

class PawlEngine {
 public:
  PawlEngine(Servers& servers, const std::filesystem::path& programs);
  [[nodiscard]] const Target& target() const { return target_; }
  /// W4: "api_ready", "worker_ready" (ms from start to /readyz), "api_idle_mb", "worker_idle_mb"; the last
  /// two were taken before any work, `memory` takes them again under the given suffix.
  [[nodiscard]] Numbers memory(const std::string& suffix) const;
  [[nodiscard]] const Numbers& start_up() const { return start_up_; }

 private:
  Target target_;
  Numbers start_up_;
  std::unique_ptr<testing::Process> worker_;
  std::unique_ptr<testing::Process> api_;
};

}  // namespace pawl::bench
