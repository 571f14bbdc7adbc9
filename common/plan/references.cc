#include "common/plan/references.h"

#include <algorithm>
#include <optional>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <utility>

#include "common/plan/cycles.h"

namespace pawl::plan {
namespace {

/// A place in the document, written out as a pointer only when there is a fault to tell.
struct Place {
  const Place* up = nullptr;
  std::string_view key = {};
  std::optional<std::size_t> index = {};

  [[nodiscard]] std::string pointer() const {
    if (up == nullptr) return {};
    return index ? json::pointer_join(up->pointer(), *index) : json::pointer_join(up->pointer(), key);
  }
};

/// Calls `visit(steps, place, are_ordered)` for each list of children of `step`; a for_each's child is a list
/// of one, whose place has no index.
template <typename Visit>
void for_each_list(const Step& step, const Place& at, Visit visit) {
  const Place kind{&at, kind_name(step)};
  if (const auto* sequence = std::get_if<SequenceSpec>(&step.body)) {
    visit(sequence->steps, Place{&kind, "steps"}, true);
  } else if (const auto* parallel = std::get_if<ParallelSpec>(&step.body)) {
    visit(parallel->steps, Place{&kind, "steps"}, false);
  } else if (const auto* choose = std::get_if<ChooseSpec>(&step.body)) {
    for (std::size_t i = 0; i < choose->branches.size(); ++i) {
      const Place branch{&kind, {}, i};
      visit(choose->branches[i].steps, Place{&branch, choose->branches[i].when ? "steps" : "else"}, true);
    }
  }
}

class ReferenceCheck {
 public:
  ReferenceCheck(const Plan& plan, FaultList& faults) : plan_(plan), faults_(faults) {}

  void run() {
    const Place root;
    collect_list(plan_.steps, Place{&root, "steps"}, std::nullopt);
    collect_list(plan_.on_failure, Place{&root, "on_failure"}, std::nullopt);
    check_list(plan_.steps, Place{&root, "steps"}, true);
    if (plan_.output) check(*plan_.output, Place{&root, "output"}, std::nullopt);
    check_list(plan_.on_failure, Place{&root, "on_failure"}, true);
    report_unreachable();
  }

 private:
  using Index = std::uint32_t;
  struct Unreachable {
    std::optional<Index> from;
    Index to;
    std::string pointer;
    std::string step;
  };

  // First pass: every id and its place in the tree.

  void collect_list(const Steps& steps, const Place& at, std::optional<Index> parent) {
    for (std::size_t i = 0; i < steps.size(); ++i) collect(steps[i], Place{&at, {}, i}, parent);
  }

  void collect(const Step& step, const Place& at, std::optional<Index> parent) {
    const auto index = static_cast<Index>(count_++);
    numbers_.emplace(&step, index);
    if (parent) edges_.emplace_back(*parent, index);
    if (!step.id.empty() && !by_id_.emplace(step.id, index).second) {
      faults_.add(Place{&at, "id"}.pointer(), "duplicate_id",
                  "another step has the id '" + step.id + "' already");
    }
    for_each_list(step, at,
                  [&](const Steps& steps, const Place& list, bool) { collect_list(steps, list, index); });
    if (const auto* each = std::get_if<ForEachSpec>(&step.body)) {
      const Place kind{&at, "for_each"};
      for (const Step& child : each->step) collect(child, Place{&kind, "step"}, index);
    }
  }

  // Second pass: what each reference can see, in the order in which steps run.

  void check_list(const Steps& steps, const Place& at, bool are_ordered) {
    for (std::size_t i = 0; i < steps.size(); ++i) {
      check_step(steps[i], Place{&at, {}, i});
      if (are_ordered) show(steps[i]);
    }
  }

  void show(const Step& step) {
    if (visible_.insert(step.id).second) shown_.push_back(step.id);
  }
  void hide_from(std::size_t mark) {
    for (; shown_.size() > mark; shown_.pop_back()) visible_.erase(shown_.back());
  }

  void check_step(const Step& step, const Place& at) {
    const Index self = numbers_.at(&step);
    check(step.when, Place{&at, "when"}, self);
    check_body(step, at, self);
    const Place fallback{&at, "fallback"};
    for (std::size_t i = 0; i < step.fallback.size(); ++i) {
      const Place call{&fallback, {}, i};
      check(step.fallback[i].with, Place{&call, "with"}, self);
    }
    if (step.approval) {
      const Place approval{&at, "approval"};
      check(step.approval->message, Place{&approval, "message"}, self);
    }
    const std::size_t mark = shown_.size();
    for_each_list(step, at, [&](const Steps& steps, const Place& list, bool are_ordered) {
      check_list(steps, list, are_ordered);
      hide_from(mark);
    });
    if (step.compensate) {
      // It runs after the step completed, so the step's own result is there.
      show(step);
      const Place compensate{&at, "compensate"};
      check(step.compensate->with, Place{&compensate, "with"}, std::nullopt);
      hide_from(mark);
    }
  }

  void check_body(const Step& step, const Place& at, Index self) {
    const Place kind{&at, kind_name(step)};
    if (const auto* tool = std::get_if<ToolSpec>(&step.body))
      check(tool->call.with, Place{&at, "with"}, self);
    if (const auto* task = std::get_if<TaskSpec>(&step.body)) check(task->with, Place{&at, "with"}, self);
    if (const auto* wait = std::get_if<WaitSpec>(&step.body)) {
      check(wait->for_duration, Place{&kind, "for"}, self);
      check(wait->until, Place{&kind, "until"}, self);
    }
    if (const auto* approval = std::get_if<ApprovalStepSpec>(&step.body)) {
      check(approval->approval.message, Place{&kind, "message"}, self);
    }
    if (const auto* choose = std::get_if<ChooseSpec>(&step.body)) {
      for (std::size_t i = 0; i < choose->branches.size(); ++i) {
        const Place branch{&kind, {}, i};
        check(choose->branches[i].when, Place{&branch, "when"}, self);
      }
    }
    if (const auto* each = std::get_if<ForEachSpec>(&step.body)) {
      check(each->items, Place{&kind, "items"}, self);
      names_.insert(names_.end(), {each->as, each->index});
      for (const Step& child : each->step) check_step(child, Place{&kind, "step"});
      names_.resize(names_.size() - 2);
    }
  }

  void check(const std::optional<Template>& value, const Place& at, std::optional<Index> self) {
    if (value) check(*value, at, self);
  }

  void check(const Template& value, const Place& at, std::optional<Index> self) {
    for (const Reference& reference : value.references()) {
      switch (reference.kind) {
        case Reference::Kind::kName: check_name(reference, at); break;
        case Reference::Kind::kMeta: check_meta(reference, at); break;
        case Reference::Kind::kStep: check_step_reference(reference, at, self); break;
        case Reference::Kind::kSecret: break;
      }
    }
  }

  void unknown(const Reference& reference, const Place& at, std::string message) {
    faults_.add(at.pointer() + reference.pointer, "unknown_reference", std::move(message));
  }

  void check_name(const Reference& reference, const Place& at) {
    if (reference.name == "input") return;
    if (std::find(names_.begin(), names_.end(), reference.name) != names_.end()) return;
    unknown(reference, at, "there is no name '" + reference.name.substr(0, 128) + "' here");
  }

  void check_meta(const Reference& reference, const Place& at) {
    if (reference.name == "exec.id" || reference.name == "exec.attempt" || reference.name == "task.id")
      return;
    unknown(reference, at,
            "there are exec.id, exec.attempt and task.id, no " + reference.name.substr(0, 128));
  }

  void check_step_reference(const Reference& reference, const Place& at, std::optional<Index> self) {
    const auto target = by_id_.find(reference.name);
    if (target == by_id_.end()) {
      unknown(reference, at, "there is no step '" + reference.name.substr(0, 128) + "'");
      return;
    }
    if (self) edges_.emplace_back(*self, target->second);
    if (visible_.contains(reference.name)) return;
    unreachable_.push_back({self, target->second, at.pointer() + reference.pointer, reference.name});
  }

  /// A reference that can't be met is a cycle when its target waits for the step that makes it.
  void report_unreachable() {
    if (unreachable_.empty()) return;
    const std::vector<std::uint32_t> group_of = strong_components(count_, edges_);
    for (Unreachable& bad : unreachable_) {
      if (bad.from && group_of[*bad.from] == group_of[bad.to]) {
        faults_.add(std::move(bad.pointer), "cycle",
                    "the step '" + bad.step + "' waits for this one in its turn");
      } else {
        faults_.add(std::move(bad.pointer), "unreachable_reference",
                    "the step '" + bad.step +
                        "' has not certainly run before, or is out of scope inside another group");
      }
    }
  }

  const Plan& plan_;
  FaultList& faults_;
  std::size_t count_ = 0;
  std::unordered_map<const Step*, Index> numbers_;
  std::unordered_map<std::string_view, Index> by_id_;
  std::vector<std::pair<std::uint32_t, std::uint32_t>> edges_;  // who waits for whom
  std::unordered_set<std::string_view> visible_;
  std::vector<std::string_view> shown_;  // in order, so that leaving a group hides its children
  std::vector<std::string_view> names_;
  std::vector<Unreachable> unreachable_;
};

void add_reads(const Steps& steps, Graph& graph) {
  for (const Step& step : steps) {
    graph.add(step.id, step_reads(step));
    const Place nowhere;
    for_each_list(step, nowhere,
                  [&](const Steps& children, const Place&, bool) { add_reads(children, graph); });
    if (const auto* each = std::get_if<ForEachSpec>(&step.body)) add_reads(each->step, graph);
  }
}

}  // namespace

void check_references(const Plan& plan, FaultList& faults) { ReferenceCheck(plan, faults).run(); }

Graph build_graph(const Plan& plan) {
  Graph graph;
  add_reads(plan.steps, graph);
  add_reads(plan.on_failure, graph);
  return graph;
}

}  // namespace pawl::plan
