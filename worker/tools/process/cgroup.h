// Control groups of version 1 and 2: one short-lived group a call, for memory, processes, CPU, freezing and
// accounting.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "worker/tools/process/unique_fd.h"

namespace pawl::tools {

struct CgroupLimits {
  std::int64_t memory_bytes = 0;
  int pids = 0;
  double cpu = 1;
};

/// Where groups can be made on this machine. A folder is empty where its controller can't be used; of version
/// 2 all are one.
struct CgroupPlaces {
  bool is_v2 = false;
  std::string memory;
  std::string pids;
  std::string cpu;
  std::string accounting;
  std::string freezer;

  [[nodiscard]] bool any() const { return !memory.empty() || !pids.empty() || !cpu.empty(); }
  /// "memory, cpu, pids": those that are there.
  [[nodiscard]] std::string names() const;
};

/// Looks at this process's own groups and tries each controller once. Under version 2 it may move this
/// process into a leaf of its group, which is what lets controllers be handed on. Removes what dead workers
/// left behind.
CgroupPlaces find_cgroups();

/// For tests: reads `/proc/self/mountinfo` and `/proc/self/cgroup` as given. Folders are not tried.
CgroupPlaces locate_cgroups(const std::string& mountinfo, const std::string& self_cgroup);

/// One group in each place. Its members must be gone before it is destroyed; what can't be removed at once is
/// left to the next find_cgroups.
class Cgroup {
 public:
  /// Null when no place takes it.
  static std::unique_ptr<Cgroup> make(const CgroupPlaces& places, const CgroupLimits& limits);
  ~Cgroup();
  Cgroup(const Cgroup&) = delete;
  Cgroup& operator=(const Cgroup&) = delete;

  /// Descriptors to write "0" to: whoever does is in the group. Async-signal-safe to use.
  [[nodiscard]] const std::vector<UniqueFd>& entrances() const { return entrances_; }

  [[nodiscard]] bool counts_memory() const { return !memory_.empty(); }
  [[nodiscard]] bool counts_pids() const { return !pids_.empty(); }
  [[nodiscard]] bool was_out_of_memory() const;
  [[nodiscard]] bool was_out_of_pids() const;
  /// Empty where nobody counts.
  [[nodiscard]] std::optional<std::int64_t> cpu_ms() const;
  [[nodiscard]] std::optional<std::int64_t> peak_memory_bytes() const;

  /// False where there is no freezer.
  bool freeze();
  void thaw();
  /// Sends SIGKILL to every member.
  void kill_all();

 private:
  Cgroup() = default;
  std::string enter(const std::string& place, const std::string& name);

  bool is_v2_ = false;
  std::string memory_, pids_, cpu_, accounting_, freezer_;  // folders of this group
  std::vector<std::string> folders_;                        // the same, each once
  std::vector<UniqueFd> entrances_;
};

}  // namespace pawl::tools
