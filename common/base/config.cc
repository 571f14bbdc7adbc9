#include "common/base/config.h"

#include <algorithm>
#include <array>

#include "common/base/assert.h"
#include "common/base/config_check.h"
#include "common/base/config_file.h"
#include "common/base/time_format.h"

namespace pawl {
namespace {

constexpr std::string_view kEnvironmentPrefix = "PAWL_";
/// PAWL_ variables that are not configuration: the command line's, the stack's, the tests', and those a
/// process step is given.
constexpr auto kForeignVariables = std::to_array<std::string_view>(
    {"PAWL_URL", "PAWL_API_KEY", "PAWL_OPS_URL", "PAWL_API_URLS", "PAWL_WORKER_OPS_URLS", "PAWL_PROFILE",
     "PAWL_SIM_SEED", "PAWL_DIR", "PAWL_CONFIG", "PAWL_SIM_SCHEDULES_FACTOR", "PAWL_DEBIAN_KEYRING",
     "PAWL_DEBIAN_MIRROR", "PAWL_EXECUTION", "PAWL_STEP", "PAWL_ATTEMPT", "PAWL_EPOCH",
     "PAWL_IDEMPOTENCY_KEY"});
/// Flags of every program that carry no value and are no configuration.
constexpr auto kProgramFlags =
    std::to_array<std::string_view>({"--print-config", "--help", "-h", "--version"});

template <std::size_t N>
bool contains(const std::array<std::string_view, N>& list, std::string_view item) {
  return std::find(list.begin(), list.end(), item) != list.end();
}

std::string with_underscores(std::string_view name) {
  std::string key(name);
  std::replace(key.begin(), key.end(), '-', '_');
  return key;
}

std::string to_lower(std::string_view text) {
  std::string lower(text);
  for (char& c : lower) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return lower;
}

Error missing_value(std::string_view flag) {
  return Error{
      ErrorKind::kInvalid, "invalid_configuration", "flag " + std::string(flag) + " needs a value", {}, {}};
}

/// The value of the last --config FILE or --config=FILE, else of PAWL_CONFIG, else "".
Result<std::string> file_path(std::span<const std::string> arguments,
                              std::span<const std::string> environment) {
  std::string path;
  for (const std::string& variable : environment) {
    if (variable.starts_with("PAWL_CONFIG=")) path = variable.substr(12);
  }
  for (std::size_t i = 0; i < arguments.size(); ++i) {
    if (arguments[i] == "--config") {
      if (i + 1 == arguments.size()) return fail(missing_value("--config"));
      path = arguments[i + 1];
    } else if (arguments[i].starts_with("--config=")) {
      path = arguments[i].substr(9);
    }
  }
  return path;
}

}  // namespace

Config Config::defaults() {
  Config config;
  for (const ConfigKey& key : config_keys())
    config.entries_.emplace(std::string(key.name), Entry{std::string(key.default_value), "default"});
  const auto settled = config.settle();
  PAWL_ASSERT(settled.has_value(), "the defaults are legal");
  return config;
}

Result<Config> Config::load(std::span<const std::string> arguments,
                            std::span<const std::string> environment) {
  Config config = defaults();
  // lease_renew follows lease, so it is worked out again once all sources are in.
  config.entries_["lease_renew"] = Entry{"0s", "default"};
  const std::string path = TRY(file_path(arguments, environment));
  if (!path.empty()) TRY(config.read_file(path));
  TRY(config.read_environment(environment));
  TRY(config.read_arguments(arguments));
  TRY(config.settle());
  return config;
}

Result<void> Config::read_file(const std::string& path) {
  for (const auto& [key, value] : TRY(read_config_file(path))) TRY(set(key, value, path));
  return {};
}

Result<void> Config::read_environment(std::span<const std::string> environment) {
  for (const std::string& variable : environment) {
    const std::size_t equals = variable.find('=');
    const std::string_view name = std::string_view(variable).substr(0, equals);
    if (!name.starts_with(kEnvironmentPrefix) || contains(kForeignVariables, name)) continue;
    const std::string key = to_lower(name.substr(kEnvironmentPrefix.size()));
    if (find_config_key(key) == nullptr) return fail(unknown_config_key(name, key, "environment"));
    TRY(set(key, equals == std::string::npos ? "" : std::string_view(variable).substr(equals + 1), name));
  }
  return {};
}

Result<void> Config::read_arguments(std::span<const std::string> arguments) {
  for (std::size_t i = 0; i < arguments.size(); ++i) {
    const std::string_view argument = arguments[i];
    if (!argument.starts_with("-") || contains(kProgramFlags, argument)) {
      rest_.emplace_back(argument);
      continue;
    }
    const std::size_t equals = argument.find('=');
    const std::string flag(argument.substr(0, equals));
    const std::string name =
        with_underscores(std::string_view(flag).substr(std::min<std::size_t>(2, flag.size())));
    const ConfigKey* key = find_config_key(name);
    const bool is_known = flag.starts_with("--") && (key != nullptr || name == "set" || name == "config");
    if (!is_known) return fail(unknown_config_key(flag, name, "command line"));

    std::string value;
    if (equals != std::string_view::npos)
      value = argument.substr(equals + 1);
    else if (i + 1 < arguments.size() && !arguments[i + 1].starts_with("--"))
      value = arguments[++i];
    else if (key != nullptr && key->type == ConfigType::kBool)
      value = "true";
    else
      return fail(missing_value(flag));

    if (name == "config") continue;  // read before everything else
    if (name != "set") {
      TRY(set(name, value, flag));
      continue;
    }
    const std::size_t split = value.find('=');
    if (split == std::string::npos)
      return fail(ErrorKind::kInvalid, "invalid_configuration", "--set takes key=value, not '" + value + "'");
    TRY(set(with_underscores(std::string_view(value).substr(0, split)),
            std::string_view(value).substr(split + 1), "--set"));
  }
  return {};
}

/// Works out what depends on other keys, and checks what holds between keys.
Result<void> Config::settle() {
  if (duration("lease_renew") == Millis(0)) {
    entries_["lease_renew"].value = format_duration(duration("lease") / 3);
    entries_["lease_renew"].source += " (lease/3)";
  }
  const auto refuse = [](std::string message) {
    return fail(ErrorKind::kInvalid, "invalid_configuration", std::move(message));
  };
  if (duration("lease_renew") * 2 > duration("lease"))
    return refuse("lease_renew must be at most half of lease, so that one lost renewal is survived");
  if (text("tls_cert_file").empty() != text("tls_key_file").empty())
    return refuse("tls_cert_file and tls_key_file go together; one of them is missing");
  return {};
}

Result<void> Config::set(std::string_view key, std::string_view value, std::string_view source) {
  const ConfigKey* known = find_config_key(key);
  if (known == nullptr) return fail(unknown_config_key(key, key, source));
  TRY(check_config_value(*known, value, source));
  entries_[std::string(key)] = Entry{std::string(value), std::string(source)};
  return {};
}

const std::string& Config::value_of(std::string_view key, ConfigType type) const {
  const ConfigKey* known = find_config_key(key);
  PAWL_ASSERT(known != nullptr, "code asks only for keys of config_keys.cc");
  PAWL_ASSERT(known->type == type, "a key is read as the type it was declared with");
  const auto found = entries_.find(key);
  PAWL_ASSERT(found != entries_.end(), "every key has a value, if only its default");
  return found->second.value;
}

const std::string& Config::text(std::string_view key) const { return value_of(key, ConfigType::kString); }
std::int64_t Config::integer(std::string_view key) const {
  return *parse_config_int(value_of(key, ConfigType::kInt));
}
double Config::real(std::string_view key) const {
  return *parse_config_double(value_of(key, ConfigType::kDouble));
}
bool Config::flag(std::string_view key) const { return *parse_config_bool(value_of(key, ConfigType::kBool)); }
Millis Config::duration(std::string_view key) const {
  return *parse_config_duration(value_of(key, ConfigType::kDuration));
}

std::vector<std::string> Config::list(std::string_view key) const {
  std::vector<std::string> items;
  std::string_view left = value_of(key, ConfigType::kList);
  while (!left.empty()) {
    const std::size_t comma = std::min(left.find(','), left.size());
    std::string_view item = left.substr(0, comma);
    while (item.starts_with(' ')) item.remove_prefix(1);
    while (item.ends_with(' ')) item.remove_suffix(1);
    if (!item.empty()) items.emplace_back(item);
    left.remove_prefix(std::min(comma + 1, left.size()));
  }
  return items;
}

std::string Config::print() const {
  std::string out;
  for (const auto& [name, entry] : entries_) {
    const bool is_hidden = find_config_key(name)->is_secret && !entry.value.empty();
    out += name + " = " + (is_hidden ? "***" : entry.value) + "  # " + entry.source + "\n";
  }
  return out;
}

}  // namespace pawl
