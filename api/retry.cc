#include "api/retry.h"

#include <algorithm>
#include <map>
#include <memory>
#include <utility>

#include "api/acceptance.h"
#include "api/fields.h"
#include "common/plan/parse.h"

namespace pawl::api {
namespace {

constexpr std::string_view kUndo = ".compensate";

/// "fan.left" is inside "fan", "each[3].call" inside "each" and "each[3]".
bool is_inside(std::string_view path, std::string_view group) {
  return path.size() > group.size() && path.starts_with(group) &&
         (path[group.size()] == '.' || path[group.size()] == '[');
}

/// The path of the group that holds it; "" for a top-level step.
std::string_view parent_of(std::string_view path) {
  const std::size_t end = path.find_last_of(".[");
  return end == std::string_view::npos ? std::string_view{} : path.substr(0, end);
}

class Keeping {
 public:
  Keeping(const std::vector<StepRecord>& records, const RetryFrom& from) : records_(records), from_(from) {
    for (const StepRecord& record : records) by_path_[record.path] = &record;
    const auto found = by_path_.find(from.path);
    if (found != by_path_.end()) position_ = found->second->position;
    for (const StepRecord& record : records) {
      if (!record.path.ends_with(kUndo)) continue;
      undone_.insert(record.path.substr(0, record.path.size() - kUndo.size()));
    }
  }

  [[nodiscard]] bool keeps(const StepRecord& record) const {
    if (record.path.ends_with(kUndo) || holds_undone(record.path)) return false;
    const bool committed = record.status == StepStatus::kCompleted;
    if (from_.path.empty()) return committed && !from_.reset_outputs;
    if (record.path == from_.path || is_inside(record.path, from_.path) || is_inside(from_.path, record.path))
      return false;
    const bool before = record.position < position_;
    if (is_beside(record.path)) return committed && (!from_.reset_outputs || before);
    return before;
  }

 private:
  [[nodiscard]] bool holds_undone(const std::string& path) const {
    return std::any_of(undone_.begin(), undone_.end(), [&path](const std::string& undone) {
      return path == undone || is_inside(path, undone) || is_inside(undone, path);
    });
  }
  /// Do the two part in a group whose children run at the same time?
  [[nodiscard]] bool is_beside(std::string_view path) const {
    std::string_view group = parent_of(path);
    while (!group.empty() && !is_inside(from_.path, group)) group = parent_of(group);
    const auto found = by_path_.find(std::string(group));
    return found != by_path_.end() &&
           (found->second->kind == "parallel" || found->second->kind == "for_each");
  }

  const std::vector<StepRecord>& records_;
  const RetryFrom& from_;
  std::map<std::string, const StepRecord*> by_path_;
  std::set<std::string> undone_;
  std::int64_t position_ = INT64_MAX;
};

/// What the reads of one retry gather.
struct Retry {
  RetryRequest request;
  MonoTime deadline;
  Done<store::Accepted> done;
  store::ExecutionRow row = {};
  std::set<std::string> cleanup = {};
};
using RetryPtr = std::shared_ptr<Retry>;

void store_retry(Services& services, const RetryPtr& retry, const std::vector<StepRecord>& records) {
  RetryRequest& request = retry->request;
  const auto named = [&request](const StepRecord& record) { return record.path == request.from.path; };
  if (!request.from.path.empty() && std::none_of(records.begin(), records.end(), named)) {
    return retry->done(
        pawl::fail(faults_error({{"/from", "unknown_step", "is no step of this execution that has ended"}})));
  }
  // Without a word about where: from the step that failed, so that what ended before it keeps its end.
  if (request.from.path.empty() && !request.from.reset_outputs && retry->row.failure) {
    const std::string& failed = retry->row.failure->step;
    const auto is_it = [&failed](const StepRecord& record) {
      return record.path == failed && record.kind == "tool";
    };
    if (std::any_of(records.begin(), records.end(), is_it)) request.from.path = failed;
  }
  store::NewExecution execution;
  execution.tenant = request.tenant;
  execution.task_id = retry->row.task_id;
  execution.task_version = retry->row.task_version;
  execution.plan_hash = retry->row.plan_hash;
  execution.input = std::move(retry->row.input);
  execution.lane = retry->row.lane;
  execution.priority = retry->row.priority;
  execution.labels = std::move(retry->row.labels);
  execution.limits = std::move(retry->row.limits);
  execution.retry_of = request.exec_id.to_string();
  execution.kept = kept_paths(records, request.from, retry->cleanup);
  execution.traceparent = std::move(request.traceparent);
  execution.created_by = std::move(request.actor);
  execution.idempotency_key = std::move(request.idempotency_key);
  execution.fingerprint = request.fingerprint;
  accept_execution(services, std::move(execution), false, retry->deadline, std::move(retry->done));
}

void read_steps(Services& services, const RetryPtr& retry) {
  services.plans.plan(
      retry->request.tenant, retry->row.plan_hash, retry->deadline,
      [&services, retry](Result<json::Value> document) {
        if (!document) return retry->done(pawl::fail(document.error()));
        const auto plan = plan::parse(*document, {.id_required = false, .lanes = {}});
        if (!plan)
          return retry->done(pawl::fail(ErrorKind::kInternal, "plan_unreadable", plan.error().message));
        for (const plan::Step& step : (*plan)->on_failure) retry->cleanup.insert(step.id);
        services.reads.steps(retry->request.tenant, retry->request.exec_id, std::nullopt, retry->deadline,
                             [&services, retry](const Result<std::vector<StepRecord>>& records) {
                               if (!records) return retry->done(pawl::fail(records.error()));
                               store_retry(services, retry, *records);
                             });
      });
}

}  // namespace

std::vector<std::string> kept_paths(const std::vector<StepRecord>& records, const RetryFrom& from,
                                    const std::set<std::string>& cleanup) {
  const Keeping keeping(records, from);
  std::vector<std::string> groups, out;
  const auto is_cleanup = [&cleanup](const std::string& path) {
    return cleanup.contains(path.substr(0, path.find_first_of(".[")));
  };
  for (const StepRecord& record : records) {
    if (is_cleanup(record.path) || !keeping.keeps(record)) continue;
    out.push_back(record.path);
    if (record.kind != "tool" && record.kind != "wait" && record.kind != "approval")
      groups.push_back(record.path);
  }
  // A group that is kept is not opened again: what its children came to belongs to it, for people to see.
  for (const StepRecord& record : records) {
    const bool belongs = std::any_of(groups.begin(), groups.end(),
                                     [&](const std::string& group) { return is_inside(record.path, group); });
    if (belongs && std::find(out.begin(), out.end(), record.path) == out.end()) out.push_back(record.path);
  }
  return out;
}

void retry_execution(Services& services, RetryRequest request, MonoTime deadline,
                     Done<store::Accepted> done) {
  auto retry = std::make_shared<Retry>(Retry{std::move(request), deadline, std::move(done)});
  services.reads.get(
      retry->request.tenant, retry->request.exec_id, deadline,
      [&services, retry](Result<store::ExecutionRow> row) {
        if (!row) return retry->done(pawl::fail(row.error()));
        if (!is_final(row->status) || row->status == ExecutionStatus::kCompleted) {
          return retry->done(pawl::fail(ErrorKind::kConflict, "invalid_state",
                                        "the execution is " + std::string(to_string(row->status)),
                                        "only one that failed, timed out or was cancelled can be retried"));
        }
        retry->row = std::move(*row);
        read_steps(services, retry);
      });
}

}  // namespace pawl::api
