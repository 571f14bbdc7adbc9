// Numbers in expressions: integers exact within int64 (never silently rounded or wrapped), the rest in
// doubles.
#include <cmath>

#include "common/plan/evaluator.h"

namespace pawl::plan {
namespace {

__extension__ using Wide = __int128;

constexpr const char* kOverflow = "the result does not fit a 64-bit integer";

bool is_whole(const json::Value& value) { return !value.is_double(); }
Wide widen(const json::Value& value) {
  return value.is_int() ? static_cast<Wide>(value.as_int()) : static_cast<Wide>(value.as_uint());
}
/// Exact for every 64-bit integer and every double on the machines we build for.
long double as_long_double(const json::Value& value) {
  if (value.is_int()) return static_cast<long double>(value.as_int());
  if (value.is_uint()) return static_cast<long double>(value.as_uint());
  return static_cast<long double>(value.as_double());
}

tl::expected<json::Value, std::string> narrow(Wide result) {
  if (result < INT64_MIN || result > INT64_MAX) return tl::unexpected(std::string(kOverflow));
  return json::Value(static_cast<std::int64_t>(result));
}

tl::expected<json::Value, std::string> real(double result) {
  if (!std::isfinite(result)) return tl::unexpected(std::string("the result is too large"));
  return json::Value(result);
}

}  // namespace

tl::expected<json::Value, std::string> calculate(Op op, const json::Value& a, const json::Value& b) {
  const bool are_whole = is_whole(a) && is_whole(b);
  if ((op == Op::kDivide || op == Op::kModulo) && as_long_double(b) == 0) {
    return tl::unexpected(std::string("division by zero"));
  }
  switch (op) {
    case Op::kAdd: return are_whole ? narrow(widen(a) + widen(b)) : real(a.as_double() + b.as_double());
    case Op::kSubtract: return are_whole ? narrow(widen(a) - widen(b)) : real(a.as_double() - b.as_double());
    case Op::kMultiply: {
      if (!are_whole) return real(a.as_double() * b.as_double());
      Wide product = 0;
      if (__builtin_mul_overflow(widen(a), widen(b), &product)) return tl::unexpected(std::string(kOverflow));
      return narrow(product);
    }
    case Op::kModulo:
      return are_whole ? narrow(widen(a) % widen(b)) : real(std::fmod(a.as_double(), b.as_double()));
    default: return real(a.as_double() / b.as_double());
  }
}

std::optional<int> order(const json::Value& a, const json::Value& b) {
  if (a.is_int() && b.is_int()) return a.as_int() < b.as_int() ? -1 : a.as_int() > b.as_int() ? 1 : 0;
  if (a.is_number() && b.is_number()) {
    const long double left = as_long_double(a), right = as_long_double(b);
    return left < right ? -1 : left > right ? 1 : 0;
  }
  if (a.is_string() && b.is_string()) return a.as_string().compare(b.as_string());
  return std::nullopt;
}

}  // namespace pawl::plan
