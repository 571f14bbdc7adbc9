// Exit codes (operating.md §3): what became of it, for scripts.
#pragma once

#include <string_view>

#include "common/base/error.h"

namespace pawl::cli {

inline constexpr int kExitCompleted = 0;
inline constexpr int kExitFailed = 1;
inline constexpr int kExitUsage = 2;
inline constexpr int kExitCancelled = 3;
inline constexpr int kExitTimedOut = 4;
inline constexpr int kExitNotFound = 5;
inline constexpr int kExitNoPermission = 6;
inline constexpr int kExitUnreachable = 7;
inline constexpr int kExitInterrupted = 130;  ///< Ctrl-C, as shells have it

/// The exit code of a call that went wrong.
int exit_code_of(ErrorKind kind);
/// The exit code of an execution's (or session task's) final status; kExitFailed for a status that is not
/// final.
int exit_code_of_status(std::string_view status);

}  // namespace pawl::cli
