#include "common/plan/expression_parser.h"

#include <algorithm>

#include "common/plan/limits.h"

namespace pawl::plan {
namespace {

/// One level deeper for as long as it lives.
class Nested {
 public:
  explicit Nested(std::size_t& depth) : depth_(depth) { ++depth_; }
  ~Nested() { --depth_; }
  Nested(const Nested&) = delete;
  Nested& operator=(const Nested&) = delete;

 private:
  std::size_t& depth_;
};

bool is_comparison(TokenKind kind) { return kind >= TokenKind::kEqual && kind <= TokenKind::kGreaterEqual; }

Op comparison_op(TokenKind kind) {
  switch (kind) {
    case TokenKind::kEqual: return Op::kEqual;
    case TokenKind::kNotEqual: return Op::kNotEqual;
    case TokenKind::kLess: return Op::kLess;
    case TokenKind::kLessEqual: return Op::kLessEqual;
    case TokenKind::kGreater: return Op::kGreater;
    default: return Op::kGreaterEqual;
  }
}

constexpr const char* kTooDeep = "the expression is nested too deep";

}  // namespace

tl::expected<Expression, SyntaxError> ExpressionParser::parse() {
  TRY(advance());
  if (token_.kind == TokenKind::kEnd) return error("an expression is missing here");
  out_.root = TRY(or_expression());
  if (is_comparison(token_.kind) || at_word("in")) return error("comparisons don't chain; use 'and'");
  if (token_.kind != TokenKind::kEnd) return unexpected_token();
  return std::move(out_);
}

tl::expected<void, SyntaxError> ExpressionParser::advance() {
  token_ = TRY(lexer_.next());
  return {};
}

tl::expected<void, SyntaxError> ExpressionParser::expect(TokenKind kind, const char* what) {
  if (token_.kind != kind) return error(std::string("expected ") + what);
  return advance();
}

tl::unexpected<SyntaxError> ExpressionParser::unexpected_token() const {
  if (token_.kind == TokenKind::kEnd) return error("the expression ends too soon");
  return error("unexpected '" + std::string(token_.text) + "'");
}

tl::expected<std::uint32_t, SyntaxError> ExpressionParser::add(Node node) {
  std::size_t below = 0;
  auto look = [&](Index child) { below = std::max<std::size_t>(below, out_.nodes[child].depth); };
  switch (node.op) {
    case Op::kLiteral:
    case Op::kName:
    case Op::kStep:
    case Op::kMeta:
    case Op::kSecret: break;
    case Op::kMember:
    case Op::kNot:
    case Op::kNegate: look(node.a); break;
    case Op::kList:
    case Op::kObject:
    case Op::kCall:
      for (std::uint32_t i = 0; i < node.count; ++i) look(out_.arguments[node.a + i]);
      break;
    default: look(node.a); look(node.b);
  }
  if (below >= kMaxExpressionDepth) return error(kTooDeep);
  node.depth = static_cast<std::uint16_t>(below + 1);
  out_.nodes.push_back(node);
  return static_cast<Index>(out_.nodes.size() - 1);
}

tl::expected<std::uint32_t, SyntaxError> ExpressionParser::binary(Op op, Index a, Index b,
                                                                  std::uint32_t column) {
  return add({.op = op, .a = a, .b = b, .column = column});
}

tl::expected<std::uint32_t, SyntaxError> ExpressionParser::literal(json::Value value, std::uint32_t column) {
  out_.literals.push_back(std::move(value));
  return add(
      {.op = Op::kLiteral, .data = static_cast<std::uint32_t>(out_.literals.size() - 1), .column = column});
}

std::uint32_t ExpressionParser::keep(std::string_view text) {
  out_.names.emplace_back(text);
  return static_cast<std::uint32_t>(out_.names.size() - 1);
}

std::uint32_t ExpressionParser::keep_arguments(const std::vector<Index>& arguments) {
  const auto first = static_cast<std::uint32_t>(out_.arguments.size());
  out_.arguments.insert(out_.arguments.end(), arguments.begin(), arguments.end());
  return first;
}

tl::expected<std::uint32_t, SyntaxError> ExpressionParser::or_expression() {
  if (nesting_ >= kMaxExpressionNesting) return error(kTooDeep);
  const Nested nested(nesting_);
  std::uint32_t left = TRY(and_expression());
  while (at_word("or")) {
    const std::uint32_t column = token_.column;
    TRY(advance());
    const std::uint32_t right = TRY(and_expression());
    left = TRY(binary(Op::kOr, left, right, column));
  }
  return left;
}

tl::expected<std::uint32_t, SyntaxError> ExpressionParser::and_expression() {
  std::uint32_t left = TRY(not_expression());
  while (at_word("and")) {
    const std::uint32_t column = token_.column;
    TRY(advance());
    const std::uint32_t right = TRY(not_expression());
    left = TRY(binary(Op::kAnd, left, right, column));
  }
  return left;
}

tl::expected<std::uint32_t, SyntaxError> ExpressionParser::not_expression() {
  if (!at_word("not")) return comparison();
  if (nesting_ >= kMaxExpressionNesting) return error(kTooDeep);
  const Nested nested(nesting_);
  const std::uint32_t column = token_.column;
  TRY(advance());
  const std::uint32_t operand = TRY(not_expression());
  return add({.op = Op::kNot, .a = operand, .column = column});
}

tl::expected<std::uint32_t, SyntaxError> ExpressionParser::comparison() {
  const std::uint32_t left = TRY(coalesce());
  if (!is_comparison(token_.kind) && !at_word("in")) return left;
  const Op op = at_word("in") ? Op::kIn : comparison_op(token_.kind);
  const std::uint32_t column = token_.column;
  TRY(advance());
  const std::uint32_t right = TRY(coalesce());
  return binary(op, left, right, column);
}

tl::expected<std::uint32_t, SyntaxError> ExpressionParser::coalesce() {
  const std::size_t first_reference = out_.references.size();
  const std::uint32_t left = TRY(sum());
  if (token_.kind != TokenKind::kCoalesce) return left;
  for (std::size_t i = first_reference; i < out_.references.size(); ++i) out_.references[i].guarded = true;
  if (nesting_ >= kMaxExpressionNesting) return error(kTooDeep);
  const Nested nested(nesting_);
  const std::uint32_t column = token_.column;
  TRY(advance());
  const std::uint32_t right = TRY(coalesce());
  return binary(Op::kCoalesce, left, right, column);
}

tl::expected<std::uint32_t, SyntaxError> ExpressionParser::sum() {
  std::uint32_t left = TRY(product());
  while (token_.kind == TokenKind::kPlus || token_.kind == TokenKind::kMinus) {
    const Op op = token_.kind == TokenKind::kPlus ? Op::kAdd : Op::kSubtract;
    const std::uint32_t column = token_.column;
    TRY(advance());
    const std::uint32_t right = TRY(product());
    left = TRY(binary(op, left, right, column));
  }
  return left;
}

tl::expected<std::uint32_t, SyntaxError> ExpressionParser::product() {
  std::uint32_t left = TRY(unary());
  for (;;) {
    Op op = Op::kMultiply;
    if (token_.kind == TokenKind::kSlash)
      op = Op::kDivide;
    else if (token_.kind == TokenKind::kPercent)
      op = Op::kModulo;
    else if (token_.kind != TokenKind::kStar)
      return left;
    const std::uint32_t column = token_.column;
    TRY(advance());
    const std::uint32_t right = TRY(unary());
    left = TRY(binary(op, left, right, column));
  }
}

tl::expected<std::uint32_t, SyntaxError> ExpressionParser::unary() {
  if (token_.kind != TokenKind::kMinus) return postfix();
  if (nesting_ >= kMaxExpressionNesting) return error(kTooDeep);
  const Nested nested(nesting_);
  const std::uint32_t column = token_.column;
  TRY(advance());
  const std::uint32_t operand = TRY(unary());
  return add({.op = Op::kNegate, .a = operand, .column = column});
}

tl::expected<std::uint32_t, SyntaxError> ExpressionParser::postfix() {
  std::uint32_t value = TRY(primary());
  for (;;) {
    const std::uint32_t column = token_.column;
    if (token_.kind == TokenKind::kDot) {
      TRY(advance());
      if (token_.kind != TokenKind::kName)
        return error("expected a name after '.'; write a[\"…\"] for other keys");
      const std::uint32_t member =
          TRY(add({.op = Op::kMember, .a = value, .data = keep(token_.text), .column = column}));
      TRY(advance());
      value = member;
    } else if (token_.kind == TokenKind::kLeftBracket) {
      TRY(advance());
      const std::uint32_t index = TRY(or_expression());
      TRY(expect(TokenKind::kRightBracket, "']'"));
      value = TRY(binary(Op::kIndex, value, index, column));
    } else {
      return value;
    }
  }
}

tl::expected<Expression, SyntaxError> parse_expression_text(std::string_view text, std::uint32_t column) {
  return ExpressionParser(text, column).parse();
}

}  // namespace pawl::plan
