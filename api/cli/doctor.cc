// `pawl doctor`: looks at each part and says what to do. Also the doors to the programs beside this one: sim,
// bench.
#include <algorithm>
#include <iterator>

#include "api/cli/checks.h"
#include "api/cli/commands.h"
#include "api/cli/exit_code.h"
#include "api/cli/output.h"
#include "api/cli/table.h"
#include "api/cli/text.h"

namespace pawl::cli {
namespace {

std::string_view word_of(Health health) {
  switch (health) {
    case Health::kOk: return "ok";
    case Health::kWarn: return "warn";
    case Health::kFail: return "fail";
  }
  return "fail";
}

std::string line_of(const Check& check, const Face& face) {
  const std::string_view word = word_of(check.health);
  std::string line = painted(padded(word, 4), paint_of_status(word), face) + "  " + padded(check.name, 10) +
                     "  " + escaped(check.finding);
  if (!check.mend.empty()) line += "  → " + escaped(check.mend);
  return line + "\n";
}

Result<int> doctor(Context& context, const Arguments&) {
  std::vector<Check> checks = check_api(context);
  checks.push_back(check_ops(context));
  checks.push_back(check_postgres(context));
  checks.push_back(check_broker(context));
  std::vector<Check> host = check_host(context.world.host, context.world.read_file);
  std::move(host.begin(), host.end(), std::back_inserter(checks));
  const bool is_well = std::none_of(checks.begin(), checks.end(),
                                    [](const Check& check) { return check.health == Health::kFail; });
  if (context.format == Format::kTable) {
    for (const Check& check : checks) context.screen.out(line_of(check, context.screen.face()));
  } else {
    json::Array items;
    for (const Check& check : checks) {
      items.push_back(json::Object{{"check", check.name},
                                   {"health", word_of(check.health)},
                                   {"finding", check.finding},
                                   {"mend", check.mend}});
    }
    print_page(context, json::Object{{"items", std::move(items)}, {"next_cursor", json::Value()}},
               {"check", {}, ""});
  }
  return is_well ? kExitCompleted : kExitFailed;
}

Result<int> hand_over(Context& context, const Arguments& arguments, const std::string& program) {
  const Settings& settings = context.settings;
  Assignments more{{"PAWL_URL", settings.url}};
  for (const auto& [name, value] : {std::pair{"PAWL_API_KEY", settings.api_key},
                                    {"PAWL_OPS_URL", settings.ops_url},
                                    {"PAWL_POSTGRES_URL", settings.postgres_url},
                                    {"PAWL_AMQP_URL", settings.amqp_url}}) {
    if (!value.empty()) more[name] = value;
  }
  return fail(context.world.hand_over(program, arguments.list("ARGUMENTS"), more));
}

Result<int> sim(Context& context, const Arguments& arguments) {
  return hand_over(context, arguments, "pawl-sim");
}
Result<int> bench(Context& context, const Arguments& arguments) {
  return hand_over(context, arguments, "pawl-bench");
}

}  // namespace

std::vector<Command> doctor_commands() {
  const Parameter rest{Shape::kRest, "ARGUMENTS", "handed on"};
  return {
      {"doctor",
       "look at the API, its servers and this host, and say what to do",
       {{Shape::kValue, "--postgres-url", "address of the database (PAWL_POSTGRES_URL)", "URL"},
        {Shape::kValue, "--amqp-url", "address of the broker (PAWL_AMQP_URL)", "URL"}},
       doctor,
       "Exit 1 when something fails, 0 with mere warnings."},
      {"sim", "run a plan's state machine under simulated faults (pawl-sim)", {rest}, sim},
      {"bench", "measure a running stack (pawl-bench)", {rest}, bench},
  };
}

}  // namespace pawl::cli
