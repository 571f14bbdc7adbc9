// What the worker and pawl-sandbox-init say to each other: a job in a memory file before, a report in a pipe
// after. Plain data of one machine and one build; no stable format.
#pragma once

#include <cstdint>

namespace pawl::tools::init {

/// Descriptors that the init is started with, after 0–2.
inline constexpr int kJobFd = 3;
inline constexpr int kReportFd = 4;
inline constexpr int kFirstOtherFd = 5;

/// How long processes that the command left behind may go on after it ended.
inline constexpr int kLeftoverGraceMs = 200;

/// Where no cgroup counts memory and processes, the init looks this often.
inline constexpr int kLookEachMs = 20;

enum Flags : std::uint32_t {
  kOwnPidNamespace = 1,  ///< it is pid 1: kill(-1) means the sandbox
  kUseLandlock = 2,
};

/// Followed by `filter_bytes` of BPF, then NUL-terminated strings: cwd, writable root, argc arguments, envc
/// variables.
struct Job {
  std::uint32_t flags = 0;
  std::uint32_t argc = 0;
  std::uint32_t envc = 0;
  std::uint32_t filter_bytes = 0;
  std::uint64_t max_processes = 0;
  std::uint64_t max_memory = 0;  ///< 0: a cgroup counts memory
  std::uint64_t max_open_files = 0;
  std::uint64_t max_file_bytes = 0;  ///< 0: the work folder itself is bounded
};

enum class Outcome : std::uint32_t { kExited = 1, kNotExecutable, kBadFolder, kSetupFailed, kKilled };

struct Report {
  Outcome outcome = Outcome::kSetupFailed;
  std::int32_t status = 0;        ///< of wait(2); errno for what is no exit
  std::uint32_t left_behind = 0;  ///< processes still ran after the grace and were killed
  std::uint32_t is_full = 0;      ///< no space was left in the work folder
  std::uint32_t is_crowded = 0;   ///< as many processes as allowed were there
  std::uint32_t is_out_of_memory = 0;
  std::int64_t cpu_us = 0;
  std::int64_t max_rss_bytes = 0;
};

}  // namespace pawl::tools::init
