// Output of programs as text that JSON can keep: UTF-8 without NUL. Pure.
#pragma once

#include <string>
#include <string_view>

namespace pawl::tools {

/// `bytes` with U+FFFD for everything that is no UTF-8, and for NUL.
std::string to_text(std::string_view bytes);

/// How many bytes at the end of `bytes` may be the beginning of a character that is not complete yet (0–3).
std::size_t unfinished_tail(std::string_view bytes);

/// The last `longest` bytes, cut at a character.
std::string tail(std::string_view text, std::size_t longest);

}  // namespace pawl::tools
