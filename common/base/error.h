// The one error type. Its kind answers "what should the caller do?"; its code is stable and part of the HTTP
// contract.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace pawl {

/// What the caller should do about it. HTTP status, retryability and settlement are tables over these.
enum class ErrorKind : std::uint8_t {
  kInvalid,      ///< change the request
  kNotFound,     ///< it is not there (or not yours)
  kConflict,     ///< the state does not allow it now
  kUnavailable,  ///< a dependency is away; try again later
  kOverloaded,   ///< we are full; try again later, slower
  kTimeout,      ///< the deadline passed; the outcome may be unknown
  kPermission,   ///< not allowed
  kCancelled,    ///< somebody asked for it to stop
  kInternal,     ///< a bug, or something only an operator can mend
};

std::string_view to_string(ErrorKind kind);

/// One fault of an input, found at `pointer` (an RFC 6901 JSON pointer, "" is the whole document).
struct Fault {
  std::string pointer;
  std::string code;
  std::string message;
};

struct Error {
  ErrorKind kind = ErrorKind::kInternal;
  std::string code;             ///< stable, snake_case
  std::string message;          ///< for people; no internals, no secrets
  std::string suggestion = {};  ///< what to do next; may be empty
  std::vector<Fault> faults = {};
};

}  // namespace pawl
