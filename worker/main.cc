// pawl-worker: claims executions, runs their steps, commits every result before the next step begins.
#include <csignal>
#include <cstdio>

#include "common/loop/signals.h"
#include "common/process/program.h"
#include "worker/wire.h"

int main(int argc, char** argv) {
  using namespace pawl;
  auto begun = process::start_program(
      "pawl-worker", "pawl-worker: runs executions. Needs postgres_url and amqp_url.", argc, argv);
  if (!begun.start) return begun.exit_code;
  const process::Start& start = *begun.start;
  std::signal(SIGPIPE, SIG_IGN);
  if (auto schema = process::check_schema(start.config, start.log); !schema) {
    std::fprintf(stderr, "pawl-worker: %s\n", schema.error().message.c_str());
    return process::kExitUsage;
  }
  Loop loop;
  bool stopping = false;
  std::unique_ptr<worker::WorkerProcess> process;
  const auto stop = [&] {
    if (stopping) return process->hurry();
    stopping = true;
    process->stop([&] { loop.stop(); });
  };
  auto worker = worker::WorkerProcess::create(loop, start.config, start.log, [&] {
    if (!stopping) stop();
  });
  if (!worker) {
    std::fprintf(stderr, "pawl-worker: %s\n", worker.error().message.c_str());
    return process::kExitUsage;
  }
  process = std::move(*worker);
  SignalWatch terminate(loop, SIGTERM, stop);
  SignalWatch interrupt(loop, SIGINT, stop);
  loop.run();
  return 0;
}
