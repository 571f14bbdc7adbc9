// Text of an expression to tokens. No allocation but for quoted text with escapes.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "common/base/result.h"
#include "common/json/value.h"
#include "common/plan/expression.h"

namespace pawl::plan {

enum class TokenKind : std::uint8_t {
  kEnd,
  kName,
  kNumber,
  kText,
  kDot,
  kComma,
  kColon,
  kLeftParen,
  kRightParen,
  kLeftBracket,
  kRightBracket,
  kLeftBrace,
  kRightBrace,
  kEqual,
  kNotEqual,
  kLess,
  kLessEqual,
  kGreater,
  kGreaterEqual,
  kPlus,
  kMinus,
  kStar,
  kSlash,
  kPercent,
  kCoalesce,
};

struct Token {
  TokenKind kind = TokenKind::kEnd;
  std::string_view text;   ///< as it stands in the source
  json::Value value = {};  ///< of kNumber and kText
  std::uint32_t column = 1;
};

class Lexer {
 public:
  /// `text` must outlive the lexer.
  Lexer(std::string_view text, std::uint32_t column) : text_(text), column_(column) {}
  /// The next token; kEnd at the end, and again after it.
  tl::expected<Token, SyntaxError> next();

 private:
  tl::expected<Token, SyntaxError> number();
  tl::expected<Token, SyntaxError> quoted();
  Token take(TokenKind kind, std::size_t length);
  void skip_space();

  std::string_view text_;
  std::size_t at_ = 0;
  std::uint32_t column_;  // of text_[at_]
};

}  // namespace pawl::plan
