#include <algorithm>

#include "api/cli/yaml.h"
#include "common/json/write.h"

namespace pawl::cli {
namespace {

/// Words that a YAML reader (of version 1.1 as well) would take for something else than a text.
bool is_special(std::string_view text) {
  constexpr std::string_view kWords[] = {"null", "true", "false", "yes", "no",  "on",
                                         "off",  "y",    "n",     "~",   "nan", "inf"};
  std::string lower(text);
  std::transform(lower.begin(), lower.end(), lower.begin(),
                 [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; });
  return std::find(std::begin(kWords), std::end(kWords), lower) != std::end(kWords);
}

/// A text that needs no quotes: letters first, then letters, digits and what never means anything in YAML.
bool is_plain(std::string_view text) {
  const auto is_letter = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || c == '/';
  };
  if (text.empty() || !is_letter(text[0]) || text.back() == ' ' || is_special(text)) return false;
  return std::all_of(text.begin(), text.end(), [&](char c) {
    return is_letter(c) || (c >= '0' && c <= '9') || c == '-' || c == '.' || c == ' ' || c == '+' ||
           c == '@' || c == ',';
  });
}

std::string scalar(const json::Value& value) {
  if (value.is_string() && is_plain(value.as_string())) return value.as_string();
  return json::write(value);  // JSON's scalars are YAML's; a JSON string is a double-quoted one
}

bool is_nested(const json::Value& value) {
  return (value.is_array() && !value.as_array().empty()) || (value.is_object() && !value.as_object().empty());
}

void write(const json::Value& value, std::size_t indent, std::string& out);

/// What follows "key:" or "-": on the same line for scalars and for the first member of an item.
enum class Follows : unsigned char { kKey, kDash };
void write_after(const json::Value& value, std::size_t indent, Follows follows, std::string& out) {
  if (!is_nested(value)) {
    out += " " + scalar(value) + "\n";
    return;
  }
  std::string inner;
  write(value, indent, inner);
  if (follows == Follows::kDash)
    out += " " + inner.substr(indent);
  else
    out += "\n" + inner;
}

void write(const json::Value& value, std::size_t indent, std::string& out) {
  const std::string blanks(indent, ' ');
  if (!is_nested(value)) {
    out += blanks + scalar(value) + "\n";
  } else if (value.is_array()) {
    for (const json::Value& item : value.as_array()) {
      out += blanks + "-";
      write_after(item, indent + 2, Follows::kDash, out);
    }
  } else {
    for (const auto& [key, member] : value.as_object()) {
      out += blanks + scalar(json::Value(key)) + ":";
      write_after(member, indent + 2, Follows::kKey, out);
    }
  }
}

}  // namespace

std::string write_yaml(const json::Value& value) {
  std::string out;
  write(value, 0, out);
  return out;
}

}  // namespace pawl::cli
