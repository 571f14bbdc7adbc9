// Operations: workers, lanes, breakers (the operations port), and API keys.
#include "api/cli/client.h"
#include "api/cli/commands.h"
#include "api/cli/exit_code.h"
#include "api/cli/output.h"
#include "api/cli/text.h"
#include "api/cli/values.h"
#include "common/base/time_format.h"

namespace pawl::cli {
namespace {

Target admin_target(std::vector<std::string> segments) {
  segments.insert(segments.begin(), "admin");
  return Target(segments, "");
}

const View kWorkers{"id",
                    {{"WORKER", "id"},
                     {"NAME", "name"},
                     {"HOST", "host"},
                     {"PID", "pid"},
                     {"VERSION", "version"},
                     {"LANES", "lanes"},
                     {"RUNNING", "running"},
                     {"SLOTS", "slots"},
                     {"KEEPER", "keeper"},
                     {"DRAINING", "draining"}},
                    "no workers"};
const View kLanes{"lane",
                  {{"LANE", "lane"},
                   {"QUEUED", "queued"},
                   {"RUNNING", "running"},
                   {"IN BROKER", "depth"},
                   {"DRAINS IN", "drain_time"}},
                  "no lanes"};
const View kBreakers{"target",
                     {{"TOOL", "tool"},
                      {"TARGET", "target"},
                      {"STATE", "state", Show::kStatus},
                      {"OPENINGS", "openings"},
                      {"RETRY AFTER", "retry_after"},
                      {"SINCE", "changed_at", Show::kAge}},
                     "no breaker has moved yet"};
const View kKeys{"id",
                 {{"KEY", "id"},
                  {"NAME", "name"},
                  {"PREFIX", "prefix"},
                  {"SCOPES", "scopes"},
                  {"AGE", "created_at", Show::kAge},
                  {"USED", "last_used_at", Show::kAge},
                  {"EXPIRES", "expires_at"},
                  {"REVOKED", "revoked_at"}},
                 "no keys"};

Result<int> print_list(Context& context, Client& client, const Target& target, const View& view) {
  const json::Value page = TRY(read_pages(client, target, Pages::kAll));
  print_page(context, page, view);
  return kExitCompleted;
}

Result<int> print_admin(Context& context, const std::string& what, const View& view) {
  Client client = TRY(connect_ops(context));
  return print_list(context, client, admin_target({what}), view);
}

Result<int> workers(Context& context, const Arguments&) { return print_admin(context, "workers", kWorkers); }
Result<int> lanes(Context& context, const Arguments&) { return print_admin(context, "lanes", kLanes); }
Result<int> breakers(Context& context, const Arguments&) {
  return print_admin(context, "breakers", kBreakers);
}

Result<int> drain(Context& context, const Arguments& arguments) {
  Client client = TRY(connect_ops(context));
  const std::string& id = arguments.text("WORKER");
  const Answer answer = TRY(client.expect({"POST", admin_target({"workers", id, "drain"}), json::Object{}}));
  print_one(context, answer.data, kWorkers, escaped(id) + " drains: it starts nothing new\n");
  return kExitCompleted;
}

Result<int> set_breaker(Context& context, const Arguments& arguments, const std::string& action) {
  const std::string& guarded = arguments.text("TARGET");
  const std::size_t colon = guarded.find(':');
  if (colon == 0 || colon == std::string::npos || guarded.find(':', colon + 1) == std::string::npos)
    return fail(ErrorKind::kInvalid, "bad_option",
                "TARGET: must be TOOL:HOST:PORT, as http:api.example.org:443");
  Client client = TRY(connect_ops(context));
  json::Object body{
      {"tool", guarded.substr(0, colon)}, {"target", guarded.substr(colon + 1)}, {"action", action}};
  if (arguments.has("for")) body.set("for", arguments.text("for"));
  if (arguments.has("reason")) body.set("reason", arguments.text("reason"));
  const Answer answer = TRY(client.expect({"POST", admin_target({"breakers"}), std::move(body)}));
  print_one(context, answer.data, kBreakers,
            escaped(guarded) + " is " + escaped(text_at(answer.data, "state")) + "\n");
  return kExitCompleted;
}

template <const char* kAction>
Result<int> breaker_action(Context& context, const Arguments& arguments) {
  return set_breaker(context, arguments, kAction);
}
constexpr char kOpen[] = "open";
constexpr char kReset[] = "reset";
constexpr char kDisable[] = "disable";
constexpr char kMetricsOnly[] = "metrics_only";
constexpr char kHalfOpen[] = "half_open";

json::Array words_of(const std::vector<std::string>& lists) {
  json::Array words;
  for (std::string_view list : lists) {
    while (!list.empty()) {
      const std::size_t comma = list.find(',');
      if (comma != 0) words.emplace_back(list.substr(0, comma));
      list = comma == std::string_view::npos ? std::string_view{} : list.substr(comma + 1);
    }
  }
  return words;
}

/// A time, or a duration from now.
Result<std::string> expiry_of(const Context& context, const std::string& text) {
  if (const auto duration = parse_duration(text))
    return format_rfc3339(context.world.time.wall() + *duration);
  if (parse_rfc3339(text)) return text;
  return fail(ErrorKind::kInvalid, "bad_option",
              "--expires: '" + text + "' is neither a duration (30d) nor a time (RFC 3339)");
}

Result<int> create_key(Context& context, const Arguments& arguments) {
  json::Object body{{"name", arguments.text("NAME")}, {"scopes", words_of(arguments.list("scope"))}};
  if (arguments.has("tenant")) body.set("tenant", arguments.text("tenant"));
  if (arguments.has("expires")) body.set("expires_at", TRY(expiry_of(context, arguments.text("expires"))));
  Client client = connect_api(context);
  const Answer answer = TRY(client.expect({"POST", Target({"keys"}), std::move(body)}));
  print_one(context, answer.data, kKeys, escaped(text_at(answer.data, "key")) + "\n");
  if (context.format == Format::kTable && !context.ids_only) {
    context.screen.err("key " + escaped(text_at(answer.data, "id")) + "; it is shown only now\n");
  }
  return kExitCompleted;
}

Result<int> keys(Context& context, const Arguments&) {
  Client client = connect_api(context);
  return print_list(context, client, Target({"keys"}), kKeys);
}

Result<int> revoke_key(Context& context, const Arguments& arguments) {
  Client client = connect_api(context);
  TRY(client.expect({"DELETE", Target({"keys", arguments.text("KEY")})}));
  context.screen.out(escaped(arguments.text("KEY")) + (context.ids_only ? "\n" : " revoked\n"));
  return kExitCompleted;
}

}  // namespace

std::vector<Command> admin_commands() {
  const Parameter target{Shape::kPositional, "TARGET", "tool and endpoint, as http:api.example.org:443"};
  const Parameter reason{Shape::kValue, "--reason", "why, for the log", "TEXT"};
  return {
      {"workers list", "list workers", {}, workers},
      {"workers drain",
       "let a worker end what it runs and start nothing new",
       {{Shape::kPositional, "WORKER", "id of the worker"}},
       drain},
      {"lanes", "show how much is queued and running in each lane", {}, lanes},
      {"breakers list", "list circuit breakers", {}, breakers},
      {"breakers open",
       "keep calls from a target",
       {target, {Shape::kValue, "--for", "how long", "DURATION"}, reason},
       breaker_action<kOpen>},
      {"breakers reset", "close a breaker and forget what it saw", {target, reason}, breaker_action<kReset>},
      {"breakers disable",
       "let every call through and count none",
       {target, reason},
       breaker_action<kDisable>},
      {"breakers metrics-only",
       "count, and let every call through",
       {target, reason},
       breaker_action<kMetricsOnly>},
      {"breakers half-open",
       "let probes through to an open target",
       {target, reason},
       breaker_action<kHalfOpen>},
      {"keys create",
       "make an API key; it is shown once",
       {{Shape::kPositional, "NAME", "a name for people"},
        {Shape::kList, "--scope", "what it may do, as exec:read,exec:write; may be repeated", "SCOPES"},
        {Shape::kValue, "--tenant", "for this tenant, made if need be", "TENANT"},
        {Shape::kValue, "--expires", "when it ends: a duration from now, or a time", "WHEN"}},
       create_key,
       "Scopes: exec:read exec:write exec:control approve task:write admin:keys admin:breakers ops:metrics"},
      {"keys list", "list API keys", {}, keys},
      {"keys revoke", "end an API key", {{Shape::kPositional, "KEY", "id of the key"}}, revoke_key},
  };
}

}  // namespace pawl::cli
