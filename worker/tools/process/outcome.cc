#include "worker/tools/process/outcome.h"

#include <sys/wait.h>

#include <algorithm>
#include <csignal>
#include <cstring>

#include "common/model/catalogue.h"
#include "worker/tools/process/limits.h"
#include "worker/tools/process/text.h"

namespace pawl::tools {
namespace {

constexpr int kShellSignalBase = 128;  // how a shell tells that a signal ended its last command

/// Without a cgroup the address space was limited, and a peak this near to it says why the program failed.
bool is_near(std::int64_t peak, std::int64_t limit) { return peak >= limit / 10 * 8; }

Failure with_details(Failure failure, const ProcessEnd& end, std::optional<int> exit_code) {
  json::Object details;
  if (exit_code) details.set("exit_code", *exit_code);
  if (!end.out.empty()) details.set("stdout", to_text(tail(end.out, kMaxTailBytes)));
  if (!end.err.empty()) details.set("stderr", to_text(tail(end.err, kMaxTailBytes)));
  failure.details = std::move(details);
  return failure;
}

Failure ended_by_us(const ProcessEnd& end) {
  if (end.was_out_of_pids && end.ended == Ended::kTimeout)
    return make_failure("pids_limit", "the command started more processes than it may");
  if (end.was_out_of_memory && end.ended == Ended::kTimeout)
    return make_failure("oom_killed", "the command used more memory than it may");
  switch (end.ended) {
    case Ended::kTimeout: return make_failure("timeout", "the command did not end in time");
    case Ended::kTooMuchOutput:
      return make_failure("output_limit", "the command wrote more than `max_output`");
    case Ended::kCancelled:
    case Ended::kByItself: break;
  }
  return make_failure("cancelled", "the command was cancelled");
}

/// The failure of a command that never ran.
Failure not_started(const init::Report& report) {
  const std::string why = std::strerror(report.status);
  if (report.outcome == init::Outcome::kNotExecutable)
    return make_failure("not_executable", "the program can't be run: " + why);
  if (report.outcome == init::Outcome::kBadFolder)
    return make_failure("invalid_parameter", "`cwd` can't be entered: " + why);
  return make_failure("spawn_failed", "the sandbox can't be set up: " + why);
}

bool has_signal(const init::Report& report, int signal) {
  return (WIFSIGNALED(report.status) && WTERMSIG(report.status) == signal) ||
         (WIFEXITED(report.status) && WEXITSTATUS(report.status) == kShellSignalBase + signal);
}

Failure unexpected_end(const ProcessRequest& request, const ProcessEnd& end) {
  const init::Report& report = *end.report;
  const bool was_killed = has_signal(report, SIGKILL);
  if (end.was_out_of_memory || report.is_out_of_memory != 0)
    return make_failure("oom_killed", "the command used more memory than it may");
  if (!end.is_memory_counted && is_near(report.max_rss_bytes, request.command.limits.memory_bytes))
    return make_failure("oom_killed", "the command used the memory that it may use");
  if (end.was_out_of_pids || report.is_crowded != 0)
    return make_failure("pids_limit", "the command started more processes than it may");
  if (report.is_full != 0 || has_signal(report, SIGXFSZ))
    return make_failure("no_space", "the work folder is full");
  if (WIFSIGNALED(report.status)) {
    const int signal = WTERMSIG(report.status);
    return make_failure("signal_" + std::to_string(signal), std::string("the command was ended by ") +
                                                                (was_killed ? "SIGKILL" : strsignal(signal)));
  }
  const int code = WEXITSTATUS(report.status);
  if (code == 126 || code == 127)
    return make_failure("not_executable", "a program of the command can't be run");
  return make_failure("exit_" + std::to_string(code), "the command ended with " + std::to_string(code));
}

tl::expected<json::Value, Failure> read_end(const ProcessRequest& request, const ProcessEnd& end) {
  if (end.ended != Ended::kByItself) return tl::unexpected(with_details(ended_by_us(end), end, std::nullopt));
  if (!end.report) {
    // The init can't be killed from inside; the kernel, an operator or bwrap did it.
    if (end.was_out_of_memory)
      return tl::unexpected(with_details(
          make_failure("oom_killed", "the command used more memory than it may"), end, std::nullopt));
    return tl::unexpected(
        with_details(make_failure("spawn_failed", "the sandbox ended without a report"), end, std::nullopt));
  }
  const init::Report& report = *end.report;
  if (report.outcome ==
      init::Outcome::kKilled)  // only in weaker profiles, by a process that may signal the init
    return tl::unexpected(
        with_details(make_failure("signal_15", "the command was ended by SIGTERM"), end, std::nullopt));
  if (report.outcome != init::Outcome::kExited) {
    Failure failure = with_details(not_started(report), end, std::nullopt);
    failure.sent = false;
    return tl::unexpected(std::move(failure));
  }
  const bool has_exited = WIFEXITED(report.status);
  const int code = has_exited ? WEXITSTATUS(report.status) : kShellSignalBase + WTERMSIG(report.status);
  const bool is_expected =
      has_exited && std::ranges::find(request.expect_exit, code) != request.expect_exit.end();
  // A fork bomb lets its first process end well and goes on without it.
  const bool is_bomb = report.left_behind != 0 && (end.was_out_of_pids || report.is_crowded != 0);
  if (!is_expected || is_bomb) return tl::unexpected(with_details(unexpected_end(request, end), end, code));
  return json::Value(json::Object{{"exit_code", code},
                                  {"stdout", to_text(end.out)},
                                  {"stderr", to_text(end.err)},
                                  {"cpu_ms", end.resources.cpu_ms},
                                  {"max_rss_bytes", end.resources.max_rss_bytes}});
}

}  // namespace

ToolResult judge(const ProcessRequest& request, const ProcessEnd& end) {
  return {read_end(request, end), end.resources};
}

}  // namespace pawl::tools
