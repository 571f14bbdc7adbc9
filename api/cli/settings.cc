#include "api/cli/settings.h"

#include "api/cli/profiles.h"

namespace pawl::cli {
namespace {

std::string value_of(const Assignments& assignments, std::string_view name) {
  const auto found = assignments.find(name);
  return found == assignments.end() ? "" : found->second;
}

std::string profiles_path(const Assignments& environment) {
  const std::string base = value_of(environment, "XDG_CONFIG_HOME");
  if (!base.empty()) return base + "/pawl/profiles.toml";
  const std::string home = value_of(environment, "HOME");
  return home.empty() ? "" : home + "/.config/pawl/profiles.toml";
}

Result<std::string> key_of_file(const std::string& path, const FileReader& read) {
  auto text = read(path);
  if (!text) return fail(ErrorKind::kInvalid, "no_key_file", "the key file '" + path + "' can't be read");
  const std::size_t end = text->find_last_not_of(" \t\r\n");
  text->resize(end == std::string::npos ? 0 : end + 1);
  return std::move(*text);
}

void put(std::string& field, const std::string& value) {
  if (!value.empty()) field = value;
}

void put_url(Settings& settings, const std::string& url, const std::string& source) {
  if (url.empty()) return;
  settings.url = url;
  settings.url_source = source;
}

void put_key(Settings& settings, const std::string& key, const std::string& source) {
  if (key.empty()) return;
  settings.api_key = key;
  settings.api_key_source = source;
}

Result<void> use_profile(Settings& settings, const std::string& name, bool must_exist,
                         const std::string& path, const FileReader& read) {
  const auto text = path.empty() ? std::nullopt : read(path);
  if (!text && !must_exist) return {};
  if (!text) {
    return fail(ErrorKind::kInvalid, "no_profile",
                "there is no profile '" + name + "': " + path + " can't be read");
  }
  const Profiles profiles = TRY(parse_profiles(*text, path));
  const auto found = profiles.find(name);
  if (found == profiles.end()) {
    if (!must_exist) return {};
    return fail(ErrorKind::kInvalid, "no_profile", "there is no profile '" + name + "' in " + path);
  }
  const Profile& profile = found->second;
  const std::string source = "profile " + name;
  put_url(settings, profile.url, source);
  put(settings.ops_url, profile.ops_url);
  if (!profile.api_key_file.empty()) put_key(settings, TRY(key_of_file(profile.api_key_file, read)), source);
  put_key(settings, profile.api_key, source);
  return {};
}

/// A stack's `env` file: .pawl/env below this folder, or env when this is the stack's folder.
void use_folder(Settings& settings, const FileReader& read) {
  for (const std::string path : {".pawl/env", "env"}) {
    const auto text = read(path);
    if (!text) continue;
    const Assignments values = parse_env_file(*text);
    if (value_of(values, "PAWL_URL").empty()) continue;
    settings = Settings{};  // one stack is used whole: none of its addresses is mixed with a profile's key
    put_url(settings, value_of(values, "PAWL_URL"), path);
    put_key(settings, value_of(values, "PAWL_API_KEY"), path);
    put(settings.ops_url, value_of(values, "PAWL_OPS_URL"));
    put(settings.postgres_url, value_of(values, "PAWL_POSTGRES_URL"));
    put(settings.amqp_url, value_of(values, "PAWL_AMQP_URL"));
    return;
  }
}

Result<void> check_url(std::string& url, std::string_view what) {
  if (url.empty()) return {};
  while (url.ends_with('/')) url.pop_back();
  if (!url.starts_with("http://") && !url.starts_with("https://")) {
    return fail(ErrorKind::kInvalid, "bad_url",
                std::string(what) + " '" + url + "' does not start with http:// or https://");
  }
  return {};
}

}  // namespace

Result<Settings> load_settings(const Arguments& arguments, const Assignments& environment,
                               const FileReader& read) {
  Settings settings;
  const std::string named =
      arguments.has("profile") ? arguments.text("profile") : value_of(environment, "PAWL_PROFILE");
  const std::string path = profiles_path(environment);
  if (named.empty()) {
    TRY(use_profile(settings, "default", false, path, read));
    use_folder(settings, read);
  } else {
    // A profile asked for by name is meant, whatever lies in this folder.
    TRY(use_profile(settings, named, true, path, read));
  }
  put_url(settings, value_of(environment, "PAWL_URL"), "environment");
  put_key(settings, value_of(environment, "PAWL_API_KEY"), "environment");
  put(settings.ops_url, value_of(environment, "PAWL_OPS_URL"));
  put(settings.postgres_url, value_of(environment, "PAWL_POSTGRES_URL"));
  put(settings.amqp_url, value_of(environment, "PAWL_AMQP_URL"));
  put_url(settings, arguments.text("url"), "flag");
  if (arguments.has("api-key-file"))
    put_key(settings, TRY(key_of_file(arguments.text("api-key-file"), read)), "flag");
  put_key(settings, arguments.text("api-key"), "flag");
  put(settings.ops_url, arguments.text("ops-url"));
  put(settings.postgres_url, arguments.text("postgres-url"));
  put(settings.amqp_url, arguments.text("amqp-url"));
  TRY(check_url(settings.url, "the API's address"));
  TRY(check_url(settings.ops_url, "the operations address"));
  return settings;
}

}  // namespace pawl::cli
