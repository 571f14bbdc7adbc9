// What an expression of a step may see: its task's input, the items of the loops around it, the steps that
// ended before it. And secrets, which in the core are markers: the engine puts the values in when it makes
// the call.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "common/json/value.h"
#include "common/plan/template.h"
#include "worker/core/state.h"

namespace pawl::core {

class NodeScope final : public plan::Scope {
 public:
  /// `self`: the step's own result is visible too, as for `compensate`. The scope must not outlive `state`.
  NodeScope(const State& state, NodeIndex node, WallTime now, const Ended* self = nullptr)
      : s_(state), node_(node), now_(now), self_(self) {}

  [[nodiscard]] std::optional<json::Value> name(std::string_view name) const override;
  [[nodiscard]] std::optional<json::Value> step(std::string_view id, std::string_view field) const override;
  [[nodiscard]] std::optional<json::Value> meta(std::string_view name) const override;
  [[nodiscard]] Result<json::Value> secret(std::string_view name) const override;
  [[nodiscard]] WallTime now() const override { return now_; }

 private:
  const State& s_;
  NodeIndex node_;
  WallTime now_;
  const Ended* self_;
};

/// The text that stands for a secret inside a rendered value. `salt` can't be guessed from outside, so data
/// that looks like a marker is none.
std::string secret_marker(std::string_view salt, std::string_view name);

/// Replaces each marker of `salt` in all strings of `value` by what `resolve(name)` gives.
json::Value replace_secrets(const json::Value& value, std::string_view salt,
                            const std::function<std::string(std::string_view name)>& resolve);

/// The value as it may be stored and shown: each marker is "[secret name]".
json::Value mask_secrets(const json::Value& value, std::string_view salt);

/// The items from `index` on that one run of a for_each gets: the item itself, or a list of up to `batch`.
json::Value item_of(const Group& group, std::uint32_t index);

}  // namespace pawl::core
