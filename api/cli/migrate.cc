// `pawl migrate`: brings the database's schema up to date. The only command that needs Postgres itself.
#include "common/db/migrate.h"

#include "api/cli/commands.h"
#include "api/cli/context.h"
#include "api/cli/exit_code.h"
#include "api/cli/limits.h"

namespace pawl::cli {
namespace {

std::uint32_t newest() { return db::migrations().empty() ? 0 : db::migrations().back().number; }

/// Calls `work` again while Postgres is away: it may just be starting.
template <typename T>
Result<T> with_patience(Context& context, const std::function<Result<T>()>& work) {
  const MonoTime give_up = context.world.time.monotonic() + kMigrateRetryFor;
  while (true) {
    auto done = work();
    if (done || done.error().kind != ErrorKind::kUnavailable || context.world.time.monotonic() >= give_up)
      return done;
    context.world.time.sleep(kMigrateRetryDelay);
  }
}

/// A schema this binary can't work with is exit 2 in every program (operating.md).
tl::unexpected<Error> refuse(Error error) {
  if (error.kind == ErrorKind::kConflict) error.kind = ErrorKind::kInvalid;
  return fail(std::move(error));
}

Result<int> show_status(Context& context, const std::string& url) {
  auto version = with_patience<std::uint32_t>(context, [&url] { return db::schema_version(url); });
  if (!version) return refuse(std::move(version).error());
  const std::string numbers = "schema " + std::to_string(*version) + " of " + std::to_string(newest());
  if (*version == newest()) {
    context.screen.out(numbers + ": up to date\n");
    return kExitCompleted;
  }
  context.screen.out(numbers + ": run 'pawl migrate'\n");
  return kExitFailed;
}

Result<int> migrate(Context& context, const Arguments& arguments) {
  const std::string& url = context.settings.postgres_url;
  if (url.empty()) {
    return fail(ErrorKind::kInvalid, "no_postgres_url", "the database's address is not known",
                "set PAWL_POSTGRES_URL or give --postgres-url postgresql://user:password@host:port/database");
  }
  if (arguments.has("status")) return show_status(context, url);
  auto report = with_patience<db::MigrationReport>(context, [&url] { return db::migrate(url); });
  if (!report) return refuse(std::move(report).error());
  for (const std::string& name : report->applied) context.screen.out("applied " + name + "\n");
  context.screen.out("schema " + std::to_string(report->after) +
                     (report->applied.empty()
                          ? ": up to date\n"
                          : ": " + std::to_string(report->applied.size()) + " applied\n"));
  return kExitCompleted;
}

}  // namespace

std::vector<Command> migrate_commands() {
  return {{"migrate",
           "bring the database's schema up to date",
           {{Shape::kFlag, "--status", "only say which schema is there; exit 1 when it is behind"},
            {Shape::kValue, "--postgres-url", "address of the database (PAWL_POSTGRES_URL)", "URL"}},
           migrate,
           "Waits up to 15 s for a Postgres that is starting. A schema newer than this program: exit 2."}};
}

}  // namespace pawl::cli
