// Result<T>: a value or an Error. TRY passes an error on to the caller.
#pragma once

#include <functional>
#include <tl/expected.hpp>
#include <type_traits>
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
[[nodiscard]] inline tl::unexpected<Error> fail(Error error) {
  return tl::unexpected<Error>(std::move(error));
}

/// What TRY yields; tl::expected<void, E> has no value() that could be called on an rvalue.
template <typename T, typename E>
T take_value(tl::expected<T, E>&& result) {
  if constexpr (!std::is_void_v<T>) return std::move(*result);
}

}  // namespace pawl

#define PAWL_CONCAT_(a, b) a##b
#define PAWL_TRY_(expression, name)                              \
  __extension__({                                                \
    auto name = (expression);                                    \
    if (!name) return ::tl::unexpected(std::move(name).error()); \
    ::pawl::take_value(std::move(name));                         \
  })
#define PAWL_TRY_NAMED_(expression, counter) PAWL_TRY_(expression, PAWL_CONCAT_(try_result_, counter))

/// The value of a Result, or return its error from the enclosing function. Also for Result<void>. May be
/// nested.
#define TRY(expression) PAWL_TRY_NAMED_(expression, __COUNTER__)
