// Sessions: workspaces that commands run in, one after the other (http-api.md §5).
#include "api/cli/client.h"
#include "api/cli/commands.h"
#include "api/cli/document.h"
#include "api/cli/exit_code.h"
#include "api/cli/limits.h"
#include "api/cli/output.h"
#include "api/cli/text.h"
#include "api/cli/values.h"

namespace pawl::cli {
namespace {

const Parameter kSession{Shape::kPositional, "SESSION", "id of the session"};

const View kSessions{"id",
                     {{"SESSION", "id"},
                      {"STATUS", "status", Show::kStatus},
                      {"WORKSPACE", "workspace"},
                      {"AGE", "created_at", Show::kAge}},
                     "no sessions"};
const View kTasks{"id",
                  {{"TASK", "id"},
                   {"STATUS", "status", Show::kStatus},
                   {"COMMAND", "command"},
                   {"EXIT", "exit_code"},
                   {"TIME", "duration_ms", Show::kDurationMs},
                   {"AGE", "created_at", Show::kAge}},
                  "no commands"};
const std::vector<Column> kSessionFields = {{"session", "id"},
                                            {"status", "status", Show::kStatus},
                                            {"workspace", "workspace"},
                                            {"program", "program"},
                                            {"idle timeout", "idle_timeout"},
                                            {"max lifetime", "max_lifetime"},
                                            {"created", "created_at"},
                                            {"metadata", "metadata"}};

/// Tasks of sessions live at the root; /api/v0/tasks are definitions.
Target task_target(const std::string& id) { return Target({"tasks", id}, ""); }

Result<int> create(Context& context, const Arguments& arguments) {
  json::Object body;
  const FileReader& read = context.world.read_file;
  if (arguments.has("program"))
    body.set("program", TRY(document_option("--program", arguments.text("program"), read)));
  if (arguments.has("metadata"))
    body.set("metadata", TRY(document_option("--metadata", arguments.text("metadata"), read)));
  if (arguments.has("workspace")) body.set("workspace", arguments.text("workspace"));
  if (arguments.has("idle-timeout")) body.set("idle_timeout", arguments.text("idle-timeout"));
  if (arguments.has("max-lifetime")) body.set("max_lifetime", arguments.text("max-lifetime"));
  json::Object variables;
  for (const std::string& assignment : arguments.list("env")) {
    const std::size_t equals = assignment.find('=');
    if (equals == std::string::npos || equals == 0) {
      return fail(ErrorKind::kInvalid, "bad_option", "--env: '" + assignment + "' is not NAME=VALUE");
    }
    variables.set(assignment.substr(0, equals), assignment.substr(equals + 1));
  }
  if (!variables.empty()) body.set("env", std::move(variables));
  Client client = connect_api(context);
  const Answer answer = TRY(client.expect({"POST", Target({"sessions"}), std::move(body)}));
  print_one(context, answer.data, kSessions, escaped(text_at(answer.data, "id")) + "\n");
  return kExitCompleted;
}

Result<int> get(Context& context, const Arguments& arguments) {
  Client client = connect_api(context);
  const json::Value session = TRY(client.get(Target({"sessions", arguments.text("SESSION")}))).data;
  print_one(context, session, kSessions, record_of(context, session, kSessionFields));
  return kExitCompleted;
}

Result<int> list(Context& context, const Arguments& arguments) {
  Target target({"sessions"});
  target.query("status", arguments.text("status")).query("limit", arguments.text("limit"));
  Client client = connect_api(context);
  const json::Value page = TRY(read_pages(client, target, arguments.has("all") ? Pages::kAll : Pages::kOne));
  print_page(context, page, kSessions);
  return kExitCompleted;
}

Result<int> remove(Context& context, const Arguments& arguments) {
  Client client = connect_api(context);
  TRY(client.expect({"DELETE", Target({"sessions", arguments.text("SESSION")})}));
  context.screen.out(escaped(arguments.text("SESSION")) +
                     (context.ids_only ? "\n" : " deleted, its commands cancelled\n"));
  return kExitCompleted;
}

int print_task(Context& context, const json::Value& task) {
  const std::string status = text_at(task, "status");
  std::string output = escaped_lines(text_at(task, "output"));
  if (!output.empty() && output.back() != '\n') output += '\n';
  print_one(context, task, kTasks, output);
  if (status == "completed") return kExitCompleted;
  if (context.format == Format::kTable && !context.ids_only) {
    const std::string code = text_at(task, "exit_code");
    context.screen.err("pawl: the command is " + escaped(status) +
                       (code.empty() ? "" : ", exit " + escaped(code)) + "\n");
  }
  return exit_code_of_status(status);
}

Result<int> run(Context& context, const Arguments& arguments) {
  json::Object body{{"command", arguments.text("COMMAND")}};
  if (arguments.has("timeout")) body.set("timeout", arguments.text("timeout"));
  if (arguments.has("stdin")) {
    const auto text = context.world.read_file(arguments.text("stdin"));
    if (!text)
      return fail(ErrorKind::kInvalid, "no_file", "--stdin: '" + arguments.text("stdin") + "' can't be read");
    body.set("stdin", *text);
  }
  Client client = connect_api(context);
  const Target target({"sessions", arguments.text("SESSION"), "tasks"});
  json::Value task = TRY(client.expect({"POST", target, std::move(body)})).data;
  const std::string id = text_at(task, "id");
  if (arguments.has("detach")) {
    print_one(context, task, kTasks, escaped(id) + "\n");
    return kExitCompleted;
  }
  for (Millis pause{100}; !is_final_status(text_at(task, "status"));
       pause = std::min(pause * 2, Millis{1000})) {
    context.world.time.sleep(pause);
    task = TRY(client.get(task_target(id))).data;
  }
  return print_task(context, task);
}

Result<int> tasks(Context& context, const Arguments& arguments) {
  Client client = connect_api(context);
  Target target({"tasks"}, "");
  target.query("session_id", arguments.text("SESSION"))
      .query("status", arguments.text("status"))
      .query("limit", arguments.text("limit"));
  // A bare answer: its `data` is the list itself.
  const Answer answer = TRY(client.get(target));
  const json::Value* const items = answer.data.find("data");
  print_page(context,
             json::Object{{"items", items == nullptr ? answer.data : *items}, {"next_cursor", json::Value()}},
             kTasks);
  return kExitCompleted;
}

Result<int> task(Context& context, const Arguments& arguments) {
  Client client = connect_api(context);
  const json::Value one = TRY(client.get(task_target(arguments.text("TASK")))).data;
  static_cast<void>(print_task(context, one));
  return kExitCompleted;
}

Result<int> stop(Context& context, const Arguments& arguments) {
  Client client = connect_api(context);
  TRY(client.expect({"DELETE", task_target(arguments.text("TASK"))}));
  context.screen.out(escaped(arguments.text("TASK")) + (context.ids_only ? "\n" : " stopped\n"));
  return kExitCompleted;
}

}  // namespace

std::vector<Command> session_commands() {
  const Parameter task_id{Shape::kPositional, "TASK", "id of the command"};
  const Parameter status{Shape::kValue, "--status", "with this status", "STATUS"};
  const Parameter limit{Shape::kValue, "--limit", "at most so many", "N"};
  return {
      {"session create",
       "make a session; prints its id",
       {{Shape::kValue, "--program", "what commands are handed to: JSON, or @file", "JSON"},
        {Shape::kList, "--env", "a variable; may be repeated", "NAME=VALUE"},
        {Shape::kValue, "--workspace", "folder, below the file root", "FOLDER"},
        {Shape::kValue, "--idle-timeout", "ends when idle for so long (30m)", "DURATION"},
        {Shape::kValue, "--max-lifetime", "ends after so long (4h)", "DURATION"},
        {Shape::kValue, "--metadata", "JSON, or @file", "JSON"}},
       create},
      {"session get", "show a session", {kSession}, get},
      {"session list", "list sessions", {status, limit, {Shape::kFlag, "--all", "all pages"}}, list},
      {"session delete", "end a session and cancel its commands", {kSession}, remove},
      {"session run",
       "run a command and print its output; the exit code is its outcome",
       {kSession,
        {Shape::kPositional, "COMMAND", "the command, in one word"},
        {Shape::kValue, "--timeout", "end it after so long", "DURATION"},
        {Shape::kValue, "--stdin", "file that is its input (- is stdin)", "FILE"},
        {Shape::kFlag, "-d,--detach", "don't wait; print its id"}},
       run},
      {"session tasks", "list the commands of a session", {kSession, status, limit}, tasks},
      {"session task", "print the output of a command", {task_id}, task},
      {"session stop", "stop a command", {task_id}, stop},
  };
}

}  // namespace pawl::cli
