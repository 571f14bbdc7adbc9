// Templates: JSON trees whose strings hold expressions. What is constant is shared; only the rest is built by
// a render.
#include "common/plan/template.h"

#include <utility>

#include "common/model/catalogue.h"
#include "common/plan/evaluator.h"
#include "common/plan/expression.h"
#include "common/plan/limits.h"

namespace pawl::plan {
namespace {

constexpr std::string_view kOpen = "${{";

/// A node of the compiled tree.
struct Part {
  enum class Kind : std::uint8_t { kConstant, kExpression, kText, kList, kObject } kind = Kind::kConstant;
  json::Value constant;           // kConstant; kObject: none
  std::uint32_t expression = 0;   // kExpression
  std::vector<Part> children;     // kText (constants are its literal pieces), kList, kObject
  std::vector<std::string> keys;  // kObject
  std::string pointer;            // kExpression: relative to the source
};

std::string_view trim(std::string_view text) {
  constexpr std::string_view kSpace = " \t\r\n";
  const std::size_t begin = text.find_first_not_of(kSpace);
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(kSpace) - begin + 1);
}

std::uint32_t column_of(std::string_view text, std::size_t offset) {
  std::uint32_t column = 1;
  for (std::size_t i = 0; i < offset; ++i) column += (text[i] & 0xC0) != 0x80 ? 1u : 0u;
  return column;
}

}  // namespace

struct Template::Compiled {
  json::Value source;
  Part root;
  std::vector<Expression> expressions;
  std::vector<Reference> references;
};

namespace {

class Compiler {
 public:
  Compiler(std::vector<Expression>& expressions, std::vector<Reference>& references)
      : expressions_(expressions), references_(references) {}

  Part compile(const json::Value& value, const std::string& pointer, std::size_t depth) {
    if (depth > kMaxTemplateDepth) {
      faults_.push_back({pointer, "too_deep", "the value is nested too deep"});
      return {};
    }
    if (value.is_string()) return text(value, pointer);
    if (value.is_array()) return list(value, pointer, depth);
    if (value.is_object()) return object(value, pointer, depth);
    return constant(value);
  }

  Part expression(std::string_view text, const std::string& pointer, std::uint32_t column) {
    Part part;
    auto parsed = parse_expression_text(text, column);
    if (!parsed) {
      faults_.push_back({pointer, "expression_invalid",
                         "column " + std::to_string(parsed.error().column) + ": " + parsed.error().message});
      return part;
    }
    for (Reference& reference : parsed->references) {
      reference.pointer = pointer;
      references_.push_back(reference);
    }
    part.kind = Part::Kind::kExpression;
    part.expression = static_cast<std::uint32_t>(expressions_.size());
    part.pointer = pointer;
    expressions_.push_back(std::move(*parsed));
    return part;
  }

  std::vector<Fault>& faults() { return faults_; }

 private:
  static Part constant(json::Value value) {
    Part part;
    part.constant = std::move(value);
    return part;
  }
  static bool are_constant(const std::vector<Part>& parts) {
    for (const Part& part : parts) {
      if (part.kind != Part::Kind::kConstant) return false;
    }
    return true;
  }

  Part text(const json::Value& value, const std::string& pointer) {
    const std::string_view source = value.as_string();
    std::size_t begin = source.find(kOpen);
    if (begin == std::string_view::npos) return constant(value);
    Part part;
    part.kind = Part::Kind::kText;
    std::size_t done = 0;
    while (begin != std::string_view::npos) {
      const std::size_t inner = begin + kOpen.size();
      const std::size_t end = find_expression_end(source, inner);
      if (end == std::string_view::npos) {
        faults_.push_back(
            {pointer, "expression_invalid",
             "column " + std::to_string(column_of(source, begin)) + ": ${{ is never closed by }}"});
        return constant(value);
      }
      if (begin > done) part.children.push_back(constant(source.substr(done, begin - done)));
      const std::string_view body = source.substr(inner, end - 2 - inner);
      Part piece = expression(body, pointer, column_of(source, inner));
      if (begin == 0 && end == source.size()) return piece;
      part.children.push_back(std::move(piece));
      done = end;
      begin = source.find(kOpen, done);
    }
    if (done < source.size()) part.children.push_back(constant(source.substr(done)));
    return part;
  }

  Part list(const json::Value& value, const std::string& pointer, std::size_t depth) {
    Part part;
    part.kind = Part::Kind::kList;
    const json::Array& items = value.as_array();
    part.children.reserve(items.size());
    for (std::size_t i = 0; i < items.size(); ++i) {
      part.children.push_back(compile(items[i], json::pointer_join(pointer, i), depth + 1));
    }
    return are_constant(part.children) ? constant(value) : std::move(part);
  }

  Part object(const json::Value& value, const std::string& pointer, std::size_t depth) {
    Part part;
    part.kind = Part::Kind::kObject;
    for (const auto& [key, member] : value.as_object()) {
      part.keys.push_back(key);
      part.children.push_back(compile(member, json::pointer_join(pointer, key), depth + 1));
    }
    return are_constant(part.children) ? constant(value) : std::move(part);
  }

  std::vector<Expression>& expressions_;
  std::vector<Reference>& references_;
  std::vector<Fault> faults_;
};

/// Builds the value of one render. nullopt: failure() tells why.
class Renderer {
 public:
  Renderer(const std::vector<Expression>& expressions, const Scope& scope)
      : expressions_(expressions), evaluator_(scope) {}

  std::optional<json::Value> render(const Part& part) {
    switch (part.kind) {
      case Part::Kind::kConstant: return part.constant;
      case Part::Kind::kExpression: {
        auto value = evaluator_.evaluate(expressions_[part.expression]);
        if (!value) failed_ = &part;
        return value;
      }
      case Part::Kind::kText: return text(part);
      case Part::Kind::kList: {
        json::Array items;
        items.reserve(part.children.size());
        for (const Part& child : part.children) {
          auto item = render(child);
          if (!item) return std::nullopt;
          items.push_back(std::move(*item));
        }
        return json::Value(std::move(items));
      }
      case Part::Kind::kObject: {
        json::Object members;
        for (std::size_t i = 0; i < part.children.size(); ++i) {
          auto member = render(part.children[i]);
          if (!member) return std::nullopt;
          members.set(part.keys[i], std::move(*member));
        }
        return json::Value(std::move(members));
      }
    }
    return std::nullopt;
  }

  [[nodiscard]] Failure failure() const {
    if (failed_ == nullptr) return too_large("");
    const Problem problem = evaluator_.problem();
    if (is_text_too_large_) return too_large(failed_->pointer);
    return make(problem.code, problem.message, failed_->pointer, problem.column);
  }

  static Failure too_large(const std::string& pointer) {
    return make("expression_limit", "the rendered value is over 1 MiB or nested too deep", pointer, 0);
  }

 private:
  std::optional<json::Value> text(const Part& part) {
    std::string out;
    for (const Part& child : part.children) {
      if (child.kind == Part::Kind::kConstant) {
        out += child.constant.as_string();
        continue;
      }
      const auto value = render(child);
      if (!value) return std::nullopt;
      const bool fits = measure(*value, kMaxResultBytes) <= kMaxResultBytes;
      if (fits) out += to_text(*value);
      if (!fits || !evaluator_.spend_bytes(out.size())) {
        failed_ = &child;
        is_text_too_large_ = true;
        return std::nullopt;
      }
    }
    return json::Value(std::move(out));
  }

  static Failure make(const std::string& code, std::string message, const std::string& pointer,
                      std::uint32_t column) {
    Failure failure;
    failure.category = Category::kConfiguration;
    failure.code = code;
    failure.message = std::move(message);
    if (column > 0) failure.message += " (column " + std::to_string(column) + ")";
    failure.suggestion = std::string(suggestion_for(code));
    json::Object details;
    details.set("pointer", pointer);
    if (column > 0) details.set("column", column);
    failure.details = json::Value(std::move(details));
    failure.sent = false;
    return failure;
  }

  const std::vector<Expression>& expressions_;
  Evaluator evaluator_;
  const Part* failed_ = nullptr;
  bool is_text_too_large_ = false;
};

Error invalid(std::vector<Fault> faults) {
  return Error{ErrorKind::kInvalid, "expression_invalid", faults.front().message, "", std::move(faults)};
}

}  // namespace

Template::Template() {
  static const auto kNull = std::make_shared<const Compiled>();
  compiled_ = kNull;
}

Result<Template> Template::parse(json::Value source) {
  auto compiled = std::make_shared<Compiled>();
  Compiler compiler(compiled->expressions, compiled->references);
  compiled->root = compiler.compile(source, "", 0);
  if (!compiler.faults().empty()) return fail(invalid(std::move(compiler.faults())));
  compiled->source = std::move(source);
  Template result;
  result.compiled_ = std::move(compiled);
  return result;
}

Result<Template> Template::parse_expression(std::string_view text) {
  auto compiled = std::make_shared<Compiled>();
  Compiler compiler(compiled->expressions, compiled->references);
  compiled->source = json::Value(text);
  std::string_view body = trim(text);
  if (body.starts_with(kOpen) && find_expression_end(body, kOpen.size()) == body.size()) {
    body = body.substr(kOpen.size(), body.size() - kOpen.size() - 2);
  }
  const auto offset = static_cast<std::size_t>(body.data() - text.data());
  compiled->root = compiler.expression(body, "", body.empty() ? 1 : column_of(text, offset));
  if (!compiler.faults().empty()) return fail(invalid(std::move(compiler.faults())));
  Template result;
  result.compiled_ = std::move(compiled);
  return result;
}

bool Template::is_constant() const { return compiled_->root.kind == Part::Kind::kConstant; }
const json::Value& Template::source() const { return compiled_->source; }
const std::vector<Reference>& Template::references() const { return compiled_->references; }

tl::expected<json::Value, Failure> Template::render(const Scope& scope) const {
  if (is_constant()) return compiled_->root.constant;
  Renderer renderer(compiled_->expressions, scope);
  auto value = renderer.render(compiled_->root);
  if (!value) return tl::unexpected(renderer.failure());
  if (measure(*value, kMaxResultBytes) > kMaxResultBytes) return tl::unexpected(Renderer::too_large(""));
  return std::move(*value);
}

}  // namespace pawl::plan
