#include "worker/core/scope.h"

#include <algorithm>
#include <functional>

namespace pawl::core {
namespace {

/// Lists up to here are searched; longer ones are indexed once.
constexpr std::size_t kSmallList = 8;

std::optional<json::Value> field_of(const Ended& ended, std::string_view field) {
  if (field == "status") return json::Value(to_string(ended.status));
  if (field == "error") return ended.failure ? to_json(*ended.failure) : json::Value();
  if (ended.status == StepStatus::kCompleted) return ended.output;
  return std::nullopt;
}

std::optional<std::uint32_t> place_of(const State& state, const plan::Steps& steps, std::string_view id) {
  if (steps.size() <= kSmallList) {
    for (std::size_t i = 0; i < steps.size(); ++i)
      if (steps[i].id == id) return static_cast<std::uint32_t>(i);
    return std::nullopt;
  }
  auto& places = state.places[&steps];
  if (places.empty())
    for (std::size_t i = 0; i < steps.size(); ++i) places.emplace(steps[i].id, static_cast<std::uint32_t>(i));
  const auto found = places.find(id);
  if (found == places.end()) return std::nullopt;
  return found->second;
}

bool is_list(const Group& group) { return group.kind == GroupKind::kList || group.kind == GroupKind::kTask; }

}  // namespace

json::Value item_of(const Group& group, std::uint32_t index) {
  const json::Array& items = group.items.as_array();
  const auto batch = static_cast<std::size_t>(group.each->batch);
  if (batch <= 1) return items[index];
  const std::size_t from = index * batch;
  const std::size_t to = std::min(from + batch, items.size());
  return json::Array(items.begin() + static_cast<std::ptrdiff_t>(from),
                     items.begin() + static_cast<std::ptrdiff_t>(to));
}

std::optional<json::Value> NodeScope::name(std::string_view name) const {
  // From inside to outside: the innermost loop's names win; a task's border ends the search.
  for (NodeIndex at = node_; at != kNoNode;) {
    const Node& n = s_.nodes[at];
    if ((at != node_ || self_ == nullptr) && n.group && n.group->frame) {
      if (name == "input") return n.group->frame->input;
      return std::nullopt;
    }
    if (n.parent == kNoNode) break;
    const Group& up = *s_.nodes[n.parent].group;
    if (up.kind == GroupKind::kForEach) {
      if (name == up.each->as) return item_of(up, n.slot);
      if (name == up.each->index) return json::Value(n.slot);
    }
    at = n.parent;
  }
  if (name == "input") return s_.facts.input;
  return std::nullopt;
}

std::optional<json::Value> NodeScope::step(std::string_view id, std::string_view field) const {
  const Node& start = s_.nodes[node_];
  if (self_ != nullptr && start.step != nullptr && start.step->id == id) return field_of(*self_, field);
  for (NodeIndex at = node_; at != kNoNode;) {
    const Node& n = s_.nodes[at];
    const bool is_inside =
        at == node_ && self_ == nullptr && n.group && n.group->frame;  // a task's own `output`
    const NodeIndex holder = is_inside ? at : n.parent;
    if (holder == kNoNode) return std::nullopt;
    const Group& list = *s_.nodes[holder].group;
    if (is_list(list)) {
      const std::optional<std::uint32_t> place = place_of(s_, *list.steps, id);
      if (place && *place < list.results.size() && is_final(list.results[*place].status))
        return field_of(list.results[*place], field);
    }
    if (list.frame) return std::nullopt;
    at = holder;
  }
  return std::nullopt;
}

std::optional<json::Value> NodeScope::meta(std::string_view name) const {
  if (name == "exec.id") return json::Value(s_.facts.exec_id.to_string());
  if (name == "exec.attempt") return json::Value(s_.facts.attempt);
  if (name == "task.id") {
    for (NodeIndex at = node_; at != kNoNode; at = s_.nodes[at].parent)
      if ((at != node_ || self_ == nullptr) && s_.nodes[at].group && s_.nodes[at].group->frame)
        return json::Value(s_.nodes[at].group->frame->task_id);
    return json::Value(s_.facts.task_id);
  }
  return std::nullopt;
}

Result<json::Value> NodeScope::secret(std::string_view name) const {
  return json::Value(secret_marker(s_.facts.secret_salt, name));
}

std::string secret_marker(std::string_view salt, std::string_view name) {
  std::string text = "[[secret:";
  text.append(salt).append(":").append(name).append("]]");
  return text;
}

json::Value replace_secrets(const json::Value& value, std::string_view salt,
                            const std::function<std::string(std::string_view name)>& resolve) {
  if (value.is_string()) {
    const std::string& text = value.as_string();
    const std::string opening = "[[secret:" + std::string(salt) + ":";
    std::size_t at = text.find(opening);
    if (at == std::string::npos) return value;
    std::string out;
    std::size_t from = 0;
    while (at != std::string::npos) {
      const std::size_t end = text.find("]]", at);
      if (end == std::string::npos) break;
      out.append(text, from, at - from);
      const std::size_t name = at + opening.size();
      out.append(resolve(std::string_view(text).substr(name, end - name)));
      from = end + 2;
      at = text.find(opening, from);
    }
    out.append(text, from);
    return json::Value(std::move(out));
  }
  // Rendered values are at most as deep as the parser lets a plan be, so the recursion is bounded.
  if (value.is_array()) {
    json::Array out;
    out.reserve(value.as_array().size());
    for (const json::Value& item : value.as_array()) out.push_back(replace_secrets(item, salt, resolve));
    return json::Value(std::move(out));
  }
  if (value.is_object()) {
    json::Object out;
    for (const auto& [key, item] : value.as_object()) out.set(key, replace_secrets(item, salt, resolve));
    return json::Value(std::move(out));
  }
  return value;
}

json::Value mask_secrets(const json::Value& value, std::string_view salt) {
  return replace_secrets(value, salt,
                         [](std::string_view name) { return "[secret " + std::string(name) + "]"; });
}

}  // namespace pawl::core
