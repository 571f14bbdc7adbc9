// Configuration: flags > environment > file > defaults, and where each value came from. One list of keys for
// every process.
#pragma once

#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "common/base/clock.h"
#include "common/base/result.h"

namespace pawl {

enum class ConfigType : unsigned char { kString, kInt, kDouble, kBool, kDuration, kList };

/// One key: `name` as in the file and `--set` (lower case), the environment is PAWL_ + upper case.
struct ConfigKey {
  std::string_view name;
  ConfigType type;
  std::string_view default_value;
  std::string_view help;
  /// Bounds of kInt, kDouble and kDuration (then in milliseconds), both included.
  double min = 0;
  double max = 0;
  /// kString: "a|b|c" allows just these; "host:port", "url" and "window" name a shape; "" allows anything.
  std::string_view shape = {};
  bool is_secret = false;  ///< printed as *** by --print-config
};

/// Every key Pawl knows (operating.md §2); an unknown one is an error.
std::span<const ConfigKey> config_keys();

class Config {
 public:
  /// Reads all sources. `arguments` are `--key=value`, `--key value` (dashes or underscores), and
  /// `--set key=value`, `--config FILE` (also PAWL_CONFIG); words and --print-config, --help, --version come
  /// back in `rest`, any other flag is an error. `environment` holds NAME=VALUE; a PAWL_ variable that is
  /// neither a key nor the command line's is one too.
  /// Errors: kInvalid with one line that names key, source and what is allowed.
  static Result<Config> load(std::span<const std::string> arguments,
                             std::span<const std::string> environment);
  /// All defaults, for tests.
  static Config defaults();

  [[nodiscard]] const std::string& text(std::string_view key) const;
  [[nodiscard]] std::int64_t integer(std::string_view key) const;
  [[nodiscard]] double real(std::string_view key) const;
  [[nodiscard]] bool flag(std::string_view key) const;
  [[nodiscard]] Millis duration(std::string_view key) const;
  [[nodiscard]] std::vector<std::string> list(std::string_view key) const;

  /// Sets one value as a flag would. Errors: kInvalid.
  Result<void> set(std::string_view key, std::string_view value, std::string_view source);
  /// One `key = value  # source` line each, secrets as ***.
  [[nodiscard]] std::string print() const;
  [[nodiscard]] const std::vector<std::string>& rest() const { return rest_; }

 private:
  struct Entry {
    std::string value;
    std::string source;
  };
  [[nodiscard]] const std::string& value_of(std::string_view key, ConfigType type) const;
  Result<void> read_file(const std::string& path);
  Result<void> read_environment(std::span<const std::string> environment);
  Result<void> read_arguments(std::span<const std::string> arguments);
  Result<void> settle();

  std::map<std::string, Entry, std::less<>> entries_;
  std::vector<std::string> rest_;
};

}  // namespace pawl
