// The catalogue of failure codes: each code a step can fail with, its category and what a person should do
// next. A test compares it with the codes in use.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "common/model/failure.h"

namespace pawl {

struct CatalogueEntry {
  std::string_view code;  ///< a trailing '*' stands for any number: http_4*, exit_*
  Category category;
  std::string_view suggestion;
};
std::span<const CatalogueEntry> failure_catalogue();

/// The suggestion for `code`, or "" when the catalogue has none.
std::string_view suggestion_for(std::string_view code);

/// A Failure with category and suggestion from the catalogue. `code` must be in it (assert).
Failure make_failure(std::string_view code, std::string message);

}  // namespace pawl
