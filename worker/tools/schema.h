// Short words for the JSON Schemas (2020-12) of parameters and results.
#pragma once

#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "common/json/value.h"

namespace pawl::tools::schema {

json::Value anything();
json::Value text();
json::Value boolean();
json::Value integer(std::int64_t lowest, std::optional<std::int64_t> highest = std::nullopt);
/// A string or a number of seconds.
json::Value duration();
json::Value one_of(std::initializer_list<std::string_view> choices);
json::Value list(json::Value item);
json::Value map();
/// An object with these properties and no others.
json::Value object(std::initializer_list<std::pair<std::string_view, json::Value>> properties,
                   std::initializer_list<std::string_view> required);

}  // namespace pawl::tools::schema
