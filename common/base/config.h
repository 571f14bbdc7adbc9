// Configuration: flags > environment > file > defaults, and where each value came from. One list of keys for every process.
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
  bool is_secret = false;  ///< printed as *** by --print-config
};

/// Every key Pawl knows (operating.md §2); an unknown one is an error.
std::span<const ConfigKey> config_keys();

class Config {
 public:
  /// Reads all sources. `arguments` are `--key=value`, `--key value` (dashes or underscores), `--set key=value`,
  /// `--config FILE`; what is not a configuration flag comes back in `rest`. `environment` holds NAME=VALUE.
  /// Errors: kInvalid with one line that names key, source and what is allowed.
  static Result<Config> load(std::span<const std::string> arguments, std::span<const std::string> environment);
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
  std::map<std::string, Entry, std::less<>> entries_;
  std::vector<std::string> rest_;
};

}  // namespace pawl
