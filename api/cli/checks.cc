#include "api/cli/checks.h"

#include <array>
#include <ctime>

#include "api/cli/limits.h"
#include "api/cli/values.h"
#include "broker/url.h"
#include "common/db/migrate.h"

namespace pawl::cli {
namespace {

/// An execution nobody has: asked for something it needs a scope for, the API says 403 without it and 404
/// with it.
constexpr const char* kNobody = "00000000-0000-7000-8000-000000000000";

struct ScopeProbe {
  std::string scope;
  std::string method;
  Target target;
};

std::vector<ScopeProbe> scope_probes() {
  return {{"exec:read", "GET", Target({"executions"}).query("limit", "1")},
          {"exec:write", "POST", Target({"tasks", "pawl.doctor.no-such-task", "executions", "async"})},
          {"exec:control", "POST", execution_target(kNobody, {"cancel"})},
          {"task:write", "DELETE", Target({"tasks", "pawl.doctor.no-such-task"})},
          {"admin:keys", "GET", Target({"keys"})}};
}

std::string plural(long long count, const std::string& word) {
  return std::to_string(count) + " " + word + (count == 1 ? "" : "s");
}

Check check_clock(const Answer& answer, WallTime now) {
  const auto found = answer.headers.find("date");
  const auto skew = found == answer.headers.end() ? std::nullopt : clock_skew(found->second, now);
  if (!skew) return {Health::kWarn, "clock", "the API sends no Date to compare with"};
  const auto off = *skew < std::chrono::seconds(0) ? -*skew : *skew;
  if (off <= kMostSkew) return {Health::kOk, "clock", "agrees with the API's"};
  return {
      Health::kWarn, "clock",
      "is " + plural(off.count(), "second") + (skew->count() > 0 ? " ahead of" : " behind") + " the API's",
      "timedatectl set-ntp true"};
}

Check check_key(Context& context, Client& client) {
  if (context.settings.api_key.empty()) {
    return {Health::kFail, "key", "none is known", "set PAWL_API_KEY, or run where .pawl/env lies"};
  }
  std::string scopes;
  for (const ScopeProbe& probe : scope_probes()) {
    Call call{probe.method, probe.target};
    if (probe.method == "POST") call.body = json::Object{};
    const auto answer = client.send(call);
    if (!answer) return {Health::kFail, "key", answer.error().message};
    if (answer->status == 401) {
      return {Health::kFail, "key",
              text_at(answer->error, "message") + " (from " + context.settings.api_key_source + ")",
              "give another: PAWL_API_KEY or --api-key-file"};
    }
    if (answer->status >= 500)
      return {Health::kFail, "key", "can't be checked: " + error_of(*answer).message, "see the lines below"};
    if (answer->status != 403) scopes += " " + probe.scope;
  }
  if (scopes.empty())
    return {Health::kWarn, "key", "valid, but may do nothing here",
            "pawl keys create NAME --scope exec:read,exec:write"};
  return {Health::kOk, "key", "valid (from " + context.settings.api_key_source + "); may" + scopes};
}

std::string trimmed(std::string text) {
  const std::size_t end = text.find_last_not_of(" \t\r\n");
  text.resize(end == std::string::npos ? 0 : end + 1);
  return text;
}

}  // namespace

std::optional<std::chrono::seconds> clock_skew(const std::string& http_date, WallTime now) {
  std::tm parts{};
  const char* const end = strptime(http_date.c_str(), "%a, %d %b %Y %H:%M:%S GMT", &parts);
  if (end == nullptr || *end != '\0') return std::nullopt;
  const auto theirs = std::chrono::sys_seconds(std::chrono::seconds(timegm(&parts)));
  // Whole seconds are sent: anything within the second they name agrees.
  const auto difference = now - theirs;
  if (difference >= std::chrono::seconds(0) && difference < std::chrono::seconds(1))
    return std::chrono::seconds(0);
  return std::chrono::floor<std::chrono::seconds>(difference);
}

std::vector<Check> check_api(Context& context) {
  Client client = connect_api(context);
  Call call{"GET", Target({"executions"}).query("limit", "1")};
  call.timeout = kProbeTimeout;
  const auto answer = client.send(call);
  const std::string where = context.settings.url + " (" + context.settings.url_source + ")";
  if (!answer) {
    return {{Health::kFail, "api", answer.error().message, "deploy/local up, or --url http://host:port"}};
  }
  std::vector<Check> checks;
  if (answer->status >= 500)
    checks.push_back({Health::kFail, "api", where + ": " + error_of(*answer).message, "see the lines below"});
  else
    checks.push_back({Health::kOk, "api", "answers at " + where});
  checks.push_back(check_clock(*answer, context.world.time.wall()));
  checks.push_back(check_key(context, client));
  return checks;
}

Check check_ops(Context& context) {
  auto client = connect_ops(context);
  if (!client)
    return {Health::kWarn, "operations", "the port's address is not known",
            "set PAWL_OPS_URL or give --ops-url"};
  Call call{"GET", Target({"readyz"}, "")};
  call.timeout = kProbeTimeout;
  const auto answer = client->send(call);
  if (!answer) return {Health::kFail, "operations", answer.error().message, "deploy/local status"};
  std::string parts;
  if (answer->data.is_object()) {
    for (const auto& [name, state] : answer->data.as_object())
      parts += (parts.empty() ? "" : ", ") + name + " " + text_of(state);
  }
  if (answer->status >= 300)
    return {Health::kFail, "operations", "the API is not ready: " + parts, "deploy/local status"};
  if (text_at(answer->data, "status") == "degraded")
    return {Health::kWarn, "operations", parts, "deploy/local status"};
  return {Health::kOk, "operations", parts};
}

Check check_postgres(Context& context) {
  const std::string& url = context.settings.postgres_url;
  if (url.empty())
    return {Health::kWarn, "postgres", "not checked: its address is not known", "set PAWL_POSTGRES_URL"};
  const auto version = context.world.host.schema_version(url);
  if (!version) return {Health::kFail, "postgres", version.error().message, version.error().suggestion};
  const std::uint32_t newest = db::migrations().empty() ? 0 : db::migrations().back().number;
  if (*version < newest) {
    return {Health::kFail, "postgres",
            "has schema " + std::to_string(*version) + " of " + std::to_string(newest), "pawl migrate"};
  }
  return {Health::kOk, "postgres", "answers; schema " + std::to_string(*version) + " is the newest"};
}

Check check_broker(Context& context) {
  const std::string& text = context.settings.amqp_url;
  if (text.empty())
    return {Health::kWarn, "rabbitmq", "not checked: its address is not known", "set PAWL_AMQP_URL"};
  const auto url = broker::parse_amqp_url(text);
  if (!url)
    return {Health::kFail, "rabbitmq", url.error().message,
            "set PAWL_AMQP_URL to amqp://user:password@host:port/vhost"};
  // A method frame on channel 0, connection.start: class 10, method 10.
  constexpr std::string_view kHello("AMQP\0\0\x09\x01", 8);
  const auto answer =
      context.world.host.exchange(url->host, url->port, url->use_tls ? std::string_view{} : kHello);
  if (!answer) return {Health::kFail, "rabbitmq", answer.error().message, "deploy/local restart rabbitmq"};
  if (url->use_tls)
    return {Health::kOk, "rabbitmq", "takes connections at " + url->redacted() + " (TLS is not tried)"};
  const bool greets = answer->size() >= 11 && (*answer)[0] == 1 &&
                      answer->substr(7, 4) == std::string_view("\0\x0a\0\x0a", 4);
  if (greets) return {Health::kOk, "rabbitmq", "greets at " + url->redacted()};
  return {Health::kFail, "rabbitmq", "what answers at " + url->redacted() + " is no AMQP 0-9-1 broker",
          "check PAWL_AMQP_URL"};
}

std::vector<Check> check_host(Host& host, const FileReader& read) {
  std::vector<Check> checks;
  const auto bwrap = host.run_quietly({"bwrap", "--version"});
  const bool has_bwrap = bwrap == 0;
  checks.push_back(
      has_bwrap ? Check{Health::kOk, "bubblewrap", "is installed"}
                : Check{Health::kWarn, "bubblewrap", "is not installed", "apt-get install bubblewrap"});
  const bool has_namespaces =
      has_bwrap && host.run_quietly({"bwrap", "--ro-bind", "/", "/", "--unshare-all", "true"}) == 0;
  const std::string most = trimmed(read("/proc/sys/user/max_user_namespaces").value_or(""));
  if (has_namespaces)
    checks.push_back({Health::kOk, "namespaces", "a process can be put into its own"});
  else if (most == "0")
    checks.push_back({Health::kWarn, "namespaces", "user namespaces are switched off",
                      "sysctl user.max_user_namespaces=15000"});
  else
    checks.push_back({Health::kWarn, "namespaces", "can't be made here (a container?)",
                      "run workers with --set sandbox=landlock"});
  const bool is_v2 = read("/sys/fs/cgroup/cgroup.controllers").has_value();
  const std::string folder = is_v2 ? "/sys/fs/cgroup" : "/sys/fs/cgroup/memory";
  if (host.can_write(folder))
    checks.push_back(
        {Health::kOk, "cgroups", is_v2 ? "version 2, can be written" : "version 1, can be written"});
  else
    checks.push_back({Health::kWarn, "cgroups", "can't be written: limits of processes are rlimits only",
                      "run workers as root or under systemd with Delegate=yes"});
  const int landlock = host.landlock_version();
  checks.push_back(landlock > 0
                       ? Check{Health::kOk, "landlock", "version " + std::to_string(landlock)}
                       : Check{Health::kWarn, "landlock", "the kernel has none", "boot with lsm=landlock,…"});
  return checks;
}

}  // namespace pawl::cli
