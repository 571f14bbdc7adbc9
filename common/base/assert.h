// Always-on assertions. A bug aborts the process: a crash is safe here, every execution it held is taken
// over.
#pragma once

namespace pawl {

/// Prints `expression`, `why`, file and line to stderr and aborts. Never returns.
[[noreturn]] void assertion_failed(const char* expression, const char* why, const char* file,
                                   int line) noexcept;

}  // namespace pawl

/// Checks an invariant in every build; `why` is the sentence that says what must hold.
#define PAWL_ASSERT(expression, why)                                  \
  do {                                                                \
    if (!(expression)) [[unlikely]]                                   \
      ::pawl::assertion_failed(#expression, why, __FILE__, __LINE__); \
  } while (false)
