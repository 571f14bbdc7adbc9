#include "api/cli/exit_code.h"

namespace pawl::cli {

int exit_code_of(ErrorKind kind) {
  switch (kind) {
    case ErrorKind::kInvalid: return kExitUsage;
    case ErrorKind::kNotFound: return kExitNotFound;
    case ErrorKind::kPermission: return kExitNoPermission;
    case ErrorKind::kUnavailable: return kExitUnreachable;
    case ErrorKind::kTimeout: return kExitTimedOut;
    case ErrorKind::kCancelled: return kExitCancelled;
    case ErrorKind::kConflict:
    case ErrorKind::kOverloaded:
    case ErrorKind::kInternal: return kExitFailed;
  }
  return kExitFailed;
}

int exit_code_of_status(std::string_view status) {
  if (status == "completed") return kExitCompleted;
  if (status == "cancelled") return kExitCancelled;
  if (status == "timed_out") return kExitTimedOut;
  return kExitFailed;
}

}  // namespace pawl::cli
