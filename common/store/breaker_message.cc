#include "common/store/breaker_message.h"

#include <limits>

namespace pawl::store {
namespace {

constexpr std::size_t kLongestWord = 512;

std::optional<std::string> text_at(const json::Value& object, std::string_view name) {
  const json::Value* value = object.find(name);
  if (value == nullptr || !value->is_string() || value->as_string().size() > kLongestWord)
    return std::nullopt;
  return value->as_string();
}

std::optional<std::int64_t> number_at(const json::Value& object, std::string_view name, std::int64_t most) {
  const json::Value* value = object.find(name);
  if (value == nullptr || !value->is_int() || value->as_int() < 0 || value->as_int() > most)
    return std::nullopt;
  return value->as_int();
}

}  // namespace

json::Value breaker_message(const BreakerRow& row) {
  json::Object told{{"tenant", row.key.tenant.to_string()},
                    {"tool", row.key.tool},
                    {"target", row.key.target},
                    {"state", row.state},
                    {"generation", row.generation},
                    {"openings", row.openings}};
  if (row.remaining) told.set("remaining_ms", row.remaining->count());
  if (!row.holder.empty()) told.set("holder", row.holder);
  return json::Object{{"breaker", std::move(told)}};
}

std::optional<BreakerRow> parse_breaker_message(const json::Value& message) {
  constexpr std::int64_t kMost = std::numeric_limits<std::int64_t>::max() / 2;
  const json::Value* told = message.find("breaker");
  if (told == nullptr || !told->is_object()) return std::nullopt;
  const auto tenant_text = text_at(*told, "tenant"), tool = text_at(*told, "tool");
  const auto target = text_at(*told, "target"), state = text_at(*told, "state");
  const auto generation = number_at(*told, "generation", kMost);
  if (!tenant_text || !tool || !target || !state || !generation) return std::nullopt;
  const auto tenant = Uuid::parse(*tenant_text);
  if (!tenant) return std::nullopt;
  BreakerRow row;
  row.key = {*tenant, *tool, *target};
  row.state = *state;
  row.generation = static_cast<std::uint64_t>(*generation);
  row.openings = static_cast<int>(number_at(*told, "openings", std::numeric_limits<int>::max()).value_or(0));
  if (const auto remaining = number_at(*told, "remaining_ms", kMost)) row.remaining = Millis{*remaining};
  row.holder = text_at(*told, "holder").value_or("");
  return row;
}

}  // namespace pawl::store
