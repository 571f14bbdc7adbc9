#include "api/cli/document.h"

#include "api/cli/yaml.h"
#include "common/json/parse.h"

namespace pawl::cli {
namespace {

/// What json::parse found, with the place it was found in.
tl::unexpected<Error> refuse(const std::string& where, Error error) {
  error.kind = ErrorKind::kInvalid;
  error.message = where + ": " + error.message;
  return fail(std::move(error));
}

bool begins_as_json(std::string_view text) {
  const std::size_t first = text.find_first_not_of(" \t\r\n");
  return first != std::string_view::npos && (text[first] == '{' || text[first] == '[');
}

}  // namespace

bool is_file_name(std::string_view word) {
  return word == "-" || word.find('/') != std::string_view::npos || word.ends_with(".json") ||
         word.ends_with(".yaml") || word.ends_with(".yml");
}

Result<json::Value> read_document(const std::string& path, const FileReader& read) {
  const auto text = read(path);
  const std::string name = path == "-" ? "stdin" : path;
  if (!text)
    return fail(ErrorKind::kInvalid, "no_file", name + " can't be read, or is over 8 MB", "check the path");
  const bool is_yaml = path.ends_with(".yaml") || path.ends_with(".yml") ||
                       (!path.ends_with(".json") && !begins_as_json(*text));
  auto value = is_yaml ? parse_yaml(*text) : json::parse(*text);
  if (!value) return refuse(name, std::move(value).error());
  return value;
}

Result<json::Value> document_option(std::string_view option, const std::string& text,
                                    const FileReader& read) {
  if (text.starts_with('@')) return read_document(text.substr(1), read);
  auto value = json::parse(text);
  if (!value) {
    Error error = std::move(value).error();
    error.suggestion = "give JSON in quotes, or @file";
    return refuse(std::string(option), std::move(error));
  }
  return value;
}

}  // namespace pawl::cli
