// The functions of expressions (plan-language.md §3). Text comes first; lower and upper change ASCII letters
// only; len of a text counts characters; duration gives seconds, as integers mean seconds in every duration
// of a plan.
#include <re2/re2.h>

#include <algorithm>
#include <cmath>

#include "common/base/bytes.h"
#include "common/base/time_format.h"
#include "common/json/parse.h"
#include "common/json/write.h"
#include "common/plan/evaluator.h"

namespace pawl::plan {
namespace {

using Maybe = std::optional<json::Value>;

/// What a function needs at hand: where it stands, and its arguments.
struct Call {
  Evaluator& evaluator;
  const Node& node;
  const json::Array& arguments;

  [[nodiscard]] const json::Value& at(std::size_t i) const { return arguments[i]; }
  [[nodiscard]] bool are_texts() const {
    return std::all_of(arguments.begin(), arguments.end(),
                       [](const json::Value& v) { return v.is_string(); });
  }
  std::nullopt_t wrong_type(const char* wanted) const {
    return evaluator.error_at(node,
                              std::string(function_name(node.function)) + " takes " + wanted + ", not " +
                                  std::string(arguments.empty() ? "" : at(0).type_name()) +
                                  (arguments.size() > 1 ? " and " + std::string(at(1).type_name()) : ""));
  }
  std::nullopt_t limit() const { return evaluator.limit_at(node); }
  [[nodiscard]] bool spend(std::size_t bytes) const { return evaluator.spend_bytes(bytes); }
};

Maybe len(const Call& call) {
  const json::Value& value = call.at(0);
  if (value.is_array()) return json::Value(value.as_array().size());
  if (value.is_object()) return json::Value(value.as_object().size());
  if (!value.is_string()) return call.wrong_type("a text, a list or an object");
  const std::string& text = value.as_string();
  if (!call.spend(text.size())) return call.limit();
  const auto characters = std::count_if(text.begin(), text.end(), [](char c) { return (c & 0xC0) != 0x80; });
  return json::Value(static_cast<std::int64_t>(characters));
}

Maybe members(const Call& call) {
  if (!call.at(0).is_object()) return call.wrong_type("an object");
  const json::Object& object = call.at(0).as_object();
  if (!call.spend(object.size() * 16)) return call.limit();
  json::Array out;
  out.reserve(object.size());
  for (const auto& [key, value] : object) {
    out.push_back(call.node.function == Function::kKeys ? json::Value(key) : value);
  }
  return json::Value(std::move(out));
}

Maybe change_case(const Call& call) {
  if (!call.are_texts()) return call.wrong_type("a text");
  std::string text = call.at(0).as_string();
  if (!call.spend(text.size())) return call.limit();
  const bool to_upper = call.node.function == Function::kUpper;
  for (char& c : text) {
    const bool changes = to_upper ? c >= 'a' && c <= 'z' : c >= 'A' && c <= 'Z';
    if (changes) c = static_cast<char>(c ^ 0x20);
  }
  return json::Value(std::move(text));
}

Maybe contains(const Call& call) {
  if (!call.are_texts() && !call.at(0).is_array()) return call.wrong_type("two texts");
  const std::optional<bool> found = is_in(call.evaluator, call.at(1), call.at(0));
  if (!found) return call.limit();
  return json::Value(*found);
}

Maybe starts_with(const Call& call) {
  if (!call.are_texts()) return call.wrong_type("two texts");
  return json::Value(call.at(0).as_string().starts_with(call.at(1).as_string()));
}

Maybe matches(const Call& call) {
  if (!call.are_texts()) return call.wrong_type("two texts");
  const std::string& text = call.at(0).as_string();
  if (!call.spend(text.size())) return call.limit();
  if (const re2::RE2* compiled = call.evaluator.pattern(call.node)) {
    return json::Value(RE2::PartialMatch(text, *compiled));
  }
  // Compiling costs far more than a step; 64 bytes of budget for each byte of the pattern keep it bounded.
  if (!call.spend(call.at(1).as_string().size() * 64 + 4096)) return call.limit();
  RE2::Options options(RE2::Quiet);
  options.set_max_mem(kRegexMemory);
  const RE2 pattern(call.at(1).as_string(), options);
  if (!pattern.ok()) return call.evaluator.error_at(call.node, "bad pattern: " + pattern.error());
  return json::Value(RE2::PartialMatch(text, pattern));
}

Maybe join(const Call& call) {
  if (!call.at(0).is_array() || !call.at(1).is_string()) return call.wrong_type("a list and a text");
  const json::Array& items = call.at(0).as_array();
  const std::string& by = call.at(1).as_string();
  if (measure(call.at(0), kMaxResultBytes) + by.size() * items.size() > kMaxResultBytes) return call.limit();
  std::string out;
  for (std::size_t i = 0; i < items.size(); ++i) {
    if (i > 0) out += by;
    out += to_text(items[i]);
  }
  if (!call.spend(out.size())) return call.limit();
  return json::Value(std::move(out));
}

Maybe split(const Call& call) {
  if (!call.are_texts()) return call.wrong_type("two texts");
  const std::string& text = call.at(0).as_string();
  const std::string& by = call.at(1).as_string();
  if (by.empty()) return call.evaluator.error_at(call.node, "split needs something to split by");
  json::Array out;
  for (std::size_t begin = 0; begin <= text.size();) {
    const std::size_t end = std::min(text.find(by, begin), text.size());
    out.emplace_back(text.substr(begin, end - begin));
    if (text.size() + out.size() * 16 > kMaxResultBytes) return call.limit();
    begin = end + by.size();
    if (end == text.size()) break;
  }
  if (!call.spend(text.size() + out.size() * 16)) return call.limit();
  return json::Value(std::move(out));
}

Maybe to_json_text(const Call& call) {
  if (!call.spend(measure(call.at(0), kMaxResultBytes))) return call.limit();
  std::string text = json::write(call.at(0));
  if (!call.spend(text.size())) return call.limit();
  return json::Value(std::move(text));
}

Maybe parse_json(const Call& call) {
  if (!call.are_texts()) return call.wrong_type("a text");
  const std::string& text = call.at(0).as_string();
  if (!call.spend(text.size())) return call.limit();
  auto value = json::parse(text);
  if (!value) return call.evaluator.error_at(call.node, "parse_json: " + value.error().message);
  return std::move(*value);
}

Maybe base64(const Call& call) {
  if (!call.are_texts()) return call.wrong_type("a text");
  const std::string& text = call.at(0).as_string();
  if (!call.spend(text.size() + text.size() / 3)) return call.limit();
  return json::Value(to_base64(text));
}

Maybe duration(const Call& call) {
  const json::Value& value = call.at(0);
  if (value.is_int() && value.as_int() >= 0) return value;
  if (!value.is_string()) return call.wrong_type("a duration as 5m, or seconds");
  const auto parsed = parse_duration(value.as_string());
  if (!parsed) {
    return call.evaluator.error_at(call.node, "not a duration; write 250ms, 10s, 5m, 2h or 7d");
  }
  if (parsed->count() % 1000 == 0) return json::Value(static_cast<std::int64_t>(parsed->count() / 1000));
  return json::Value(static_cast<double>(parsed->count()) / 1000.0);
}

}  // namespace

std::optional<bool> is_in(Evaluator& evaluator, const json::Value& part, const json::Value& whole) {
  if (whole.is_array()) {
    const bool is_container = part.is_array() || part.is_object();
    const std::size_t each = is_container ? measure(part, kMaxResultBytes) : 16;
    for (const json::Value& item : whole.as_array()) {
      if (!evaluator.spend_bytes(each)) {
        evaluator.limit_at(Node{});
        return std::nullopt;
      }
      if (item == part) return true;
    }
    return false;
  }
  if (!part.is_string()) return std::nullopt;
  if (whole.is_object()) return whole.as_object().contains(part.as_string());
  if (!whole.is_string()) return std::nullopt;
  if (!evaluator.spend_bytes(whole.as_string().size())) {
    evaluator.limit_at(Node{});
    return std::nullopt;
  }
  return whole.as_string().find(part.as_string()) != std::string::npos;
}

std::optional<json::Value> call(Evaluator& evaluator, const Node& node, const json::Array& arguments) {
  const Call made{evaluator, node, arguments};
  switch (node.function) {
    case Function::kLen: return len(made);
    case Function::kKeys:
    case Function::kValues: return members(made);
    case Function::kLower:
    case Function::kUpper: return change_case(made);
    case Function::kContains: return contains(made);
    case Function::kStartsWith: return starts_with(made);
    case Function::kMatches: return matches(made);
    case Function::kJoin: return join(made);
    case Function::kSplit: return split(made);
    case Function::kJson: return to_json_text(made);
    case Function::kParseJson: return parse_json(made);
    case Function::kBase64: return base64(made);
    case Function::kNow: return json::Value(format_rfc3339(evaluator.scope().now()));
    case Function::kDuration: return duration(made);
  }
  return evaluator.error_at(node, "unknown function");
}

}  // namespace pawl::plan
