// Control of executions: cancel, pause, resume, retry, signal, approve, reject.
#include "api/cli/client.h"
#include "api/cli/commands.h"
#include "api/cli/document.h"
#include "api/cli/exit_code.h"
#include "api/cli/output.h"
#include "api/cli/text.h"
#include "api/cli/values.h"

namespace pawl::cli {
namespace {

const Parameter kExec{Shape::kPositional, "EXEC", "id of the execution"};
const Parameter kReason{Shape::kValue, "--reason", "why, kept in the ledger", "TEXT"};

/// "0198… paused", or the whole answer in the format asked for.
void print_state(Context& context, const std::string& exec_id, const json::Value& execution,
                 const std::string& otherwise) {
  std::string state = text_at(execution, "status");
  const json::Value* const cancelling = execution.find("cancel_requested");
  const json::Value* const pausing = execution.find("pause_requested");
  if (cancelling != nullptr)
    state += ", cancel requested";
  else if (pausing != nullptr)
    state += ", pause requested";
  print_one(context, execution, {"exec_id", {}, ""},
            escaped(exec_id) + " " + escaped(state.empty() ? otherwise : state) + "\n");
}

Result<int> control(Context& context, const Arguments& arguments, const std::string& verb,
                    json::Object body) {
  Client client = connect_api(context);
  const std::string& exec_id = arguments.text("EXEC");
  if (arguments.has("reason")) body.set("reason", arguments.text("reason"));
  const Answer answer = TRY(client.expect({"POST", execution_target(exec_id, {verb}), std::move(body)}));
  print_state(context, exec_id, answer.data, verb);
  return kExitCompleted;
}

Result<int> cancel(Context& context, const Arguments& arguments) {
  return control(context, arguments, "cancel", {});
}
Result<int> resume(Context& context, const Arguments& arguments) {
  return control(context, arguments, "resume", {});
}

Result<int> pause(Context& context, const Arguments& arguments) {
  json::Object body;
  if (arguments.has("timeout")) body.set("timeout", arguments.text("timeout"));
  if (arguments.has("on-timeout")) body.set("on_timeout", arguments.text("on-timeout"));
  return control(context, arguments, "pause", std::move(body));
}

Result<int> retry(Context& context, const Arguments& arguments) {
  Client client = connect_api(context);
  json::Object body;
  if (arguments.has("from")) body.set("from", arguments.text("from"));
  if (arguments.has("reset-outputs")) body.set("reset_outputs", true);
  const Answer answer =
      TRY(client.expect({"POST", execution_target(arguments.text("EXEC"), {"retry"}), std::move(body)}));
  print_one(context, answer.data, {"exec_id", {}, ""}, escaped(text_at(answer.data, "exec_id")) + "\n");
  return kExitCompleted;
}

Result<int> signal(Context& context, const Arguments& arguments) {
  Client client = connect_api(context);
  json::Object body;
  if (arguments.has("payload")) {
    body.set("payload",
             TRY(document_option("--payload", arguments.text("payload"), context.world.read_file)));
  }
  const std::string& exec_id = arguments.text("EXEC");
  const Target target = execution_target(exec_id, {"signals", arguments.text("NAME")});
  const Answer answer = TRY(client.expect({"POST", target, std::move(body)}));
  print_state(context, exec_id, answer.data, "signal sent");
  return kExitCompleted;
}

/// The one step that waits for a decision. Errors: kConflict when there is none, kInvalid when there are
/// several.
Result<std::string> open_approval(Client& client, const std::string& exec_id) {
  const json::Value page = TRY(client.get(execution_target(exec_id, {"approvals"}))).data;
  std::vector<std::string> paths;
  for (const json::Value& item : items_at(page, "items")) {
    const std::string status = text_at(item, "status");
    if (status.empty() || status == "pending" || status == "open" || status == "requested")
      paths.push_back(text_at(item, "path"));
  }
  if (paths.empty())
    return fail(ErrorKind::kConflict, "no_approval", "nothing waits for a decision",
                "see: pawl why " + exec_id);
  if (paths.size() > 1) {
    std::string all;
    for (const std::string& path : paths) all += " " + path;
    return fail(ErrorKind::kInvalid, "many_approvals", "several steps wait for a decision:" + all,
                "name one");
  }
  return paths.front();
}

Result<int> decide(Context& context, const Arguments& arguments, const std::string& decision) {
  Client client = connect_api(context);
  const std::string& exec_id = arguments.text("EXEC");
  const std::string path =
      arguments.has("PATH") ? arguments.text("PATH") : TRY(open_approval(client, exec_id));
  json::Object body{{"decision", decision}};
  const std::string& comment =
      arguments.has("comment") ? arguments.text("comment") : arguments.text("reason");
  if (!comment.empty()) body.set("comment", comment);
  if (arguments.has("form"))
    body.set("form", TRY(document_option("--form", arguments.text("form"), context.world.read_file)));
  const Answer answer =
      TRY(client.expect({"POST", execution_target(exec_id, {"approvals", path}), std::move(body)}));
  print_one(
      context, answer.data, {"exec_id", {}, ""},
      escaped(exec_id) + " " + escaped(path) + " " + decision + (decision == "approve" ? "d" : "ed") + "\n");
  return kExitCompleted;
}

Result<int> approve(Context& context, const Arguments& arguments) {
  return decide(context, arguments, "approve");
}
Result<int> reject(Context& context, const Arguments& arguments) {
  return decide(context, arguments, "reject");
}

}  // namespace

std::vector<Command> control_commands() {
  const Parameter path{Shape::kOptional, "PATH", "the step that asks; not needed when only one does"};
  const Parameter form{Shape::kValue, "--form", "the form's values: JSON, or @file", "JSON"};
  const Parameter comment{Shape::kValue, "--comment", "a word for the ledger", "TEXT"};
  return {
      {"cancel", "cancel an execution", {kExec, kReason}, cancel},
      {"pause",
       "pause an execution: no further step starts",
       {kExec,
        kReason,
        {Shape::kValue, "--timeout", "pause for at most this long", "DURATION"},
        {Shape::kValue, "--on-timeout", "what comes then", "WHAT", {"resume", "cancel"}}},
       pause},
      {"resume", "let a paused execution go on", {kExec}, resume},
      {"retry",
       "run an ended execution again, keeping what it committed; prints the new one's id",
       {kExec,
        {Shape::kValue, "--from", "from this step on, not from the failed one", "PATH"},
        {Shape::kFlag, "--reset-outputs", "keep nothing"}},
       retry},
      {"signal",
       "send a signal that an execution waits for",
       {kExec,
        {Shape::kPositional, "NAME", "name of the signal"},
        {Shape::kValue, "--payload", "JSON, or @file", "JSON"}},
       signal},
      {"approve", "approve a step that asks", {kExec, path, comment, kReason, form}, approve},
      {"reject", "reject a step that asks", {kExec, path, comment, kReason, form}, reject},
  };
}

}  // namespace pawl::cli
