// The plan layer's own speed: validating a long plan, rendering a path and a comparison.
#include <benchmark/benchmark.h>

#include <string>

#include "common/base/assert.h"
#include "common/json/parse.h"
#include "common/plan/parse.h"
#include "common/plan/schema.h"
#include "common/plan/template.h"

namespace pawl::plan {
namespace {

class BenchScope final : public Scope {
 public:
  [[nodiscard]] std::optional<json::Value> name(std::string_view) const override { return input_; }
  [[nodiscard]] std::optional<json::Value> step(std::string_view, std::string_view) const override {
    return input_;
  }
  [[nodiscard]] std::optional<json::Value> meta(std::string_view) const override { return std::nullopt; }
  [[nodiscard]] Result<json::Value> secret(std::string_view) const override { return json::Value(); }
  [[nodiscard]] WallTime now() const override { return {}; }

 private:
  json::Value input_ =
      *json::parse(R"({"status": 200, "body": {"items": [1, 2, 3], "url": "https://example.org"}})");
};

void render(benchmark::State& state, const char* expression) {
  const BenchScope scope;
  const auto parsed = Template::parse_expression(expression);
  PAWL_ASSERT(parsed, "the expression is good");
  for (auto _ : state) benchmark::DoNotOptimize(parsed->render(scope));
}
BENCHMARK_CAPTURE(render, path, "steps.fetch.output.body.url");
BENCHMARK_CAPTURE(render, comparison, "steps.fetch.output.status == 200");
BENCHMARK_CAPTURE(render, conjunction, "steps.fetch.output.status >= 200 and len(input.body.items) > 2");

/// A plan of `count` steps in a row; short ids and names keep 10,000 of them below 256 KiB.
json::Value long_plan(std::int64_t count) {
  constexpr std::string_view kDigits = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_:-";
  std::string text = R"({"id":"long","limits":{"max_steps":1000000},"steps":[)";
  for (std::int64_t i = 0; i < count; ++i) {
    auto digit = [&](std::int64_t value) {
      return kDigits[static_cast<std::size_t>(value) % kDigits.size()];
    };
    text += R"({"id":")";
    text += {digit(i), digit(i / 65), digit(i / 4225)};
    text += R"(","task":"x"},)";
  }
  text.back() = ']';
  const auto value = json::parse(text + "}");
  PAWL_ASSERT(value, "the plan is JSON");
  return *value;
}

void validate(benchmark::State& state) {
  const json::Value document = long_plan(state.range(0));
  for (auto _ : state) {
    const auto plan = parse(document);
    PAWL_ASSERT(plan, "the plan is good");
    benchmark::DoNotOptimize(plan);
  }
}
BENCHMARK(validate)->Arg(10)->Arg(1'000)->Arg(10'000)->Unit(benchmark::kMicrosecond);

void check_input(benchmark::State& state) {
  const auto schema = Schema::compile(*json::parse(
      R"({"type": "object", "required": ["url"], "properties": {"url": {"type": "string", "pattern": "^https?://"}, "n": {"type": "integer"}}})"));
  const json::Value input = *json::parse(R"({"url": "https://example.org/a", "n": 3, "more": [1, 2, 3]})");
  for (auto _ : state) benchmark::DoNotOptimize((*schema)->validate(input, "/with"));
}
BENCHMARK(check_input);

}  // namespace
}  // namespace pawl::plan

BENCHMARK_MAIN();
