#include "api/cli/text.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstdio>

#include "common/base/time_format.h"

namespace pawl::cli {
namespace {

struct Char {
  std::uint32_t code = 0;
  std::size_t bytes = 1;
  bool valid = false;
};

/// The first character of `text`, which is not empty.
Char decode(std::string_view text) {
  const auto byte = [&text](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned char first = byte(0);
  if (first < 0x80) return {first, 1, true};
  const std::size_t length = first >= 0xF0 && first < 0xF5   ? 4
                             : first >= 0xE0 && first < 0xF0 ? 3
                             : first >= 0xC2 && first < 0xE0 ? 2
                                                             : 0;
  if (length == 0 || text.size() < length) return {first, 1, false};
  std::uint32_t code = first & (0x7Fu >> length);
  for (std::size_t i = 1; i < length; ++i) {
    if ((byte(i) & 0xC0) != 0x80) return {first, 1, false};
    code = (code << 6) | (byte(i) & 0x3Fu);
  }
  const bool overlong = (length == 3 && code < 0x800) || (length == 4 && code < 0x10000);
  if (overlong || code > 0x10FFFF || (code >= 0xD800 && code <= 0xDFFF)) return {first, 1, false};
  return {code, length, true};
}

struct Range {
  std::uint32_t first;
  std::uint32_t last;
};

template <std::size_t N>
bool in(const std::array<Range, N>& ranges, std::uint32_t code) {
  return std::any_of(ranges.begin(), ranges.end(),
                     [code](const Range& r) { return code >= r.first && code <= r.last; });
}

/// What can command a terminal or turn the order of what is read.
constexpr auto kDangerous = std::to_array<Range>({{0x00, 0x1F},
                                                  {0x7F, 0x9F},
                                                  {0x061C, 0x061C},
                                                  {0x200E, 0x200F},
                                                  {0x2028, 0x202E},
                                                  {0x2066, 0x2069},
                                                  {0xFEFF, 0xFEFF},
                                                  {0xFFF9, 0xFFFB}});
constexpr auto kNoWidth = std::to_array<Range>({{0x0300, 0x036F},
                                                {0x0483, 0x0489},
                                                {0x0591, 0x05BD},
                                                {0x0610, 0x061A},
                                                {0x064B, 0x065F},
                                                {0x0900, 0x0902},
                                                {0x1AB0, 0x1AFF},
                                                {0x1DC0, 0x1DFF},
                                                {0x200B, 0x200D},
                                                {0x20D0, 0x20FF},
                                                {0xFE00, 0xFE0F},
                                                {0xFE20, 0xFE2F}});
constexpr auto kWide = std::to_array<Range>({{0x1100, 0x115F},
                                             {0x231A, 0x231B},
                                             {0x2E80, 0x303E},
                                             {0x3041, 0x33FF},
                                             {0x3400, 0x4DBF},
                                             {0x4E00, 0x9FFF},
                                             {0xA000, 0xA4CF},
                                             {0xAC00, 0xD7A3},
                                             {0xF900, 0xFAFF},
                                             {0xFE30, 0xFE6F},
                                             {0xFF00, 0xFF60},
                                             {0xFFE0, 0xFFE6},
                                             {0x1F300, 0x1F64F},
                                             {0x1F680, 0x1F6FF},
                                             {0x1F900, 0x1F9FF},
                                             {0x20000, 0x3FFFD}});

int columns(const Char& c) {
  if (!c.valid) return 1;
  if (in(kNoWidth, c.code)) return 0;
  return in(kWide, c.code) ? 2 : 1;
}

std::string hex(std::string_view prefix, std::size_t digits, std::uint32_t number) {
  std::string out(prefix);
  for (std::size_t i = digits; i-- > 0;) out += "0123456789abcdef"[(number >> (4 * i)) & 0xFu];
  return out;
}

std::string escape(std::string_view text, std::string_view kept) {
  std::string out;
  out.reserve(text.size());
  while (!text.empty()) {
    const Char c = decode(text);
    if (!c.valid)
      out += hex("\\x", 2, c.code);
    else if (in(kDangerous, c.code) &&
             (c.code > 0x7F || kept.find(static_cast<char>(c.code)) == std::string_view::npos))
      out += hex("\\u", 4, c.code);
    else
      out += text.substr(0, c.bytes);
    text.remove_prefix(c.bytes);
  }
  return out;
}

}  // namespace

std::string escaped(std::string_view text) { return escape(text, ""); }
std::string escaped_lines(std::string_view text) { return escape(text, "\n\t"); }

int width_of(std::string_view text) {
  int width = 0;
  while (!text.empty()) {
    const Char c = decode(text);
    width += columns(c);
    text.remove_prefix(c.bytes);
  }
  return width;
}

std::string cut(std::string_view text, int width) {
  if (width_of(text) <= width) return std::string(text);
  if (width <= 0) return "";
  std::string out;
  int used = 0;
  while (!text.empty()) {
    const Char c = decode(text);
    if (used + columns(c) > width - 1) break;
    used += columns(c);
    out += text.substr(0, c.bytes);
    text.remove_prefix(c.bytes);
  }
  return out + "…";
}

std::string padded(std::string_view text, int width) {
  std::string out(text);
  const int missing = width - width_of(text);
  if (missing > 0) out.append(static_cast<std::size_t>(missing), ' ');
  return out;
}

std::string short_duration(Millis duration) {
  const long long ms = std::max<long long>(duration.count(), 0);
  const long long s = ms / 1000;
  std::array<char, 48> text{};
  if (ms < 1000)
    std::snprintf(text.data(), text.size(), "%lldms", ms);
  else if (s < 10)
    std::snprintf(text.data(), text.size(), "%lld.%llds", s, ms % 1000 / 100);
  else if (s < 60)
    std::snprintf(text.data(), text.size(), "%llds", s);
  else if (s < 3600)
    std::snprintf(text.data(), text.size(), "%lldm%02llds", s / 60, s % 60);
  else if (s < 86400)
    std::snprintf(text.data(), text.size(), "%lldh%02lldm", s / 3600, s / 60 % 60);
  else
    std::snprintf(text.data(), text.size(), "%lldd%lldh", s / 86400, s / 3600 % 24);
  return text.data();
}

std::string age(std::string_view rfc3339, WallTime now) {
  const auto then = parse_rfc3339(rfc3339);
  if (!then) return "";
  const auto seconds =
      std::max<long long>(std::chrono::duration_cast<std::chrono::seconds>(now - *then).count(), 0);
  if (seconds < 10) return std::to_string(seconds) + "s";
  return short_duration(Millis{seconds * 1000});
}

}  // namespace pawl::cli
