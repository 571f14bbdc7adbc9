// Evaluates compiled expressions against a Scope: no I/O, no allocation for plain paths, bounded in work and
// size. One Evaluator serves one render, so that all expressions of a template share one budget.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "common/plan/expression.h"
#include "common/plan/limits.h"

namespace pawl::plan {

/// Why an evaluation gave no value. `code` is missing_binding, expression_error, expression_limit or a
/// secret's own.
struct Problem {
  std::string code;
  std::string message;
  std::uint32_t column = 1;
};

class Evaluator {
 public:
  explicit Evaluator(const Scope& scope) : scope_(scope) {}

  /// The value, or nullopt: then problem() tells why.
  std::optional<json::Value> evaluate(const Expression& expression);
  [[nodiscard]] Problem problem() const;

  /// Counts `bytes` of text or list against the budget; false when it is used up.
  bool spend_bytes(std::size_t bytes);
  /// Sets the problem; always nullopt, so that `return fail_at(…)` reads well.
  std::nullopt_t error_at(const Node& node, std::string message);
  std::nullopt_t limit_at(const Node& node);

  [[nodiscard]] const Scope& scope() const { return scope_; }
  [[nodiscard]] const re2::RE2* pattern(const Node& node) const {
    return node.data == UINT32_MAX ? nullptr : expression_->patterns[node.data].get();
  }

 private:
  using Maybe = std::optional<json::Value>;
  enum class State : std::uint8_t { kFine, kMissing, kFailed };

  Maybe visit(std::uint32_t index);
  Maybe reference(const Node& node);
  Maybe secret(const Node& node);
  Maybe member(const Node& node);
  Maybe element(const Node& node);
  Maybe list(const Node& node);
  Maybe object(const Node& node);
  Maybe call_function(const Node& node);
  Maybe logic(const Node& node);
  Maybe coalesce(const Node& node);
  Maybe compare(const Node& node);
  Maybe arithmetic(const Node& node);
  Maybe negate(const Node& node);
  std::optional<bool> condition(std::uint32_t index);
  std::nullopt_t missing_at(const Node& node);
  [[nodiscard]] std::string describe(const Node& node) const;

  const Scope& scope_;
  const Expression* expression_ = nullptr;
  std::int64_t budget_ = kMaxEvaluationWork;
  State state_ = State::kFine;
  const Node* missing_ = nullptr;  // kMissing: its words are made only when somebody asks
  Problem problem_;                // kFailed
};

/// A value as it stands inside text: text as it is, all else as compact JSON.
std::string to_text(const json::Value& value);

/// The approximate size of `value` in bytes, at most a little over `limit`; more than `limit` too when it is
/// nested deeper than kMaxValueDepth.
std::size_t measure(const json::Value& value, std::size_t limit);

/// a + b, a - b, a * b, a / b, a % b. Integers are exact within int64. Errors: what is wrong, for people.
tl::expected<json::Value, std::string> calculate(Op op, const json::Value& a, const json::Value& b);
/// Less than 0, 0 or more than 0; nullopt when the two can't be ordered (only numbers, or text by code unit,
/// can).
std::optional<int> order(const json::Value& a, const json::Value& b);

/// Calls `node.function`. Errors: set in `evaluator`.
std::optional<json::Value> call(Evaluator& evaluator, const Node& node, const json::Array& arguments);
/// Is `part` in `whole` (a list's element, an object's key, a part of a text)? nullopt when the types don't
/// fit.
std::optional<bool> is_in(Evaluator& evaluator, const json::Value& part, const json::Value& whole);

}  // namespace pawl::plan
