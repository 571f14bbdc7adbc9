// Result<T>: a value or an Error. TRY passes an error on to the caller.
#pragma once

#include <functional>
#include <tl/expected.hpp>
#include <utility>

#include "common/base/error.h"

namespace pawl {

template <typename T>
using Result = tl::expected<T, Error>;

/// A completion: called exactly once, on the loop, never inside the call that was given it.
template <typename T>
using Done = std::function<void(Result<T>)>;

/// Makes a failed Result: `return fail(ErrorKind::kInvalid, "bad_request", "…");`
[[nodiscard]] inline tl::unexpected<Error> fail(ErrorKind kind, std::string code, std::string message,
                                                std::string suggestion = {}) {
  return tl::unexpected<Error>(Error{kind, std::move(code), std::move(message), std::move(suggestion), {}});
}
[[nodiscard]] inline tl::unexpected<Error> fail(Error error) { return tl::unexpected<Error>(std::move(error)); }

}  // namespace pawl

/// The value of a Result, or return its error from the enclosing function. Also for Result<void>.
#define TRY(expression)                                                    \
  __extension__({                                                          \
    auto try_result_ = (expression);                                       \
    if (!try_result_) return ::tl::unexpected(std::move(try_result_).error()); \
    std::move(try_result_).value();                                        \
  })
