// A JSON value with ${{ expressions }} in its strings: parsed once per plan, evaluated without I/O, bounded
// in steps and size.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/base/clock.h"
#include "common/base/result.h"
#include "common/json/value.h"
#include "common/model/failure.h"

namespace pawl::plan {

/// What an expression may see. Implemented by the core; a miss is nullopt ("missing_binding" unless `??`
/// covers it).
class Scope {
 public:
  virtual ~Scope() = default;
  /// `input`, `row`, `i` and other plain names of the scope.
  [[nodiscard]] virtual std::optional<json::Value> name(std::string_view name) const = 0;
  /// steps.<id>.output | .status | .error; `field` is one of the three.
  [[nodiscard]] virtual std::optional<json::Value> step(std::string_view id,
                                                        std::string_view field) const = 0;
  /// exec.id, exec.attempt, task.id by their full name.
  [[nodiscard]] virtual std::optional<json::Value> meta(std::string_view name) const = 0;
  /// secret("name"): in the core a marker that the engine resolves when used; never the value itself.
  [[nodiscard]] virtual Result<json::Value> secret(std::string_view name) const = 0;
  /// The time `now()` answers.
  [[nodiscard]] virtual WallTime now() const = 0;
};

/// A reference found in a template, for the static checks and the graph.
struct Reference {
  enum class Kind : std::uint8_t { kName, kStep, kMeta, kSecret } kind;
  std::string name;        ///< name, step id, meta name or secret name
  std::string pointer;     ///< where, relative to the template's own value
  bool guarded = false;    ///< covered by ??
  std::string field = {};  ///< of kStep: output, status or error
};

class Template {
 public:
  Template();  ///< the constant null
  /// Parses every string of `source`. Errors: kInvalid/expression_invalid with a fault per bad expression,
  /// the pointer relative to `source`, the message pointing at the column.
  static Result<Template> parse(json::Value source);
  /// Parses one bare expression, as `when` is (with or without ${{ }}).
  static Result<Template> parse_expression(std::string_view text);

  [[nodiscard]] bool is_constant() const;
  [[nodiscard]] const json::Value& source() const;
  [[nodiscard]] const std::vector<Reference>& references() const;

  /// The rendered value. Errors as a Failure of category configuration: missing_binding, expression_error,
  /// expression_limit (too many steps or over 1 MiB).
  [[nodiscard]] tl::expected<json::Value, Failure> render(const Scope& scope) const;

 private:
  struct Compiled;
  std::shared_ptr<const Compiled> compiled_;
};

}  // namespace pawl::plan
