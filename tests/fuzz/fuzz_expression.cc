// Expressions: no text ends the process, a parsed one evaluates within its bounds, and what it gives can be
// written.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "common/base/assert.h"
#include "common/json/parse.h"
#include "common/json/write.h"
#include "common/plan/template.h"

namespace {

using pawl::json::Value;

class FuzzScope final : public pawl::plan::Scope {
 public:
  [[nodiscard]] std::optional<Value> name(std::string_view name) const override {
    if (name == "input") return input_;
    if (name == "i") return Value(std::int64_t{3});
    return std::nullopt;
  }
  [[nodiscard]] std::optional<Value> step(std::string_view id, std::string_view field) const override {
    if (id == "a" && field == "output") return input_;
    return std::nullopt;
  }
  [[nodiscard]] std::optional<Value> meta(std::string_view) const override { return Value("0193"); }
  [[nodiscard]] pawl::Result<Value> secret(std::string_view) const override { return Value("hidden"); }
  [[nodiscard]] pawl::WallTime now() const override { return {}; }

 private:
  Value input_ =
      *pawl::json::parse(R"({"n": 5, "t": "Grüße a,b", "l": [1, "x", null, [2]], "o": {"k": {"m": -1.5}},
                                       "b": true, "big": 9223372036854775807,
                                        "huge": 18446744073709551615})");
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const FuzzScope scope;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  if (const auto bare = pawl::plan::Template::parse_expression(text)) {
    if (const auto value = bare->render(scope)) {
      PAWL_ASSERT(*value == *value, "a value equals itself");
      (void)pawl::json::write_canonical(*value);
    } else {
      PAWL_ASSERT(!value.error().code.empty() && !value.error().message.empty(), "a failure says why");
    }
  }
  if (const auto inside = pawl::plan::Template::parse(Value(text))) (void)inside->render(scope);
  return 0;
}
