// Reading executions: get, list, watch, steps, step, events, result, why.
#include <cstdlib>

#include "api/cli/client.h"
#include "api/cli/commands.h"
#include "api/cli/exit_code.h"
#include "api/cli/limits.h"
#include "api/cli/output.h"
#include "api/cli/step_tree.h"
#include "api/cli/text.h"
#include "api/cli/values.h"
#include "api/cli/watch.h"
#include "common/json/write.h"

namespace pawl::cli {
namespace {

const Parameter kExec{Shape::kPositional, "EXEC", "id of the execution"};

const std::vector<Column> kExecutionFields = {{"execution", "exec_id"},
                                              {"task", "task_id"},
                                              {"version", "task_version"},
                                              {"status", "status", Show::kStatus},
                                              {"phase", "phase"},
                                              {"progress", "progress.percent", Show::kPercent},
                                              {"current", "progress.current"},
                                              {"remaining", "progress.remaining.p50"},
                                              {"waiting for", "waiting_for"},
                                              {"lane", "lane"},
                                              {"priority", "priority"},
                                              {"labels", "labels"},
                                              {"created", "created_at"},
                                              {"started", "started_at"},
                                              {"finished", "finished_at"},
                                              {"run at", "run_at"},
                                              {"wake at", "wake_at"},
                                              {"retry of", "retry_of"},
                                              {"input", "input"},
                                              {"output", "output"},
                                              {"failed step", "error.step"},
                                              {"error", "error.message"},
                                              {"code", "error.code"},
                                              {"what to do", "error.suggestion"}};

const View kExecutions{"exec_id",
                       {{"EXECUTION", "exec_id"},
                        {"STATUS", "status", Show::kStatus},
                        {"TASK", "task_id"},
                        {"DONE", "progress.percent", Show::kPercent},
                        {"LANE", "lane"},
                        {"AGE", "created_at", Show::kAge},
                        {"ERROR", "error.message"}},
                       "no executions"};

const View kSteps{"path",
                  {{"STEP", "path"},
                   {"STATUS", "status", Show::kStatus},
                   {"TOOL", "tool"},
                   {"KIND", "kind"},
                   {"TRY", "attempt"},
                   {"TIME", "duration_ms", Show::kDurationMs},
                   {"ERROR", "error.message"}},
                  "no steps"};

const std::vector<Column> kStepFields = {{"step", "path"},
                                         {"name", "name"},
                                         {"kind", "kind"},
                                         {"tool", "tool"},
                                         {"status", "status", Show::kStatus},
                                         {"attempt", "attempt"},
                                         {"of at most", "max_attempts"},
                                         {"started", "started_at"},
                                         {"finished", "finished_at"},
                                         {"time", "duration_ms", Show::kDurationMs},
                                         {"worker", "worker"},
                                         {"cpu", "resources.cpu_ms", Show::kDurationMs},
                                         {"memory", "resources.max_rss_bytes", Show::kBytes},
                                         {"input", "input"},
                                         {"output", "output"},
                                         {"error", "error.message"},
                                         {"category", "error.category"},
                                         {"code", "error.code"},
                                         {"what to do", "error.suggestion"}};

Result<int> get(Context& context, const Arguments& arguments) {
  Client client = connect_api(context);
  const json::Value execution = TRY(client.get(execution_target(arguments.text("EXEC")))).data;
  print_one(context, execution, kExecutions, record_of(context, execution, kExecutionFields));
  return kExitCompleted;
}

Result<int> list(Context& context, const Arguments& arguments) {
  Target target({"executions"});
  for (const auto& [option, query] : {std::pair{"status", "status"},
                                      {"task", "task_id"},
                                      {"session", "session_id"},
                                      {"after", "created_after"},
                                      {"before", "created_before"},
                                      {"cursor", "cursor"}}) {
    target.query(query, arguments.text(option));
  }
  for (const std::string& label : arguments.list("label")) {
    const std::size_t equals = label.find('=');
    if (equals == std::string::npos || equals == 0) {
      return fail(ErrorKind::kInvalid, "bad_option", "--label: '" + label + "' is not name=value");
    }
    target.query("label." + label.substr(0, equals), label.substr(equals + 1));
  }
  const bool all = arguments.has("all");
  target.query("limit", all && !arguments.has("limit") ? std::to_string(kPage) : arguments.text("limit"));
  Client client = connect_api(context);
  const json::Value page = TRY(read_pages(client, target, all ? Pages::kAll : Pages::kOne));
  print_page(context, page, kExecutions);
  return kExitCompleted;
}

Result<int> watch(Context& context, const Arguments& arguments) {
  Client client = connect_api(context);
  return watch_execution(context, client, arguments.text("EXEC"));
}

Result<int> steps(Context& context, const Arguments& arguments) {
  Client client = connect_api(context);
  const json::Value page =
      TRY(read_pages(client, execution_target(arguments.text("EXEC"), {"steps"}), Pages::kAll));
  print_page(context, page, kSteps);
  return kExitCompleted;
}

Result<int> step(Context& context, const Arguments& arguments) {
  Client client = connect_api(context);
  const Target target = execution_target(arguments.text("EXEC"), {"steps", arguments.text("PATH")});
  const json::Value one = TRY(client.get(target)).data;
  print_one(context, one, kSteps, record_of(context, one, kStepFields));
  return kExitCompleted;
}

/// A page has at most 1,000 events; all of them are read unless --limit says how many.
Result<int> events(Context& context, const Arguments& arguments) {
  Client client = connect_api(context);
  const std::string& exec_id = arguments.text("EXEC");
  std::string after = arguments.text("after-seq");
  if (arguments.has("follow")) {
    return follow_events(context, client, exec_id, std::strtoll(after.c_str(), nullptr, 10));
  }
  json::Array items;
  while (true) {
    Target target = execution_target(exec_id, {"events"});
    target.query("after_seq", after)
        .query("limit", arguments.has("limit") ? arguments.text("limit") : std::to_string(kEventPage));
    const json::Value page = TRY(client.get(target)).data;
    const json::Array& more = items_at(page, "items");
    items.insert(items.end(), more.begin(), more.end());
    const std::string next = text_at(page, "next_cursor");
    if (next.empty() || next == after || arguments.has("limit")) break;
    after = next;
  }
  if (context.format == Format::kTable && !context.ids_only) {
    for (const json::Value& event : items)
      context.screen.out(event_line(event, context.screen.face()) + "\n");
    return kExitCompleted;
  }
  print_page(context, json::Object{{"items", std::move(items)}, {"next_cursor", json::Value()}},
             {"seq", {}, ""});
  return kExitCompleted;
}

Result<int> result(Context& context, const Arguments& arguments) {
  Client client = connect_api(context);
  const std::string& exec_id = arguments.text("EXEC");
  const json::Value execution = arguments.has("wait") ? TRY(await_end(context, client, exec_id))
                                                      : TRY(client.get(execution_target(exec_id))).data;
  const std::string status = text_at(execution, "status");
  if (!is_final_status(status)) {
    return fail(ErrorKind::kConflict, "not_ended", "it is still " + status,
                "wait for it: pawl result --wait " + exec_id);
  }
  if (status != "completed") {
    context.screen.err("pawl: " + outcome_line(execution, context.screen.face()) + "\n" +
                       what_to_do(text_at(execution, "error.suggestion")));
    return exit_code_of_status(status);
  }
  const json::Value* const output = execution.find("output");
  print_document(context, output == nullptr ? json::Value() : *output);
  return kExitCompleted;
}

Result<int> why(Context& context, const Arguments& arguments) {
  Client client = connect_api(context);
  const json::Value reasons = TRY(client.get(execution_target(arguments.text("EXEC"), {"why"}))).data;
  std::string record;
  if (reasons.is_object()) {
    std::vector<Column> columns;
    for (const auto& [key, value] : reasons.as_object()) columns.push_back({escaped(key), key});
    record = record_of(context, reasons, columns);
  }
  print_one(context, reasons, kExecutions, record);
  return kExitCompleted;
}

}  // namespace

std::vector<Command> execution_commands() {
  const Parameter follow{Shape::kFlag, "-f,--follow",
                         "go on until the execution ends; the exit code is its outcome"};
  return {
      {"get", "show an execution", {kExec}, get},
      {"list",
       "list executions, newest first",
       {{Shape::kValue, "--status", "with these statuses, separated by commas", "STATUS"},
        {Shape::kValue, "--task", "of this task", "TASK"},
        {Shape::kValue, "--session", "of this session", "SESSION"},
        {Shape::kList, "--label", "with this label; may be repeated", "NAME=VALUE"},
        {Shape::kValue, "--after", "accepted after this time (RFC 3339)", "TIME"},
        {Shape::kValue, "--before", "accepted before this time", "TIME"},
        {Shape::kValue, "--limit", "items of a page, 1 to 200", "N"},
        {Shape::kValue, "--cursor", "the page after an earlier one", "CURSOR"},
        {Shape::kFlag, "--all", "all pages"}},
       list},
      {"watch", "show an execution until it ends; the exit code is its outcome", {kExec}, watch},
      {"steps", "list the steps of an execution", {kExec}, steps},
      {"step",
       "show one step",
       {kExec, {Shape::kPositional, "PATH", "path of the step, as each[3].fetch"}},
       step},
      {"events",
       "print the ledger of an execution",
       {kExec,
        follow,
        {Shape::kValue, "--after-seq", "only later ones", "SEQ"},
        {Shape::kValue, "--limit", "at most so many", "N"}},
       events},
      {"result",
       "print the output of an execution; the exit code is its outcome",
       {kExec, {Shape::kFlag, "--wait", "until it has ended"}},
       result},
      {"why", "say what an execution waits for", {kExec}, why},
  };
}

}  // namespace pawl::cli
