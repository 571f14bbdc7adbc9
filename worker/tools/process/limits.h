// Bounds of sandboxed processes, each with its reason. A step's `resources` replaces the defaults.
#pragma once

#include <cstddef>
#include <cstdint>

#include "common/base/clock.h"

namespace pawl::tools {

inline constexpr std::int64_t kDefaultMemoryBytes = std::int64_t{512} << 20;
/// The work folder is in memory; half of the step's memory at most, so that a full folder is told from a full
/// memory.
inline constexpr std::int64_t kDefaultDiskBytes = std::int64_t{256} << 20;
inline constexpr int kDefaultPids = 128;
inline constexpr double kDefaultCpu = 1.0;
inline constexpr std::uint64_t kMaxOpenFiles = 1024;
/// bwrap and the init are counted with the step's own processes.
inline constexpr int kOwnProcesses = 3;

inline constexpr std::int64_t kDefaultMaxOutput = std::int64_t{1} << 20;
inline constexpr std::int64_t kHighestMaxOutput = std::int64_t{64} << 20;
/// What the kernel takes as arguments and environment together is 2 MiB on most systems.
inline constexpr std::size_t kMaxArgumentBytes = std::size_t{1} << 20;
inline constexpr std::size_t kMaxArgument = std::size_t{128} << 10;  // MAX_ARG_STRLEN
inline constexpr std::size_t kMaxPath = 4096;
/// So much of the output of a failed command is kept in `details`.
inline constexpr std::size_t kMaxTailBytes = 2048;
/// One read of a pipe, and so one live chunk.
inline constexpr std::size_t kReadBytes = std::size_t{64} << 10;
/// When a killed tree is not gone by then, every process of its cgroup is killed one by one.
inline constexpr Millis kKillAgainAfter{100};
/// User ids that belong to nobody, one for each call that runs (root only): below the 2^31 that some tools
/// can't read, above every range that systemd and containers give out.
inline constexpr std::uint32_t kFirstSandboxUser = 1'900'000'000;
inline constexpr std::uint32_t kSandboxUsers = 65'536;

}  // namespace pawl::tools
