// Documents given by people: plans and inputs, in files or on the command line, JSON or YAML.
#pragma once

#include <string>
#include <string_view>

#include "api/cli/settings.h"
#include "common/base/result.h"
#include "common/json/value.h"

namespace pawl::cli {

/// Whether a word of the command line names a file (a plan) rather than a stored task: "-", anything with a
/// slash, or ending in .json, .yaml or .yml.
bool is_file_name(std::string_view word);

/// The document in `path` ("-" is stdin). YAML by its ending, or when it does not begin as JSON does.
/// Errors: kInvalid, naming the file.
Result<json::Value> read_document(const std::string& path, const FileReader& read);

/// The value of an option: JSON, or @file. Errors: kInvalid, naming the option.
Result<json::Value> document_option(std::string_view option, const std::string& text, const FileReader& read);

}  // namespace pawl::cli
