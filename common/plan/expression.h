// One compiled expression of plan-language.md §3: a compact tree in three arrays, shared by all executions of
// a plan. Inside the plan layer only; the rest of the system sees Template.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "common/base/result.h"
#include "common/json/value.h"
#include "common/plan/template.h"

namespace re2 {
class RE2;
}

namespace pawl::plan {

enum class Op : std::uint8_t {
  kLiteral,  ///< literals[data]
  kName,     ///< names[data] of the scope
  kStep,     ///< steps.<names[data]>.<names[data + 1]>
  kMeta,     ///< names[data], as "exec.id"
  kSecret,   ///< names[data]
  kMember,   ///< a . names[data]
  kIndex,    ///< a [ b ]
  kList,     ///< arguments[data .. data + count)
  kObject,   ///< arguments: key literal, value, key literal, value, …
  kCall,     ///< function(arguments)
  kNot,
  kNegate,
  kAnd,
  kOr,
  kCoalesce,
  kEqual,
  kNotEqual,
  kLess,
  kLessEqual,
  kGreater,
  kGreaterEqual,
  kIn,
  kAdd,
  kSubtract,
  kMultiply,
  kDivide,
  kModulo,
};

enum class Function : std::uint8_t {
  kLen,
  kKeys,
  kValues,
  kLower,
  kUpper,
  kContains,
  kStartsWith,
  kMatches,
  kJoin,
  kSplit,
  kJson,
  kParseJson,
  kBase64,
  kNow,
  kDuration,
};

struct Node {
  Op op = Op::kLiteral;
  Function function = Function::kLen;
  std::uint16_t depth = 1;  ///< of the tree below, this node included
  std::uint32_t count = 0;  ///< of arguments
  std::uint32_t a = 0;
  std::uint32_t b = 0;
  std::uint32_t data = 0;
  std::uint32_t column = 1;  ///< where it begins, from 1, in characters of the string it stands in
};

struct Expression {
  std::vector<Node> nodes;
  std::vector<std::uint32_t> arguments;
  std::vector<json::Value> literals;
  std::vector<std::string> names;
  std::vector<std::shared_ptr<const re2::RE2>> patterns;  ///< of `matches` with a literal pattern: node.data
  std::vector<Reference> references;                      ///< pointers are left empty
  std::uint32_t root = 0;
};

/// What is wrong with the text of an expression, and where (column from 1).
struct SyntaxError {
  std::uint32_t column = 1;
  std::string message;
};

/// Parses `text` as one whole expression. `column` is where `text` begins in its string, for messages.
tl::expected<Expression, SyntaxError> parse_expression_text(std::string_view text, std::uint32_t column);

/// The offset just behind the `}}` that closes an expression whose text begins at `begin`, or npos. Braces
/// inside quoted text and of object literals don't close it.
std::size_t find_expression_end(std::string_view text, std::size_t begin);

struct FunctionInfo {
  std::string_view name;
  Function function;
  std::uint8_t arity;
};
/// The function called `name`, or nullptr.
const FunctionInfo* find_function(std::string_view name);
std::string_view function_name(Function function);

}  // namespace pawl::plan
