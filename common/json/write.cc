#include "common/json/write.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>

namespace pawl::json {
namespace {

/// 2^63 and 2^64 as doubles, where the integer forms end.
constexpr double kTwo63 = 9223372036854775808.0;
constexpr double kTwo64 = 18446744073709551616.0;
constexpr std::string_view kReplacement = "\xEF\xBF\xBD";  // U+FFFD

/// What each byte becomes in a string: 0 itself, 'u' a \u00xx escape, else a backslash and this character.
constexpr std::array<char, 256> make_escapes() {
  std::array<char, 256> table{};
  for (std::size_t i = 0; i < 0x20; ++i) table[i] = 'u';
  table['"'] = '"';
  table['\\'] = '\\';
  table['\b'] = 'b';
  table['\f'] = 'f';
  table['\n'] = 'n';
  table['\r'] = 'r';
  table['\t'] = 't';
  return table;
}
constexpr auto kEscapes = make_escapes();

/// `text` with every byte that belongs to no well-formed sequence replaced, so that what is written is always
/// UTF-8.
std::string repaired(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  while (!text.empty()) {
    std::size_t length = std::min<std::size_t>(4, text.size());
    while (length > 0 && !(is_valid_utf8(text.substr(0, length)))) --length;
    if (length == 0)
      out += kReplacement;
    else
      out += text.substr(0, length);
    text.remove_prefix(std::max<std::size_t>(1, length));
  }
  return out;
}

void put_escape(std::string& out, unsigned char byte) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  out += '\\';
  out += kEscapes[byte];
  if (kEscapes[byte] != 'u') return;
  out += "00";
  out += kDigits[byte >> 4];
  out += kDigits[byte & 15];
}

void put_string(std::string& out, std::string_view text) {
  std::string mended;
  if (!is_valid_utf8(text)) text = mended = repaired(text);
  out += '"';
  std::size_t run = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto byte = static_cast<unsigned char>(text[i]);
    if (kEscapes[byte] == 0) [[likely]]
      continue;
    out.append(text, run, i - run);
    put_escape(out, byte);
    run = i + 1;
  }
  out.append(text, run);
  out += '"';
}

template <typename T>
void put_integer(std::string& out, T value) {
  std::array<char, 24> buffer{};
  out.append(buffer.data(), std::to_chars(buffer.data(), buffer.data() + buffer.size(), value).ptr);
}

/// Shortest digits that read back as the same double; always with a point or an exponent, so that it stays a
/// double.
void put_double(std::string& out, double d) {
  if (!std::isfinite(d)) {  // JSON has no word for it
    out += "null";
    return;
  }
  std::array<char, 40> buffer{};
  const double size = std::fabs(d);
  const bool is_plain = d == 0 || (size >= 1e-6 && size < 1e15);
  const auto format = is_plain ? std::chars_format::fixed : std::chars_format::scientific;
  const auto end = std::to_chars(buffer.data(), buffer.data() + buffer.size(), d, format).ptr;
  const std::string_view text(buffer.data(), static_cast<std::size_t>(end - buffer.data()));
  out += text;
  if (text.find_first_of(".e") == text.npos) out += ".0";
}

void put_canonical_double(std::string& out, double d) {
  if (d == std::floor(d) && d >= -kTwo63 && d < kTwo63)
    put_integer(out, static_cast<std::int64_t>(d));
  else if (d == std::floor(d) && d > 0 && d < kTwo64)
    put_integer(out, static_cast<std::uint64_t>(d));
  else
    put_double(out, d);
}

enum class Form : unsigned char { kCompact, kPretty, kCanonical };

class Writer {
 public:
  explicit Writer(Form form) : form_(form) {}

  void put(const Value& value) {
    if (value.is_string())
      put_string(out_, value.as_string());
    else if (value.is_object())
      put_object(value.as_object());
    else if (value.is_array())
      put_array(value.as_array());
    else if (value.is_int())
      put_integer(out_, value.as_int());
    else if (value.is_uint())
      put_integer(out_, value.as_uint());
    else if (value.is_bool())
      out_ += value.as_bool() ? "true" : "false";
    else if (value.is_null())
      out_ += "null";
    else if (form_ == Form::kCanonical)
      put_canonical_double(out_, value.as_double());
    else
      put_double(out_, value.as_double());
  }

  std::string take() { return std::move(out_); }

 private:
  void put_array(const Array& array) {
    out_ += '[';
    ++depth_;
    for (std::size_t i = 0; i < array.size(); ++i) {
      if (i > 0) out_ += ',';
      new_line();
      put(array[i]);
    }
    --depth_;
    if (!array.empty()) new_line();
    out_ += ']';
  }

  void put_object(const Object& object) {
    out_ += '{';
    ++depth_;
    if (form_ == Form::kCanonical) {
      put_sorted(object);
    } else {
      bool is_first = true;
      for (const auto& member : object) put_member(member, std::exchange(is_first, false));
    }
    --depth_;
    if (!object.empty()) new_line();
    out_ += '}';
  }

  void put_sorted(const Object& object) {
    std::vector<const Object::Member*> sorted;
    sorted.reserve(object.size());
    for (const auto& member : object) sorted.push_back(&member);
    std::sort(sorted.begin(), sorted.end(), [](const auto* a, const auto* b) { return a->first < b->first; });
    for (const auto* member : sorted) put_member(*member, member == sorted.front());
  }

  void put_member(const Object::Member& member, bool is_first) {
    if (!is_first) out_ += ',';
    new_line();
    put_string(out_, member.first);
    out_ += form_ == Form::kPretty ? ": " : ":";
    put(member.second);
  }

  void new_line() {
    if (form_ != Form::kPretty) return;
    out_ += '\n';
    out_.append(depth_ * 2, ' ');
  }

  Form form_;
  std::size_t depth_ = 0;
  std::string out_;
};

std::string written(const Value& value, Form form) {
  Writer writer(form);
  writer.put(value);
  return writer.take();
}

}  // namespace

std::string write(const Value& value) { return written(value, Form::kCompact); }
std::string write_pretty(const Value& value) { return written(value, Form::kPretty); }
std::string write_canonical(const Value& value) { return written(value, Form::kCanonical); }
Sha256 canonical_hash(const Value& value) { return sha256(write_canonical(value)); }

}  // namespace pawl::json
