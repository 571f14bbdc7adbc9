#include <yaml-cpp/yaml.h>

#include <charconv>
#include <cmath>
#include <optional>

#include "api/cli/limits.h"
#include "api/cli/yaml.h"

namespace pawl::cli {
namespace {

tl::unexpected<Error> refuse(const YAML::Mark& mark, const std::string& why) {
  std::string where;
  if (!mark.is_null())
    where = "line " + std::to_string(mark.line + 1) + ", column " + std::to_string(mark.column + 1) + ": ";
  return fail(ErrorKind::kInvalid, "malformed_yaml", where + why);
}

template <typename T>
std::optional<T> integer(std::string_view digits, int base) {
  T out = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), out, base);
  if (error != std::errc{} || end != digits.data() + digits.size()) return std::nullopt;
  return out;
}

bool only(std::string_view text, std::string_view allowed) {
  return !text.empty() && text.find_first_not_of(allowed) == std::string_view::npos;
}

enum class Looks { kInteger, kFloat, kNoNumber };

/// [-+]? [0-9]+ | 0o[0-7]+ | 0x[0-9a-fA-F]+ ; [-+]? ( \. [0-9]+ | [0-9]+ ( \. [0-9]* )? ) ( [eE] [-+]? [0-9]+
/// )?
Looks looks_like(std::string_view text) {
  constexpr std::string_view kDigits = "0123456789";
  if (text.starts_with("0x"))
    return only(text.substr(2), "0123456789abcdefABCDEF") ? Looks::kInteger : Looks::kNoNumber;
  if (text.starts_with("0o")) return only(text.substr(2), "01234567") ? Looks::kInteger : Looks::kNoNumber;
  if (text.starts_with('+') || text.starts_with('-')) text.remove_prefix(1);
  if (only(text, kDigits)) return Looks::kInteger;
  const std::size_t exponent = text.find_first_of("eE");
  if (exponent != std::string_view::npos) {
    std::string_view power = text.substr(exponent + 1);
    if (power.starts_with('+') || power.starts_with('-')) power.remove_prefix(1);
    if (!only(power, kDigits)) return Looks::kNoNumber;
    text = text.substr(0, exponent);
  }
  const std::size_t dot = text.find('.');
  if (dot == std::string_view::npos) return only(text, kDigits) ? Looks::kFloat : Looks::kNoNumber;
  const std::string_view whole = text.substr(0, dot), part = text.substr(dot + 1);
  if (whole.empty() && part.empty()) return Looks::kNoNumber;
  return (whole.empty() || only(whole, kDigits)) && (part.empty() || only(part, kDigits)) ? Looks::kFloat
                                                                                          : Looks::kNoNumber;
}

std::optional<json::Value> whole_number(std::string_view text) {
  if (text.starts_with('+')) text.remove_prefix(1);
  const int base = text.starts_with("0x") ? 16 : text.starts_with("0o") ? 8 : 10;
  if (base != 10) text.remove_prefix(2);
  if (const auto number = integer<std::int64_t>(text, base)) return json::Value(*number);
  if (const auto number = integer<std::uint64_t>(text, base)) return json::Value(*number);
  return std::nullopt;
}

std::optional<json::Value> real_number(std::string_view text) {
  if (text.starts_with('+')) text.remove_prefix(1);
  double number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc{} || end != text.data() + text.size() || !std::isfinite(number)) return std::nullopt;
  return json::Value(number);
}

Result<json::Value> scalar(const YAML::Node& node) {
  const std::string& text = node.Scalar();
  const std::string& tag = node.Tag();
  const bool is_text = tag == "!" || tag == "tag:yaml.org,2002:str";
  const bool is_core = tag == "?" || tag.empty() || tag.starts_with("tag:yaml.org,2002:");
  if (!is_text && !is_core) return refuse(node.Mark(), "the tag " + tag + " means nothing here");
  if (is_text) return json::Value(text);
  if (text.empty() || text == "~" || text == "null" || text == "Null" || text == "NULL") return json::Value();
  if (text == "true" || text == "True" || text == "TRUE") return json::Value(true);
  if (text == "false" || text == "False" || text == "FALSE") return json::Value(false);
  const Looks looks = looks_like(text);
  if (looks == Looks::kNoNumber) {
    if (text == ".inf" || text == "-.inf" || text == ".nan")
      return refuse(node.Mark(), "JSON has no " + text);
    return json::Value(text);
  }
  const auto number = looks == Looks::kInteger ? whole_number(text) : real_number(text);
  if (!number) return refuse(node.Mark(), "the number " + text + " can't be kept exactly; put it in quotes");
  return *number;
}

class Converter {
 public:
  Result<json::Value> convert(const YAML::Node& node, std::size_t depth) {
    if (++nodes_ > kMaxYamlNodes) return refuse(node.Mark(), "too many values (aliases count each time)");
    if (node.IsScalar()) return scalar(node);
    if (!node.IsSequence() && !node.IsMap()) return json::Value();
    if (depth >= kMaxYamlDepth)
      return refuse(node.Mark(), "nested deeper than " + std::to_string(kMaxYamlDepth));
    if (node.IsMap()) return map(node, depth);
    json::Array items;
    for (const YAML::Node& item : node) items.push_back(TRY(convert(item, depth + 1)));
    return json::Value(std::move(items));
  }

 private:
  Result<json::Value> map(const YAML::Node& node, std::size_t depth) {
    json::Object out;
    for (const auto& member : node) {
      if (!member.first.IsScalar()) return refuse(member.first.Mark(), "a key must be a plain text");
      const std::string& key = member.first.Scalar();
      if (key == "<<" && member.first.Tag() == "?")
        return refuse(member.first.Mark(), "merge keys (<<) are not taken");
      if (out.contains(key)) return refuse(member.first.Mark(), "the key '" + key + "' is given twice");
      out.set(key, TRY(convert(member.second, depth + 1)));
    }
    return json::Value(std::move(out));
  }

  std::size_t nodes_ = 0;
};

}  // namespace

Result<json::Value> parse_yaml(std::string_view text) {
  try {
    const std::vector<YAML::Node> documents = YAML::LoadAll(std::string(text));
    if (documents.empty()) return fail(ErrorKind::kInvalid, "malformed_yaml", "the document is empty");
    if (documents.size() > 1) return refuse(documents[1].Mark(), "a second document; only one is taken");
    return Converter().convert(documents.front(), 0);
  } catch (const YAML::Exception& error) {
    return refuse(error.mark, error.msg);
  }
}

}  // namespace pawl::cli
