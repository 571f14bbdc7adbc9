// Reads the fields of one JSON object by their types and ranges. What is wrong becomes a fault at its pointer
// and the default stays; what nobody asked for is an unknown field.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/base/clock.h"
#include "common/json/value.h"
#include "common/plan/fault_list.h"
#include "common/plan/template.h"

namespace pawl::plan {

struct DurationRange {
  Millis least{0};
  Millis most = kMaxDuration;
};

class Fields {
 public:
  /// A value that is no object is a fault (wrong_type), and every field is then absent.
  Fields(const json::Value& value, std::string pointer, FaultList& faults);

  [[nodiscard]] bool is_object() const { return object_ != nullptr; }
  [[nodiscard]] const std::string& pointer() const { return pointer_; }
  [[nodiscard]] std::string at(std::string_view key) const { return json::pointer_join(pointer_, key); }

  /// The field's value, or nullptr; the field is known from now on.
  const json::Value* take(std::string_view key);
  /// The same; its absence is the fault `required`.
  const json::Value* require(std::string_view key);
  [[nodiscard]] bool has(std::string_view key) const;

  std::optional<std::string> text(std::string_view key);
  std::optional<bool> boolean(std::string_view key);
  std::optional<std::int64_t> integer(std::string_view key, std::int64_t least, std::int64_t most,
                                      const char* over_code = "out_of_range");
  std::optional<double> number(std::string_view key, double least, double most);
  /// "5m" or whole seconds.
  std::optional<Millis> duration(std::string_view key, DurationRange range = {});
  /// "256MiB" or bytes; `suffix` ("/s") must follow a text form when it is not empty.
  std::optional<std::int64_t> bytes(std::string_view key, std::string_view suffix = {});
  /// The position of the text in `choices`.
  std::optional<std::size_t> choice(std::string_view key, std::initializer_list<std::string_view> choices);
  std::vector<std::string> texts(std::string_view key, std::size_t most);
  /// A value with expressions in it.
  std::optional<Template> value_template(std::string_view key);
  /// A condition: an expression as text, or true or false.
  std::optional<Template> condition(std::string_view key);

  void fault(std::string_view key, std::string code, std::string message);
  /// Reports the fields that were not taken. Call it once, last.
  void finish();

 private:
  void wrong_type(std::string_view key, std::string_view wanted, const json::Value& value);

  const json::Object* object_ = nullptr;
  std::string pointer_;
  FaultList& faults_;
  std::vector<std::string_view> known_;
};

/// A duration as a plan has it. Errors: a fault's code and message.
tl::expected<Millis, Fault> read_duration(const json::Value& value, DurationRange range);

/// `value` as a template; faults at `pointer`.
std::optional<Template> read_template(const json::Value& value, const std::string& pointer,
                                      FaultList& faults);

/// ASCII letters, digits and `extra`, 1 to `most` characters.
bool is_identifier(std::string_view text, std::string_view extra, std::size_t most);

/// "a, b or c".
std::string join_choices(std::initializer_list<std::string_view> choices);

}  // namespace pawl::plan
