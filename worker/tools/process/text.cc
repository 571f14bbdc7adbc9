#include "worker/tools/process/text.h"

#include <algorithm>
#include <cstdint>

namespace pawl::tools {
namespace {

constexpr std::string_view kReplacement = "\xEF\xBF\xBD";

bool is_continuation(char c) { return (static_cast<unsigned char>(c) & 0xC0) == 0x80; }

/// Length that the first byte announces, 0 for one that can't be first.
std::size_t announced(char c) {
  const auto byte = static_cast<unsigned char>(c);
  if (byte < 0x80) return 1;
  if (byte >= 0xC2 && byte <= 0xDF) return 2;
  if (byte >= 0xE0 && byte <= 0xEF) return 3;
  if (byte >= 0xF0 && byte <= 0xF4) return 4;
  return 0;
}

/// The length of the character at the front, 0 when there is none (RFC 3629: no overlong forms, no
/// surrogates).
std::size_t character(std::string_view text) {
  const std::size_t length = announced(text[0]);
  if (length == 0 || length > text.size()) return 0;
  for (std::size_t i = 1; i < length; ++i)
    if (!is_continuation(text[i])) return 0;
  const auto first = static_cast<unsigned char>(text[0]);
  const auto second = length > 1 ? static_cast<unsigned char>(text[1]) : 0;
  if (first == 0xE0 && second < 0xA0) return 0;
  if (first == 0xED && second > 0x9F) return 0;
  if (first == 0xF0 && second < 0x90) return 0;
  if (first == 0xF4 && second > 0x8F) return 0;
  return length;
}

}  // namespace

std::string to_text(std::string_view bytes) {
  std::string out;
  out.reserve(bytes.size());
  while (!bytes.empty()) {
    const std::size_t length = bytes[0] == '\0' ? 0 : character(bytes);
    if (length == 0) {
      out += kReplacement;
      bytes.remove_prefix(1);
    } else {
      out += bytes.substr(0, length);
      bytes.remove_prefix(length);
    }
  }
  return out;
}

std::size_t unfinished_tail(std::string_view bytes) {
  const std::size_t looked = std::min<std::size_t>(bytes.size(), 3);
  for (std::size_t back = 1; back <= looked; ++back) {
    const char c = bytes[bytes.size() - back];
    if (is_continuation(c)) continue;
    return announced(c) > back ? back : 0;
  }
  return 0;
}

std::string tail(std::string_view text, std::size_t longest) {
  if (text.size() <= longest) return std::string(text);
  text.remove_prefix(text.size() - longest);
  while (!text.empty() && is_continuation(text[0])) text.remove_prefix(1);
  return std::string(text);
}

}  // namespace pawl::tools
