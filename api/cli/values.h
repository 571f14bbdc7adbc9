// Reading answers: fields by a dotted path, with defaults, never trusting their types.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "common/json/value.h"

namespace pawl::cli {

/// The value at "progress.percent", or nullptr.
const json::Value* value_at(const json::Value& value, std::string_view path);
/// A string as it is, other scalars as text, containers as compact JSON; "" for null and what is missing.
std::string text_at(const json::Value& value, std::string_view path);
std::string text_of(const json::Value& value);
/// A number as integer, or `otherwise`.
std::int64_t integer_at(const json::Value& value, std::string_view path, std::int64_t otherwise = 0);
/// An array's items; empty for anything else.
const json::Array& items_at(const json::Value& value, std::string_view path);

/// Whether an execution (or a step, or a session task) with this status has ended.
bool is_final_status(std::string_view status);

}  // namespace pawl::cli
