#include "common/process/program.h"

#include <unistd.h>

#include <array>
#include <charconv>
#include <cstdio>
#include <span>
#include <vector>

#include "common/db/migrate.h"

extern char** environ;

namespace pawl::process {
namespace {

void print(std::FILE* to, const std::string& text) {
  std::fputs(text.c_str(), to);
  if (text.empty() || text.back() != '\n') std::fputc('\n', to);
}

std::string help_of(std::string_view usage) {
  std::string text(usage);
  text.append(
      "\n\nConfiguration: flags (--key=value or --set key=value) > environment (PAWL_KEY) > --config FILE "
      "(TOML) > defaults.\n\n");
  for (const ConfigKey& key : config_keys()) {
    text.append("  ").append(key.name).append(" = ").append(key.default_value.empty() ? "\"\""
                                                                                      : key.default_value);
    text.append("\n      ").append(key.help).append("\n");
  }
  return text;
}

}  // namespace

StartOrExit start_program(std::string_view name, std::string_view usage, int argc, char** argv) {
  const std::vector<std::string> arguments(argv + 1, argv + argc);
  std::vector<std::string> environment;
  for (char** entry = environ; *entry != nullptr; ++entry) environment.emplace_back(*entry);
  auto config = Config::load(arguments, environment);
  if (!config) {
    print(stderr, std::string(name) + ": " + config.error().message);
    return {std::nullopt, kExitUsage};
  }
  for (const std::string& word : config->rest()) {
    if (word == "--help") return print(stdout, help_of(usage)), StartOrExit{std::nullopt, 0};
    if (word == "--version")
      return print(stdout, std::string(name) + " " + std::string(kVersion)), StartOrExit{std::nullopt, 0};
    if (word == "--print-config") return print(stdout, config->print()), StartOrExit{std::nullopt, 0};
    print(stderr, std::string(name) + ": '" + word + "' is not understood; see --help");
    return {std::nullopt, kExitUsage};
  }
  const std::string& level = config->text("log_level");
  const LogLevel least = level == "debug"   ? LogLevel::kDebug
                         : level == "warn"  ? LogLevel::kWarn
                         : level == "error" ? LogLevel::kError
                                            : LogLevel::kInfo;
  const LogFormat format = config->text("log_format") == "text" ? LogFormat::kText : LogFormat::kJson;
  Log log = Log::to_stderr(name, least, format);
  return {Start{std::move(*config), std::move(log)}, 0};
}

Result<void> check_schema(const Config& config, const Log& log) {
  const std::string& url = config.text("postgres_url");
  if (url.empty())
    return fail(ErrorKind::kInvalid, "bad_config",
                "postgres_url is not set; give --postgres-url or PAWL_POSTGRES_URL");
  if (config.flag("migrate_at_start")) {
    const auto report = db::migrate(url);
    if (!report) return fail(report.error());
    if (!report->applied.empty())
      log.info("schema migrated", {{"from", report->before}, {"to", report->after}});
    return {};
  }
  const auto version = db::schema_version(url);
  if (!version) {
    if (version.error().kind != ErrorKind::kUnavailable) return fail(version.error());
    log.warn("Postgres is away at the start; the schema is checked by the first call",
             {error_field(version.error())});
    return {};
  }
  const std::uint32_t newest = db::migrations().empty() ? 0 : db::migrations().back().number;
  if (*version < newest) {
    return fail(ErrorKind::kConflict, "schema_older",
                "the database has schema " + std::to_string(*version) + ", this program needs " +
                    std::to_string(newest) + "; run: pawl migrate");
  }
  return {};
}

Result<HostPort> parse_host_port(std::string_view text) {
  const std::size_t colon = text.rfind(':');
  HostPort out;
  if (colon == std::string_view::npos)
    return fail(ErrorKind::kInvalid, "bad_address", "'" + std::string(text) + "' is no host:port");
  std::string_view host = text.substr(0, colon);
  if (host.size() >= 2 && host.front() == '[' && host.back() == ']') host = host.substr(1, host.size() - 2);
  out.host = std::string(host);
  const std::string_view digits = text.substr(colon + 1);
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), out.port);
  if (error != std::errc{} || end != digits.data() + digits.size() || out.host.empty())
    return fail(ErrorKind::kInvalid, "bad_address", "'" + std::string(text) + "' is no host:port");
  return out;
}

std::string host_name() {
  std::array<char, 256> name{};
  if (gethostname(name.data(), name.size() - 1) != 0) return "unknown";
  return name.data();
}

}  // namespace pawl::process
