// pawl-api: takes plans over HTTP, stores them, publishes their tickets, answers 202.
#include <csignal>
#include <cstdio>

#include "api/wire.h"
#include "common/loop/signals.h"
#include "common/process/program.h"

int main(int argc, char** argv) {
  using namespace pawl;
  auto begun = process::start_program(
      "pawl-api", "pawl-api: the HTTP door of Pawl. Needs postgres_url and amqp_url.", argc, argv);
  if (!begun.start) return begun.exit_code;
  const process::Start& start = *begun.start;
  std::signal(SIGPIPE, SIG_IGN);
  if (auto schema = process::check_schema(start.config, start.log); !schema) {
    std::fprintf(stderr, "pawl-api: %s\n", schema.error().message.c_str());
    return process::kExitUsage;
  }
  Loop loop;
  auto api = api::ApiProcess::create(loop, start.config, start.log);
  if (!api) {
    std::fprintf(stderr, "pawl-api: %s\n", api.error().message.c_str());
    return process::kExitUsage;
  }
  bool stopping = false;
  const auto stop = [&] {
    if (stopping) return loop.stop();  // asked twice: at once
    stopping = true;
    (*api)->stop([&] { loop.stop(); });
  };
  SignalWatch terminate(loop, SIGTERM, stop);
  SignalWatch interrupt(loop, SIGINT, stop);
  loop.run();
  return 0;
}
