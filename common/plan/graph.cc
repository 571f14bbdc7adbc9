#include "common/plan/graph.h"

#include <algorithm>

#include "common/plan/plan.h"

namespace pawl::plan {
namespace {

void collect(const Template& value, std::vector<Read>& out) {
  for (const Reference& reference : value.references()) {
    if (reference.kind != Reference::Kind::kStep) continue;
    const auto same = std::find_if(out.begin(), out.end(), [&](const Read& read) {
      return read.step == reference.name && read.field == reference.field;
    });
    if (same == out.end())
      out.push_back({reference.name, reference.field, reference.guarded});
    else
      same->guarded = same->guarded && reference.guarded;
  }
}

void collect(const std::optional<Template>& value, std::vector<Read>& out) {
  if (value) collect(*value, out);
}

void collect_body(const StepBody& body, std::vector<Read>& out) {
  if (const auto* tool = std::get_if<ToolSpec>(&body)) collect(tool->call.with, out);
  if (const auto* each = std::get_if<ForEachSpec>(&body)) collect(each->items, out);
  if (const auto* task = std::get_if<TaskSpec>(&body)) collect(task->with, out);
  if (const auto* approval = std::get_if<ApprovalStepSpec>(&body)) collect(approval->approval.message, out);
  if (const auto* wait = std::get_if<WaitSpec>(&body)) {
    collect(wait->for_duration, out);
    collect(wait->until, out);
  }
  if (const auto* choose = std::get_if<ChooseSpec>(&body)) {
    for (const ChooseSpec::Branch& branch : choose->branches) collect(branch.when, out);
  }
}

}  // namespace

std::vector<Read> step_reads(const Step& step) {
  std::vector<Read> out;
  collect(step.when, out);
  collect_body(step.body, out);
  for (const ToolCall& call : step.fallback) collect(call.with, out);
  if (step.approval) collect(step.approval->message, out);
  return out;
}

void Graph::add(const std::string& step, std::vector<Read> reads) {
  for (const Read& read : reads) {
    std::vector<std::string>& readers = readers_[read.step];
    if (readers.empty() || readers.back() != step) readers.push_back(step);
  }
  if (!reads.empty()) reads_[step] = std::move(reads);
}

const std::vector<Read>& Graph::reads(std::string_view step) const {
  static const std::vector<Read> kNone;
  const auto found = reads_.find(step);
  return found == reads_.end() ? kNone : found->second;
}

const std::vector<std::string>& Graph::readers(std::string_view step) const {
  static const std::vector<std::string> kNone;
  const auto found = readers_.find(step);
  return found == readers_.end() ? kNone : found->second;
}

}  // namespace pawl::plan
