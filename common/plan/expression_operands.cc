// Operands of expressions: literals, names, steps.<id>.<field>, exec and task, secret("…"), calls, lists and
// objects.
#include <re2/re2.h>

#include <algorithm>
#include <array>

#include "common/plan/expression_parser.h"
#include "common/plan/limits.h"

namespace pawl::plan {
namespace {

constexpr std::array kFunctions = {
    FunctionInfo{"len", Function::kLen, 1},
    FunctionInfo{"keys", Function::kKeys, 1},
    FunctionInfo{"values", Function::kValues, 1},
    FunctionInfo{"lower", Function::kLower, 1},
    FunctionInfo{"upper", Function::kUpper, 1},
    FunctionInfo{"contains", Function::kContains, 2},
    FunctionInfo{"starts_with", Function::kStartsWith, 2},
    FunctionInfo{"matches", Function::kMatches, 2},
    FunctionInfo{"join", Function::kJoin, 2},
    FunctionInfo{"split", Function::kSplit, 2},
    FunctionInfo{"json", Function::kJson, 1},
    FunctionInfo{"parse_json", Function::kParseJson, 1},
    FunctionInfo{"base64", Function::kBase64, 1},
    FunctionInfo{"now", Function::kNow, 0},
    FunctionInfo{"duration", Function::kDuration, 1},
};

}  // namespace

tl::expected<std::uint32_t, SyntaxError> ExpressionParser::primary() {
  const std::uint32_t column = token_.column;
  switch (token_.kind) {
    case TokenKind::kNumber:
    case TokenKind::kText: {
      json::Value value = token_.value;
      TRY(advance());
      return literal(std::move(value), column);
    }
    case TokenKind::kLeftParen: {
      TRY(advance());
      const std::uint32_t inner = TRY(or_expression());
      TRY(expect(TokenKind::kRightParen, "')'"));
      return inner;
    }
    case TokenKind::kLeftBracket: return list_literal();
    case TokenKind::kLeftBrace: return object_literal();
    case TokenKind::kName: return word();
    default: return unexpected_token();
  }
}

tl::expected<std::uint32_t, SyntaxError> ExpressionParser::word() {
  const std::uint32_t column = token_.column;
  const std::string_view text = token_.text;
  if (text == "and" || text == "or" || text == "not" || text == "in") {
    return error("unexpected '" + std::string(text) + "'");
  }
  TRY(advance());
  if (text == "true") return literal(true, column);
  if (text == "false") return literal(false, column);
  if (text == "null") return literal(nullptr, column);
  if (token_.kind == TokenKind::kLeftParen) {
    if (text == "secret") return secret_reference(column);
    if (const FunctionInfo* info = find_function(text)) return call(*info, column);
    return tl::unexpected(SyntaxError{column, "there is no function '" + std::string(text) + "'"});
  }
  if (text == "steps") return step_reference(column);
  if (text == "exec" || text == "task") return meta_reference(text, column);
  out_.references.push_back({.kind = Reference::Kind::kName, .name = std::string(text), .pointer = {}});
  return add({.op = Op::kName, .data = keep(text), .column = column});
}

/// `.name` or `["name"]`.
tl::expected<std::string, SyntaxError> ExpressionParser::key(const char* what) {
  std::string name;
  if (token_.kind == TokenKind::kDot) {
    TRY(advance());
    if (token_.kind != TokenKind::kName) return error(std::string("expected ") + what + " after '.'");
    name = token_.text;
    TRY(advance());
    return name;
  }
  if (token_.kind != TokenKind::kLeftBracket) return error(std::string("expected '.' and ") + what);
  TRY(advance());
  if (token_.kind != TokenKind::kText) return error(std::string("expected ") + what + " in quotes");
  name = token_.value.as_string();
  TRY(advance());
  TRY(expect(TokenKind::kRightBracket, "']'"));
  return name;
}

tl::expected<std::uint32_t, SyntaxError> ExpressionParser::step_reference(std::uint32_t column) {
  auto id = key("the id of a step");
  if (!id) return tl::unexpected(std::move(id).error());
  if (token_.kind == TokenKind::kMinus) {
    return error("write steps[\"" + *id +
                 "-…\"].output for an id with other characters than letters, digits and _");
  }
  const std::uint32_t field_column = token_.column;
  auto field = key("output, status or error");
  if (!field) return tl::unexpected(std::move(field).error());
  if (*field != "output" && *field != "status" && *field != "error") {
    return tl::unexpected(
        SyntaxError{field_column, "a step has output, status and error, no '" + *field + "'"});
  }
  out_.references.push_back(
      {.kind = Reference::Kind::kStep, .name = *id, .pointer = {}, .guarded = false, .field = *field});
  const std::uint32_t data = keep(*id);
  keep(*field);
  return add({.op = Op::kStep, .data = data, .column = column});
}

tl::expected<std::uint32_t, SyntaxError> ExpressionParser::meta_reference(std::string_view root,
                                                                          std::uint32_t column) {
  auto field = key(root == "exec" ? "id or attempt" : "id");
  if (!field) return tl::unexpected(std::move(field).error());
  std::string name = std::string(root) + "." + *field;
  out_.references.push_back({.kind = Reference::Kind::kMeta, .name = name, .pointer = {}});
  return add({.op = Op::kMeta, .data = keep(name), .column = column});
}

tl::expected<std::uint32_t, SyntaxError> ExpressionParser::secret_reference(std::uint32_t column) {
  TRY(expect(TokenKind::kLeftParen, "'('"));
  if (token_.kind != TokenKind::kText) return error("secret needs its name in quotes");
  std::string name = token_.value.as_string();
  TRY(advance());
  TRY(expect(TokenKind::kRightParen, "')'"));
  out_.references.push_back({.kind = Reference::Kind::kSecret, .name = name, .pointer = {}});
  return add({.op = Op::kSecret, .data = keep(name), .column = column});
}

tl::expected<std::uint32_t, SyntaxError> ExpressionParser::call(const FunctionInfo& info,
                                                                std::uint32_t column) {
  TRY(expect(TokenKind::kLeftParen, "'('"));
  std::vector<std::uint32_t> arguments;
  while (token_.kind != TokenKind::kRightParen) {
    if (!arguments.empty()) {
      TRY(expect(TokenKind::kComma, "',' or ')'"));
    }
    const std::uint32_t argument = TRY(or_expression());
    arguments.push_back(argument);
  }
  TRY(advance());
  if (arguments.size() != info.arity) {
    return tl::unexpected(SyntaxError{column, std::string(info.name) + " takes " +
                                                  std::to_string(info.arity) +
                                                  (info.arity == 1 ? " argument, " : " arguments, ") +
                                                  "not " + std::to_string(arguments.size())});
  }
  const std::uint32_t first = keep_arguments(arguments);
  const std::uint32_t node = TRY(add({.op = Op::kCall,
                                      .function = info.function,
                                      .count = info.arity,
                                      .a = first,
                                      .data = UINT32_MAX,
                                      .column = column}));
  return info.function == Function::kMatches ? attach_pattern(node) : node;
}

/// A literal pattern is compiled once, and a bad one is found when the plan is stored.
tl::expected<std::uint32_t, SyntaxError> ExpressionParser::attach_pattern(std::uint32_t node) {
  const Node& pattern = out_.nodes[out_.arguments[out_.nodes[node].a + 1]];
  if (pattern.op != Op::kLiteral || !out_.literals[pattern.data].is_string()) return node;
  RE2::Options options(RE2::Quiet);
  options.set_max_mem(kRegexMemory);
  auto compiled = std::make_shared<const RE2>(out_.literals[pattern.data].as_string(), options);
  if (!compiled->ok())
    return tl::unexpected(SyntaxError{pattern.column, "bad pattern: " + compiled->error()});
  out_.nodes[node].data = static_cast<std::uint32_t>(out_.patterns.size());
  out_.patterns.push_back(std::move(compiled));
  return node;
}

tl::expected<std::uint32_t, SyntaxError> ExpressionParser::list_literal() {
  const std::uint32_t column = token_.column;
  TRY(advance());
  std::vector<std::uint32_t> items;
  while (token_.kind != TokenKind::kRightBracket) {
    if (!items.empty()) {
      TRY(expect(TokenKind::kComma, "',' or ']'"));
    }
    const std::uint32_t item = TRY(or_expression());
    items.push_back(item);
  }
  TRY(advance());
  const std::uint32_t first = keep_arguments(items);
  return add(
      {.op = Op::kList, .count = static_cast<std::uint32_t>(items.size()), .a = first, .column = column});
}

tl::expected<std::uint32_t, SyntaxError> ExpressionParser::object_literal() {
  const std::uint32_t column = token_.column;
  TRY(advance());
  std::vector<std::uint32_t> members;
  while (token_.kind != TokenKind::kRightBrace) {
    if (!members.empty()) {
      TRY(expect(TokenKind::kComma, "',' or '}'"));
    }
    if (token_.kind != TokenKind::kText) return error("expected a key in quotes");
    const std::uint32_t name = TRY(literal(token_.value, token_.column));
    TRY(advance());
    TRY(expect(TokenKind::kColon, "':'"));
    const std::uint32_t value = TRY(or_expression());
    members.push_back(name);
    members.push_back(value);
  }
  TRY(advance());
  const std::uint32_t first = keep_arguments(members);
  return add(
      {.op = Op::kObject, .count = static_cast<std::uint32_t>(members.size()), .a = first, .column = column});
}

const FunctionInfo* find_function(std::string_view name) {
  const auto found =
      std::find_if(kFunctions.begin(), kFunctions.end(), [&](const auto& f) { return f.name == name; });
  return found == kFunctions.end() ? nullptr : &*found;
}

std::string_view function_name(Function function) {
  return kFunctions[static_cast<std::size_t>(function)].name;
}

}  // namespace pawl::plan
