#include "api/cli/profiles.h"

#include <sstream>
#include <toml.hpp>

namespace pawl::cli {
namespace {

tl::unexpected<Error> refuse(const std::string& path, const std::string& why) {
  return fail(ErrorKind::kInvalid, "invalid_configuration", path + ": " + why.substr(0, why.find('\n')),
              "a profile is: [name] url = \"http://…\" api_key = \"…\"");
}

std::string* field_of(Profile& profile, std::string_view key) {
  if (key == "url") return &profile.url;
  if (key == "api_key") return &profile.api_key;
  if (key == "api_key_file") return &profile.api_key_file;
  if (key == "ops_url") return &profile.ops_url;
  return nullptr;
}

}  // namespace

Result<Profiles> parse_profiles(const std::string& text, const std::string& path) {
  Profiles profiles;
  try {
    std::istringstream stream(text);
    const toml::value document = toml::parse(stream, path);
    for (const auto& [name, table] : document.as_table()) {
      if (!table.is_table()) return refuse(path, "'" + name + "' stands outside of a profile");
      Profile& profile = profiles[name];
      for (const auto& [key, value] : table.as_table()) {
        std::string* const field = field_of(profile, key);
        if (field == nullptr) return refuse(path, "[" + name + "] has the unknown key '" + key + "'");
        if (!value.is_string()) return refuse(path, "[" + name + "] " + key + " must be a text in quotes");
        *field = toml::get<std::string>(value);
      }
    }
  } catch (const std::exception& error) {
    return refuse(path, error.what());
  }
  return profiles;
}

}  // namespace pawl::cli
