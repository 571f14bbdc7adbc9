// Profiles: named addresses and keys in ~/.config/pawl/profiles.toml.
#pragma once

#include <map>
#include <string>
#include <string_view>

#include "common/base/result.h"

namespace pawl::cli {

struct Profile {
  std::string url;
  std::string api_key;
  std::string api_key_file;
  std::string ops_url;
};
using Profiles = std::map<std::string, Profile, std::less<>>;

/// `[name]` tables with url, api_key, api_key_file, ops_url. Errors: kInvalid, with `path` and the fault in
/// one line.
Result<Profiles> parse_profiles(const std::string& text, const std::string& path);

}  // namespace pawl::cli
