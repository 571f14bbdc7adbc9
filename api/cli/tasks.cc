// Definitions of tasks, and the tools their steps may use.
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

const Parameter kTask{Shape::kPositional, "TASK", "id of the task"};
const Parameter kFile{Shape::kPositional, "FILE", "a .json or .yaml file (- is stdin)"};

const View kTasks{"id",
                  {{"TASK", "id"},
                   {"VERSION", "version"},
                   {"AGE", "created_at", Show::kAge},
                   {"DESCRIPTION", "task.description"}},
                  "no tasks"};
const View kTools{
    "name",
    {{"TOOL", "name"}, {"WORKERS", "workers"}, {"HEALTH", "health.state"}, {"DESCRIPTION", "description"}},
    "no worker offers a tool; is one running? See: pawl workers list"};

void print_warnings(Context& context, const json::Value& data) {
  for (const json::Value& warning : items_at(data, "warnings")) {
    context.screen.err("warning: " + escaped(text_at(warning, "pointer")) + ": " +
                       escaped(text_at(warning, "message")) + "\n");
  }
}

Result<int> put(Context& context, const Arguments& arguments) {
  const json::Value document = TRY(read_document(arguments.text("FILE"), context.world.read_file));
  std::string id = arguments.text("id");
  if (id.empty()) id = text_at(document, "id");
  if (id.empty())
    return fail(ErrorKind::kInvalid, "no_id", "the task has no id", "put \"id\" into the file, or give --id");
  Call call{"PUT", Target({"tasks", id}), document};
  if (arguments.has("if-version"))
    call.headers.emplace_back("If-Match", "\"" + arguments.text("if-version") + "\"");
  Client client = connect_api(context);
  const Answer answer = TRY(client.expect(call));
  print_one(context, answer.data, kTasks,
            escaped(id) + " version " + escaped(text_at(answer.data, "version")) +
                (answer.status == 201 ? " created\n" : " stored\n"));
  print_warnings(context, answer.data);
  return kExitCompleted;
}

Result<int> get(Context& context, const Arguments& arguments) {
  Client client = connect_api(context);
  const json::Value task =
      TRY(client.get(Target({"tasks", arguments.text("TASK")}).query("version", arguments.text("version"))))
          .data;
  if (context.format != Format::kTable || context.ids_only)
    return print_one(context, task, kTasks, ""), kExitCompleted;
  const json::Value* const document = task.find("task");
  print_document(context, document == nullptr ? task : *document);
  return kExitCompleted;
}

Result<int> list(Context& context, const Arguments& arguments) {
  const bool all = arguments.has("all");
  Target target({"tasks"});
  target.query("q", arguments.text("search")).query("cursor", arguments.text("cursor"));
  target.query("limit", all && !arguments.has("limit") ? std::to_string(kPage) : arguments.text("limit"));
  Client client = connect_api(context);
  const json::Value page = TRY(read_pages(client, target, all ? Pages::kAll : Pages::kOne));
  print_page(context, page, kTasks);
  return kExitCompleted;
}

Result<int> versions(Context& context, const Arguments& arguments) {
  Client client = connect_api(context);
  View view = kTasks;
  view.id = "version";
  const json::Value page =
      TRY(read_pages(client, Target({"tasks", arguments.text("TASK"), "versions"}), Pages::kAll));
  print_page(context, page, view);
  return kExitCompleted;
}

Result<int> remove(Context& context, const Arguments& arguments) {
  Client client = connect_api(context);
  TRY(client.expect({"DELETE", Target({"tasks", arguments.text("TASK")})}));
  context.screen.out(escaped(arguments.text("TASK")) +
                     (context.ids_only ? "\n" : " deleted; what runs goes on\n"));
  return kExitCompleted;
}

Result<int> validate(Context& context, const Arguments& arguments) {
  const json::Value document = TRY(read_document(arguments.text("FILE"), context.world.read_file));
  Client client = connect_api(context);
  const Answer answer = TRY(client.expect({"POST", Target({"tasks", "validate"}), document}));
  std::string record = "valid: " + std::to_string(items_at(answer.data, "steps").size()) + " steps\n";
  const std::string estimate = text_at(answer.data, "estimate.p50");
  if (!estimate.empty()) record += "estimated to take " + escaped(estimate) + "\n";
  print_one(context, answer.data, {"hash", {}, ""}, record);
  print_warnings(context, answer.data);
  return kExitCompleted;
}

Result<int> tools(Context& context, const Arguments&) {
  Client client = connect_api(context);
  const json::Value page = TRY(read_pages(client, Target({"tools"}), Pages::kAll));
  print_page(context, page, kTools);
  return kExitCompleted;
}

}  // namespace

std::vector<Command> task_commands() {
  return {
      {"task put",
       "store a task; each time a new version",
       {kFile,
        {Shape::kValue, "--id", "store it under this id", "TASK"},
        {Shape::kValue, "--if-version", "only if this is the newest version", "N"}},
       put},
      {"task get",
       "print a task",
       {kTask, {Shape::kValue, "--version", "not the newest but this one", "N"}},
       get},
      {"task list",
       "list tasks",
       {{Shape::kValue, "--search", "whose id holds this text", "TEXT"},
        {Shape::kValue, "--limit", "items of a page, 1 to 200", "N"},
        {Shape::kValue, "--cursor", "the page after an earlier one", "CURSOR"},
        {Shape::kFlag, "--all", "all pages"}},
       list},
      {"task versions", "list the versions of a task", {kTask}, versions},
      {"task delete", "delete a task; what runs goes on", {kTask}, remove},
      {"task validate", "say what is wrong with a task, without storing it", {kFile}, validate},
      {"tools", "list the tools that steps may use", {}, tools},
  };
}

}  // namespace pawl::cli
