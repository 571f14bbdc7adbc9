// `pawl logs`: what the processes of an execution printed.
#include "api/cli/client.h"
#include "api/cli/commands.h"
#include "api/cli/exit_code.h"
#include "api/cli/text.h"
#include "api/cli/text_stream.h"
#include "api/cli/values.h"
#include "common/json/parse.h"

namespace pawl::cli {
namespace {

/// The error in a body that was not streamed because its status was no 2xx.
tl::unexpected<Error> refused(const HttpAnswer& raw) {
  Answer answer;
  answer.status = raw.status;
  if (const auto body = json::parse(raw.body)) {
    if (const json::Value* error = body->find("error"); error != nullptr) answer.error = *error;
  }
  return fail(error_of(answer));
}

enum class Until : unsigned char { kNow, kEnd };

Result<void> print_log(Context& context, Client& client, const std::string& exec_id, const std::string& path,
                       Until until) {
  TextStream stream;
  HttpRequest request;
  Target target = execution_target(exec_id, {"steps", path, "logs"});
  if (until == Until::kEnd) target.query("follow", "true");
  request.target = target.text();
  request.timeout = Millis{0};
  request.on_data = [&](std::string_view data) {
    context.screen.out(stream.take(data));
    return true;
  };
  const HttpAnswer answer = TRY(client.transport().send(request));
  if (answer.status < 200 || answer.status >= 300) return refused(answer);
  context.screen.out(stream.finish());
  return {};
}

Result<int> logs(Context& context, const Arguments& arguments) {
  Client client = connect_api(context);
  const std::string& exec_id = arguments.text("EXEC");
  const Until until = arguments.has("follow") ? Until::kEnd : Until::kNow;
  if (arguments.has("PATH")) {
    TRY(print_log(context, client, exec_id, arguments.text("PATH"), until));
    return kExitCompleted;
  }
  const json::Value page = TRY(client.get(execution_target(exec_id, {"steps"}))).data;
  std::vector<std::string> paths;
  for (const json::Value& step : items_at(page, "items")) {
    if (text_at(step, "tool") == "process") paths.push_back(text_at(step, "path"));
  }
  if (paths.empty()) {
    context.screen.err("no step of it runs a process\n");
    return kExitCompleted;
  }
  for (const std::string& path : paths) {
    if (paths.size() > 1) context.screen.out("==> " + escaped(path) + " <==\n");
    TRY(print_log(context, client, exec_id, path, until));
  }
  return kExitCompleted;
}

}  // namespace

std::vector<Command> log_commands() {
  return {{"logs",
           "print what the processes of an execution printed",
           {{Shape::kPositional, "EXEC", "id of the execution"},
            {Shape::kOptional, "PATH", "of this step only"},
            {Shape::kFlag, "-f,--follow", "go on until the step ends"}},
           logs}};
}

}  // namespace pawl::cli
