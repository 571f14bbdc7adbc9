// `pawl run`: a stored task or a plan in a file; async by default, --sync for its output, --watch to see it.
#include <charconv>

#include "api/cli/client.h"
#include "api/cli/commands.h"
#include "api/cli/document.h"
#include "api/cli/exit_code.h"
#include "api/cli/limits.h"
#include "api/cli/output.h"
#include "api/cli/step_tree.h"
#include "api/cli/text.h"
#include "api/cli/values.h"
#include "api/cli/watch.h"
#include "common/base/time_format.h"

namespace pawl::cli {
namespace {

Result<std::int64_t> number_option(const Arguments& arguments, std::string_view key) {
  const std::string& text = arguments.text(key);
  std::int64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error == std::errc{} && end == text.data() + text.size()) return number;
  return fail(ErrorKind::kInvalid, "bad_option",
              "--" + std::string(key) + ": '" + text + "' is no whole number");
}

/// Whole seconds: the API takes no others here.
Result<std::int64_t> seconds_option(const Arguments& arguments, std::string_view key) {
  const auto duration = parse_duration(arguments.text(key));
  if (!duration) return number_option(arguments, key);
  return std::chrono::ceil<std::chrono::seconds>(*duration).count();
}

Result<json::Value> labels_of(const Arguments& arguments) {
  json::Object labels;
  for (const std::string& label : arguments.list("label")) {
    const std::size_t equals = label.find('=');
    if (equals == std::string::npos || equals == 0) {
      return fail(ErrorKind::kInvalid, "bad_option", "--label: '" + label + "' is not name=value");
    }
    labels.set(label.substr(0, equals), label.substr(equals + 1));
  }
  return json::Value(std::move(labels));
}

Result<json::Object> body_of(const Context& context, const Arguments& arguments) {
  json::Object body;
  const FileReader& read = context.world.read_file;
  if (arguments.has("with")) body.set("with", TRY(document_option("--with", arguments.text("with"), read)));
  if (arguments.has("limits"))
    body.set("limits", TRY(document_option("--limits", arguments.text("limits"), read)));
  if (arguments.has("timeout")) body.set("timeout", TRY(seconds_option(arguments, "timeout")));
  if (arguments.has("priority")) body.set("priority", TRY(number_option(arguments, "priority")));
  if (arguments.has("lane")) body.set("lane", arguments.text("lane"));
  if (arguments.has("run-at")) body.set("run_at", arguments.text("run-at"));
  if (arguments.has("label")) body.set("labels", TRY(labels_of(arguments)));
  return body;
}

Call call_of(const Arguments& arguments, Target target, json::Object body) {
  Call call{"POST", std::move(target), std::move(body)};
  if (arguments.has("idempotency-key"))
    call.headers.emplace_back("Idempotency-Key", arguments.text("idempotency-key"));
  return call;
}

/// The answer of a sync run is the outcome itself: 200, 424 or 408 (http-api.md §3).
Result<int> run_sync(Context& context, Client& client, const Arguments& arguments, const std::string& task,
                     json::Object body) {
  Target target({"tasks", task, "executions", "sync"});
  if (arguments.has("cancel-on-timeout")) target.query("on_timeout", "cancel");
  Call call = call_of(arguments, std::move(target), std::move(body));
  call.timeout = kSyncMost + kCallMargin;
  const Answer answer = TRY(client.send(call));
  const std::string exec_id = escaped(text_at(answer.data, "exec_id"));
  if (answer.status == 408 && !exec_id.empty()) {
    print_one(context, answer.data, {"exec_id", {}, ""}, exec_id + "\n");
    context.screen.err("pawl: the time ran out before it ended; it goes on: pawl watch " + exec_id + "\n");
    return kExitTimedOut;
  }
  if (answer.status == 424) {
    const Error error = error_of(answer);
    print_one(context, answer.data, {"exec_id", {}, ""}, "");
    context.screen.err("pawl: " + escaped(error.message) + "\n" +
                       what_to_do(text_at(answer.error, "details.suggestion")) + "see: pawl steps " +
                       exec_id + "\n");
    return exit_code_of_status(text_at(answer.data, "status"));
  }
  if (answer.status < 200 || answer.status >= 300) return fail(error_of(answer));
  if (context.format != Format::kTable || context.ids_only) {
    print_one(context, answer.data, {"exec_id", {}, ""}, "");
  } else if (const json::Value* output = answer.data.find("output"); output != nullptr) {
    print_document(context, *output);
  }
  return kExitCompleted;
}

Result<int> run(Context& context, const Arguments& arguments) {
  const std::string& what = arguments.text("TASK|FILE");
  const bool is_inline = is_file_name(what);
  json::Object body = TRY(body_of(context, arguments));
  Client client = connect_api(context);
  if (arguments.has("sync") && !is_inline) return run_sync(context, client, arguments, what, std::move(body));
  if (is_inline) body.set("plan", TRY(read_document(what, context.world.read_file)));
  Target target = is_inline ? Target({"executions"}) : Target({"tasks", what, "executions", "async"});
  const Answer answer = TRY(client.expect(call_of(arguments, std::move(target), std::move(body))));
  const std::string exec_id = text_at(answer.data, "exec_id");
  if (arguments.has("watch")) {
    if (context.format == Format::kTable && !context.ids_only)
      context.screen.out("execution " + escaped(exec_id) + "\n");
    return watch_execution(context, client, exec_id);
  }
  if (arguments.has("sync")) {
    const json::Value execution = TRY(await_end(context, client, exec_id));
    return print_outcome(context, execution);
  }
  print_one(context, answer.data, {"exec_id", {}, ""}, escaped(exec_id) + "\n");
  if (context.format == Format::kTable && context.screen.face().terminal && !context.ids_only) {
    context.screen.err("accepted; follow it: pawl watch " + escaped(exec_id) + "\n");
  }
  return kExitCompleted;
}

}  // namespace

std::vector<Command> run_commands() {
  return {{"run",
           "run a stored task, or the plan in a file",
           {{Shape::kPositional, "TASK|FILE", "id of a task, or a .json/.yaml file (- is stdin)"},
            {Shape::kValue, "--with", "input: JSON, or @file", "JSON"},
            {Shape::kFlag, "--sync", "wait for the end and print the output"},
            {Shape::kFlag, "-w,--watch", "show it until it ends"},
            {Shape::kValue, "--idempotency-key", "the same key and request start one execution only", "KEY"},
            {Shape::kValue, "--timeout", "how long --sync waits, at most 300s", "DURATION"},
            {Shape::kFlag, "--cancel-on-timeout", "cancel it when --sync has waited in vain"},
            {Shape::kValue, "--lane", "lane it runs in", "LANE"},
            {Shape::kValue, "--priority", "0 to 9; 5 is usual, 7 and more go first", "N"},
            {Shape::kValue, "--run-at", "not before this time (RFC 3339)", "TIME"},
            {Shape::kList, "--label", "a label to find it by; may be repeated", "NAME=VALUE"},
            {Shape::kValue, "--limits", "lower limits for this run: JSON, or @file", "JSON"}},
           run,
           "Prints the execution's id. With --sync or --watch the exit code is the outcome: 0 completed, 1 "
           "failed,\n"
           "3 cancelled, 4 timed out.\n\n  pawl run report --with '{\"url\": \"https://example.org\"}' "
           "--watch\n  pawl run plan.yaml --with @input.json"}};
}

}  // namespace pawl::cli
