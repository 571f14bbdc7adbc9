// The parser of expressions: recursive descent over the grammar of plan-language.md §3. From loose to tight:
// or · and · not · comparison and `in` (not chained) · ?? (to the right) · + - · * / % · unary - · path,
// index, call. Inside the plan layer only.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

#include "common/plan/expression.h"
#include "common/plan/lexer.h"

namespace pawl::plan {

class ExpressionParser {
 public:
  ExpressionParser(std::string_view text, std::uint32_t column) : lexer_(text, column) {}
  /// The whole text as one expression. Called once.
  tl::expected<Expression, SyntaxError> parse();

 private:
  template <typename T>
  using Parsed = tl::expected<T, SyntaxError>;
  using Index = std::uint32_t;  // of a node

  // expression_parser.cc: operators, from loose to tight.
  Parsed<Index> or_expression();
  Parsed<Index> and_expression();
  Parsed<Index> not_expression();
  Parsed<Index> comparison();
  Parsed<Index> coalesce();
  Parsed<Index> sum();
  Parsed<Index> product();
  Parsed<Index> unary();
  Parsed<Index> postfix();

  // expression_operands.cc: what stands between operators.
  Parsed<Index> primary();
  Parsed<Index> word();
  Parsed<Index> step_reference(std::uint32_t column);
  Parsed<Index> meta_reference(std::string_view root, std::uint32_t column);
  Parsed<Index> secret_reference(std::uint32_t column);
  Parsed<Index> call(const FunctionInfo& info, std::uint32_t column);
  Parsed<Index> attach_pattern(Index node);
  Parsed<Index> list_literal();
  Parsed<Index> object_literal();
  Parsed<std::string> key(const char* what);

  Parsed<void> advance();
  Parsed<void> expect(TokenKind kind, const char* what);
  [[nodiscard]] bool at_word(std::string_view word) const {
    return token_.kind == TokenKind::kName && token_.text == word;
  }
  [[nodiscard]] tl::unexpected<SyntaxError> error(std::string message) const {
    return tl::unexpected(SyntaxError{token_.column, std::move(message)});
  }
  [[nodiscard]] tl::unexpected<SyntaxError> unexpected_token() const;

  Parsed<Index> add(Node node);
  Parsed<Index> binary(Op op, Index a, Index b, std::uint32_t column);
  Parsed<Index> literal(json::Value value, std::uint32_t column);
  /// Keeps `text` among the names; its index.
  std::uint32_t keep(std::string_view text);
  std::uint32_t keep_arguments(const std::vector<Index>& arguments);

  Lexer lexer_;
  Token token_;
  Expression out_;
  std::size_t nesting_ = 0;  // levels the parser is inside of
};

}  // namespace pawl::plan
