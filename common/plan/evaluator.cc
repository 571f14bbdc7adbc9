#include "common/plan/evaluator.h"

#include <cmath>

#include "common/json/write.h"

namespace pawl::plan {
namespace {

/// Integral numbers are indexes whatever their form; anything else is not.
std::optional<std::int64_t> as_index(const json::Value& value) {
  if (value.is_int()) return value.as_int();
  if (value.is_double()) {
    const double real = value.as_double();
    if (std::trunc(real) == real && std::abs(real) < 9e15) return static_cast<std::int64_t>(real);
  }
  return std::nullopt;
}

std::string with_article(const json::Value& value) {
  const std::string type(value.type_name());
  if (type == "null") return type;
  return (type == "array" || type == "object" || type == "integer" ? "an " : "a ") + type;
}

std::string_view symbol(Op op) {
  switch (op) {
    case Op::kLess: return "<";
    case Op::kLessEqual: return "<=";
    case Op::kGreater: return ">";
    case Op::kGreaterEqual: return ">=";
    default: return "in";
  }
}

std::size_t measure_at(const json::Value& value, std::size_t limit, std::size_t depth) {
  constexpr std::size_t kScalar = 8;
  if (value.is_string()) return kScalar + value.as_string().size();
  if (!value.is_array() && !value.is_object()) return kScalar;
  if (depth >= kMaxValueDepth) return limit + 1;
  std::size_t total = kScalar;
  if (value.is_array()) {
    for (const json::Value& item : value.as_array()) {
      total += measure_at(item, limit, depth + 1);
      if (total > limit) return total;
    }
    return total;
  }
  for (const auto& [key, member] : value.as_object()) {
    total += kScalar + key.size() + measure_at(member, limit, depth + 1);
    if (total > limit) return total;
  }
  return total;
}

}  // namespace

std::string to_text(const json::Value& value) {
  return value.is_string() ? value.as_string() : json::write(value);
}

std::size_t measure(const json::Value& value, std::size_t limit) { return measure_at(value, limit, 0); }

std::optional<json::Value> Evaluator::evaluate(const Expression& expression) {
  expression_ = &expression;
  state_ = State::kFine;
  return visit(expression.root);
}

Problem Evaluator::problem() const {
  if (state_ != State::kMissing) return problem_;
  return {"missing_binding", describe(*missing_) + " is missing", missing_->column};
}

bool Evaluator::spend_bytes(std::size_t bytes) {
  budget_ -= static_cast<std::int64_t>(bytes / 16);
  return budget_ > 0 && bytes <= kMaxResultBytes;
}

std::nullopt_t Evaluator::error_at(const Node& node, std::string message) {
  state_ = State::kFailed;
  problem_ = {"expression_error", std::move(message), node.column};
  return std::nullopt;
}

std::nullopt_t Evaluator::limit_at(const Node& node) {
  state_ = State::kFailed;
  problem_ = {"expression_limit", "the evaluation takes too many steps or its result is over 1 MiB",
              node.column};
  return std::nullopt;
}

std::nullopt_t Evaluator::missing_at(const Node& node) {
  state_ = State::kMissing;
  missing_ = &node;
  return std::nullopt;
}

std::string Evaluator::describe(const Node& node) const {
  switch (node.op) {
    case Op::kName:
    case Op::kMeta: return expression_->names[node.data];
    case Op::kStep: {
      const std::string& id = expression_->names[node.data];
      return "steps." + id + "." + expression_->names[node.data + 1];
    }
    case Op::kMember: return describe(expression_->nodes[node.a]) + "." + expression_->names[node.data];
    case Op::kIndex: {
      const Node& index = expression_->nodes[node.b];
      const bool is_literal = index.op == Op::kLiteral;
      const std::string inner =
          is_literal ? json::write(expression_->literals[index.data]) : std::string("…");
      return describe(expression_->nodes[node.a]) + "[" + inner + "]";
    }
    case Op::kCall: return std::string(function_name(node.function)) + "(…)";
    default: return "(…)";
  }
}

std::optional<json::Value> Evaluator::visit(std::uint32_t index) {
  const Node& node = expression_->nodes[index];
  if (--budget_ <= 0) return limit_at(node);
  switch (node.op) {
    case Op::kLiteral: return expression_->literals[node.data];
    case Op::kName:
    case Op::kStep:
    case Op::kMeta: return reference(node);
    case Op::kSecret: return secret(node);
    case Op::kMember: return member(node);
    case Op::kIndex: return element(node);
    case Op::kList: return list(node);
    case Op::kObject: return object(node);
    case Op::kCall: return call_function(node);
    case Op::kNot:
    case Op::kAnd:
    case Op::kOr: return logic(node);
    case Op::kNegate: return negate(node);
    case Op::kCoalesce: return coalesce(node);
    case Op::kAdd:
    case Op::kSubtract:
    case Op::kMultiply:
    case Op::kDivide:
    case Op::kModulo: return arithmetic(node);
    default: return compare(node);
  }
}

std::optional<json::Value> Evaluator::reference(const Node& node) {
  const std::string& name = expression_->names[node.data];
  Maybe value = node.op == Op::kName   ? scope_.name(name)
                : node.op == Op::kMeta ? scope_.meta(name)
                                       : scope_.step(name, expression_->names[node.data + 1]);
  if (!value) return missing_at(node);
  return value;
}

std::optional<json::Value> Evaluator::secret(const Node& node) {
  Result<json::Value> value = scope_.secret(expression_->names[node.data]);
  if (value) return std::move(*value);
  state_ = State::kFailed;
  problem_ = {value.error().code, value.error().message, node.column};
  return std::nullopt;
}

std::optional<json::Value> Evaluator::member(const Node& node) {
  const Maybe base = visit(node.a);
  if (!base) return std::nullopt;
  const json::Value* found = base->find(expression_->names[node.data]);
  if (found == nullptr) return missing_at(node);
  return *found;
}

std::optional<json::Value> Evaluator::element(const Node& node) {
  const Maybe base = visit(node.a);
  if (!base) return std::nullopt;
  const Maybe index = visit(node.b);
  if (!index) return std::nullopt;
  if (index->is_string()) {
    const json::Value* found = base->find(index->as_string());
    if (found == nullptr) return missing_at(node);
    return *found;
  }
  const auto position = as_index(*index);
  if (!position) return error_at(node, "an index is an integer or a text, not " + with_article(*index));
  if (!base->is_array() || *position < 0) return missing_at(node);
  const json::Array& items = base->as_array();
  if (static_cast<std::uint64_t>(*position) >= items.size()) return missing_at(node);
  return items[static_cast<std::size_t>(*position)];
}

std::optional<json::Value> Evaluator::list(const Node& node) {
  json::Array items;
  items.reserve(node.count);
  for (std::uint32_t i = 0; i < node.count; ++i) {
    Maybe item = visit(expression_->arguments[node.a + i]);
    if (!item) return std::nullopt;
    items.push_back(std::move(*item));
  }
  return json::Value(std::move(items));
}

std::optional<json::Value> Evaluator::object(const Node& node) {
  json::Object members;
  for (std::uint32_t i = 0; i < node.count; i += 2) {
    const Node& key = expression_->nodes[expression_->arguments[node.a + i]];
    Maybe value = visit(expression_->arguments[node.a + i + 1]);
    if (!value) return std::nullopt;
    members.set(expression_->literals[key.data].as_string(), std::move(*value));
  }
  return json::Value(std::move(members));
}

std::optional<json::Value> Evaluator::call_function(const Node& node) {
  json::Array arguments;
  arguments.reserve(node.count);
  for (std::uint32_t i = 0; i < node.count; ++i) {
    Maybe argument = visit(expression_->arguments[node.a + i]);
    if (!argument) return std::nullopt;
    arguments.push_back(std::move(*argument));
  }
  return call(*this, node, arguments);
}

std::optional<bool> Evaluator::condition(std::uint32_t index) {
  const Maybe value = visit(index);
  if (!value) return std::nullopt;
  if (!value->is_bool()) {
    return error_at(expression_->nodes[index],
                    "and, or, not take true or false, not " + with_article(*value));
  }
  return value->as_bool();
}

std::optional<json::Value> Evaluator::logic(const Node& node) {
  const std::optional<bool> left = condition(node.a);
  if (!left) return std::nullopt;
  if (node.op == Op::kNot) return json::Value(!*left);
  if (*left == (node.op == Op::kOr)) return json::Value(*left);
  const std::optional<bool> right = condition(node.b);
  if (!right) return std::nullopt;
  return json::Value(*right);
}

std::optional<json::Value> Evaluator::coalesce(const Node& node) {
  Maybe left = visit(node.a);
  if (left && !left->is_null()) return left;
  if (!left && state_ != State::kMissing) return std::nullopt;
  state_ = State::kFine;
  return visit(node.b);
}

std::optional<json::Value> Evaluator::compare(const Node& node) {
  const Maybe a = visit(node.a);
  if (!a) return std::nullopt;
  const Maybe b = visit(node.b);
  if (!b) return std::nullopt;
  if (node.op == Op::kEqual || node.op == Op::kNotEqual) {
    const bool are_containers = (a->is_array() && b->is_array()) || (a->is_object() && b->is_object());
    if (are_containers && !spend_bytes(measure(*a, kMaxResultBytes))) return limit_at(node);
    return json::Value((*a == *b) == (node.op == Op::kEqual));
  }
  if (node.op == Op::kIn) {
    const std::optional<bool> found = is_in(*this, *a, *b);
    if (found) return json::Value(*found);
    if (state_ == State::kFailed) return std::nullopt;
    return error_at(node, with_article(*a) + " can't be in " + with_article(*b));
  }
  const std::optional<int> ordered = order(*a, *b);
  if (!ordered) {
    return error_at(node, std::string(symbol(node.op)) + " compares two numbers or two texts, not " +
                              with_article(*a) + " and " + with_article(*b));
  }
  switch (node.op) {
    case Op::kLess: return json::Value(*ordered < 0);
    case Op::kLessEqual: return json::Value(*ordered <= 0);
    case Op::kGreater: return json::Value(*ordered > 0);
    default: return json::Value(*ordered >= 0);
  }
}

std::optional<json::Value> Evaluator::arithmetic(const Node& node) {
  const Maybe a = visit(node.a);
  if (!a) return std::nullopt;
  const Maybe b = visit(node.b);
  if (!b) return std::nullopt;
  if (node.op == Op::kAdd && a->is_string() && b->is_string()) {
    const std::string &left = a->as_string(), &right = b->as_string();
    if (!spend_bytes(left.size() + right.size())) return limit_at(node);
    return json::Value(left + right);
  }
  if (!a->is_number() || !b->is_number()) {
    return error_at(node, "can't calculate with " + with_article(*a) + " and " + with_article(*b));
  }
  auto result = calculate(node.op, *a, *b);
  if (!result) return error_at(node, std::move(result).error());
  return std::move(*result);
}

std::optional<json::Value> Evaluator::negate(const Node& node) {
  const Maybe operand = visit(node.a);
  if (!operand) return std::nullopt;
  if (!operand->is_number()) return error_at(node, "- takes a number, not " + with_article(*operand));
  if (operand->is_double()) return json::Value(-operand->as_double());
  auto result = calculate(Op::kSubtract, json::Value(std::int64_t{0}), *operand);
  if (!result) return error_at(node, std::move(result).error());
  return std::move(*result);
}

}  // namespace pawl::plan
