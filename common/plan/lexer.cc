#include "common/plan/lexer.h"

#include <charconv>
#include <cmath>
#include <optional>

namespace pawl::plan {
namespace {

bool is_space(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }
bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_word_start(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; }
bool is_word(char c) { return is_word_start(c) || is_digit(c); }
bool is_continuation_byte(char c) { return (static_cast<unsigned char>(c) & 0xC0u) == 0x80u; }

std::uint32_t count_characters(std::string_view text) {
  std::uint32_t count = 0;
  for (char c : text) count += is_continuation_byte(c) ? 0u : 1u;
  return count;
}

void append_utf8(std::string& out, std::uint32_t code) {
  auto byte = [&out](std::uint32_t value) { out.push_back(static_cast<char>(value)); };
  if (code < 0x80) {
    byte(code);
  } else if (code < 0x800) {
    byte(0xC0 | code >> 6);
    byte(0x80 | (code & 0x3F));
  } else {
    byte(0xE0 | code >> 12);
    byte(0x80 | (code >> 6 & 0x3F));
    byte(0x80 | (code & 0x3F));
  }
}

/// The character of `\uXXXX` at `digits`, or nullopt. Surrogates are refused: the text can hold the character
/// itself.
std::optional<std::uint32_t> unicode_escape(std::string_view digits) {
  if (digits.size() < 4) return std::nullopt;
  std::uint32_t code = 0;
  auto [end, error] = std::from_chars(digits.data(), digits.data() + 4, code, 16);
  if (error != std::errc() || end != digits.data() + 4) return std::nullopt;
  if (code == 0 || (code >= 0xD800 && code < 0xE000)) return std::nullopt;
  return code;
}

struct Symbol {
  std::string_view text;
  TokenKind kind;
};
// Longer symbols first.
constexpr Symbol kSymbols[] = {
    {"==", TokenKind::kEqual},        {"!=", TokenKind::kNotEqual},  {"<=", TokenKind::kLessEqual},
    {">=", TokenKind::kGreaterEqual}, {"??", TokenKind::kCoalesce},  {"<", TokenKind::kLess},
    {">", TokenKind::kGreater},       {"+", TokenKind::kPlus},       {"-", TokenKind::kMinus},
    {"*", TokenKind::kStar},          {"/", TokenKind::kSlash},      {"%", TokenKind::kPercent},
    {".", TokenKind::kDot},           {",", TokenKind::kComma},      {":", TokenKind::kColon},
    {"(", TokenKind::kLeftParen},     {")", TokenKind::kRightParen}, {"[", TokenKind::kLeftBracket},
    {"]", TokenKind::kRightBracket},  {"{", TokenKind::kLeftBrace},  {"}", TokenKind::kRightBrace},
};

std::string unexpected_character(std::string_view rest) {
  if (rest.starts_with("&&")) return "write 'and' for &&";
  if (rest.starts_with("||")) return "write 'or' for ||";
  if (rest.starts_with("!")) return "write 'not' for !";
  if (rest.starts_with("=")) return "write == to compare; there is no assignment";
  const auto byte = static_cast<unsigned char>(rest[0]);
  if (byte < 0x20 || byte >= 0x7F) return "unexpected character outside quotes";
  return std::string("unexpected '") + rest[0] + "'";
}

}  // namespace

void Lexer::skip_space() {
  while (at_ < text_.size() && is_space(text_[at_])) {
    ++at_;
    ++column_;
  }
}

Token Lexer::take(TokenKind kind, std::size_t length) {
  Token token{.kind = kind, .text = text_.substr(at_, length), .column = column_};
  at_ += length;
  column_ += count_characters(token.text);
  return token;
}

tl::expected<Token, SyntaxError> Lexer::next() {
  skip_space();
  if (at_ >= text_.size()) return take(TokenKind::kEnd, 0);
  const char c = text_[at_];
  if (is_word_start(c)) {
    std::size_t length = 1;
    while (at_ + length < text_.size() && is_word(text_[at_ + length])) ++length;
    return take(TokenKind::kName, length);
  }
  if (is_digit(c)) return number();
  if (c == '"' || c == '\'') return quoted();
  const std::string_view rest = text_.substr(at_);
  for (const Symbol& symbol : kSymbols) {
    if (rest.starts_with(symbol.text)) return take(symbol.kind, symbol.text.size());
  }
  return tl::unexpected(SyntaxError{column_, unexpected_character(rest)});
}

tl::expected<Token, SyntaxError> Lexer::number() {
  const std::string_view rest = text_.substr(at_);
  std::size_t length = 0;
  bool is_real = false;
  auto digits = [&] {
    while (length < rest.size() && is_digit(rest[length])) ++length;
  };
  digits();
  if (length + 1 < rest.size() && rest[length] == '.' && is_digit(rest[length + 1])) {
    is_real = true;
    ++length;
    digits();
  }
  if (length < rest.size() && (rest[length] == 'e' || rest[length] == 'E')) {
    std::size_t exponent = length + 1;
    if (exponent < rest.size() && (rest[exponent] == '+' || rest[exponent] == '-')) ++exponent;
    if (exponent < rest.size() && is_digit(rest[exponent])) {
      is_real = true;
      length = exponent;
      digits();
    }
  }
  if (length < rest.size() && is_word(rest[length])) {
    return tl::unexpected(
        SyntaxError{column_, "a name can't begin with a digit; write a[\"…\"] for such a key"});
  }
  Token token = take(TokenKind::kNumber, length);
  const char* const end = token.text.data() + token.text.size();
  if (is_real) {
    double real = 0;
    const auto parsed = std::from_chars(token.text.data(), end, real);
    if (parsed.ec != std::errc() || !std::isfinite(real)) {
      return tl::unexpected(SyntaxError{token.column, "the number is too large"});
    }
    token.value = real;
    return token;
  }
  std::uint64_t whole = 0;
  if (std::from_chars(token.text.data(), end, whole).ec != std::errc()) {
    return tl::unexpected(SyntaxError{token.column, "the number is too large"});
  }
  token.value = whole;
  return token;
}

tl::expected<Token, SyntaxError> Lexer::quoted() {
  const char quote = text_[at_];
  std::string decoded;
  std::size_t i = at_ + 1;
  for (; i < text_.size() && text_[i] != quote; ++i) {
    if (text_[i] != '\\' || i + 1 >= text_.size()) {
      decoded.push_back(text_[i]);
      continue;
    }
    const char escaped = text_[++i];
    switch (escaped) {
      case 'n': decoded.push_back('\n'); break;
      case 't': decoded.push_back('\t'); break;
      case 'r': decoded.push_back('\r'); break;
      case '\\':
      case '\'':
      case '"': decoded.push_back(escaped); break;
      case 'u': {
        const auto code = unicode_escape(text_.substr(i + 1));
        if (!code) return tl::unexpected(SyntaxError{column_, "bad \\u escape in quoted text"});
        append_utf8(decoded, *code);
        i += 4;
        break;
      }
      default:
        // Kept with its backslash, so that a regular expression needs no double escapes: '\d+'.
        decoded.push_back('\\');
        decoded.push_back(escaped);
    }
  }
  if (i >= text_.size()) return tl::unexpected(SyntaxError{column_, "the quoted text has no end"});
  Token token = take(TokenKind::kText, i + 1 - at_);
  token.value = json::Value(std::move(decoded));
  return token;
}

std::size_t find_expression_end(std::string_view text, std::size_t begin) {
  std::size_t depth = 0;
  for (std::size_t i = begin; i < text.size(); ++i) {
    const char c = text[i];
    if (c == '"' || c == '\'') {
      for (++i; i < text.size() && text[i] != c; ++i) {
        if (text[i] == '\\') ++i;
      }
    } else if (c == '{') {
      ++depth;
    } else if (c == '}') {
      if (depth > 0) {
        --depth;
      } else if (i + 1 < text.size() && text[i + 1] == '}') {
        return i + 2;
      }
    }
  }
  return std::string_view::npos;
}

}  // namespace pawl::plan
