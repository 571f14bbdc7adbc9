// The execution resource (plan-language.md §6).
#include "api/views.h"
#include "common/base/time_format.h"

namespace pawl::api {
namespace {

json::Value time_json(const std::optional<WallTime>& time) {
  return time ? json::Value(format_rfc3339(*time)) : json::Value();
}

json::Value progress_json(const store::ExecutionRow& row) {
  json::Object progress =
      row.progress.is_object()
          ? row.progress.as_object()
          : json::Object{{"completed", 0}, {"total", 0}, {"percent", 0}, {"current", json::Array{}}};
  if (!progress.contains("remaining")) progress.set("remaining", json::Value());
  return progress;
}

json::Value links_json(const std::string& self) {
  return json::Object{{"self", self},
                      {"steps", self + "/steps"},
                      {"events", self + "/events"},
                      {"stream", self + "/stream"},
                      {"cancel", self + "/cancel"}};
}

}  // namespace

std::string exec_url(const Uuid& exec_id) { return "/api/v0/executions/tasks/" + exec_id.to_string(); }

std::string execution_etag(const store::ExecutionRow& row) {
  return "\"" + std::to_string(row.epoch) + "-" + std::to_string(row.rev) + "\"";
}

json::Value execution_json(const store::ExecutionRow& row) {
  json::Object out{{"exec_id", row.exec_id.to_string()},
                   {"task_id", row.task_id.empty() ? json::Value() : json::Value(row.task_id)},
                   {"task_version", row.task_version > 0 ? json::Value(row.task_version) : json::Value()},
                   {"status", to_string(row.status)},
                   {"phase", to_string(row.phase)},
                   {"progress", progress_json(row)},
                   {"input", row.input},
                   {"output", row.output},
                   {"error", row.failure ? to_json(*row.failure) : json::Value()},
                   {"created_at", format_rfc3339(row.created_at)},
                   {"started_at", time_json(row.started_at)},
                   {"finished_at", time_json(row.finished_at)},
                   {"lane", row.lane},
                   {"priority", row.priority},
                   {"attempt", 1},
                   {"epoch", row.epoch},
                   {"labels", row.labels.is_null() ? json::Value(json::Object{}) : row.labels},
                   {"links", links_json(exec_url(row.exec_id))}};
  if (row.cancel_requested && !is_final(row.status)) out.set("cancel_requested", true);
  if (row.pause_requested && row.status != ExecutionStatus::kPaused && !is_final(row.status))
    out.set("pause_requested", true);
  if (row.run_at) out.set("run_at", format_rfc3339(*row.run_at));
  if (row.wake_at) out.set("wake_at", format_rfc3339(*row.wake_at));
  if (!row.waiting_for.is_null()) out.set("waiting_for", row.waiting_for);
  if (!row.session_id.empty()) out.set("session_id", row.session_id);
  if (!row.retry_of.empty()) out.set("retry_of", row.retry_of);
  return out;
}

}  // namespace pawl::api
