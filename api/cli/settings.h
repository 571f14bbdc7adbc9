// Where the API is and who we are: profile < the folder's env file < named profile < environment < flags.
#pragma once

#include <functional>
#include <optional>
#include <string>

#include "api/cli/command.h"
#include "api/cli/env_file.h"

namespace pawl::cli {

struct Settings {
  std::string url = "http://127.0.0.1:7070";
  std::string url_source = "default";
  std::string api_key;
  std::string api_key_source = "none";
  std::string ops_url;  ///< "" = not known
  std::string postgres_url;
  std::string amqp_url;
};

/// The text of a file; nullopt when there is none that can be read.
using FileReader = std::function<std::optional<std::string>(const std::string& path)>;

/// `environment` are the process's variables. A key from a profile never goes to an address from a folder's
/// env file: a folder somebody else wrote must not be able to send for it. Errors: kInvalid (a bad profiles
/// file, an unknown profile, a key file that can't be read, an address that is none).
Result<Settings> load_settings(const Arguments& arguments, const Assignments& environment,
                               const FileReader& read);

}  // namespace pawl::cli
