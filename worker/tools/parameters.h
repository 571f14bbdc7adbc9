// Reads the parameters of a call and collects every fault with its pointer. What still holds an expression is
// not known yet and is not judged.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/base/clock.h"
#include "common/base/error.h"
#include "common/json/value.h"

namespace pawl::tools {

/// True for a string with `${{ … }}` in it: its value is known only when the step runs.
bool is_unrendered(const json::Value& value);

class Parameters {
 public:
  /// `with` must be an object (else there is one fault, and every field reads as absent); it must outlive
  /// this.
  explicit Parameters(const json::Value& with);

  /// Faults for every member that is not in `names`.
  void allow_only(std::initializer_list<std::string_view> names);

  /// The member, or null when it is absent, JSON null, or not known yet.
  [[nodiscard]] const json::Value* known(std::string_view name) const;
  /// Is it there at all, known or not?
  [[nodiscard]] bool has(std::string_view name) const;
  /// A fault when it is not there.
  void require(std::string_view name);

  std::optional<std::string> text(std::string_view name);
  std::optional<std::int64_t> integer(std::string_view name, std::int64_t lowest, std::int64_t highest);
  /// A plan duration or a number of seconds, not negative.
  std::optional<Millis> duration(std::string_view name);
  std::optional<bool> flag(std::string_view name);
  /// A list of integers.
  std::vector<int> integers(std::string_view name, int lowest, int highest);
  /// One of `choices`, with a fault that lists them.
  std::optional<std::string> choice(std::string_view name, std::initializer_list<std::string_view> choices);
  const json::Object* object(std::string_view name);

  void fault(std::string_view name, std::string code, std::string message);
  /// With a whole pointer relative to `with`.
  void fault_at(std::string pointer, std::string code, std::string message);
  [[nodiscard]] const std::vector<Fault>& faults() const { return faults_; }
  [[nodiscard]] std::vector<Fault> take_faults() { return std::move(faults_); }

 private:
  const json::Value& with_;
  std::vector<Fault> faults_;
};

}  // namespace pawl::tools
