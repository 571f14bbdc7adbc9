#include "tests/sim/core/random_plan.h"

#include <algorithm>

#include "common/base/assert.h"
#include "common/plan/parse.h"

namespace pawl::simtest {
namespace {

using Kind = RandomStep::Kind;

std::uint64_t mix(std::uint64_t seed, const std::string& text, int target) {
  std::uint64_t hash = seed * 0x9E3779B97F4A7C15ull + static_cast<std::uint64_t>(target) + 1;
  for (const char c : text) hash = (hash ^ static_cast<std::uint8_t>(c)) * 0x100000001B3ull;
  return SeededRng(hash).next();
}

class Maker {
 public:
  Maker(RandomPlan& plan, std::uint64_t seed) : out_(plan), rng_(seed) {}

  std::vector<RandomStep> list(int depth, std::uint64_t most) {
    std::vector<RandomStep> steps;
    const std::uint64_t count = 1 + rng_.below(most);
    for (std::uint64_t i = 0; i < count; ++i) {
      steps.push_back(step(depth));
      RandomStep& made = steps.back();
      if (i == 0) continue;
      out_.before[made.id] = steps[i - 1].id;
      made.reads_before = made.kind == Kind::kTool && one_in(3);
      made.optional = made.reads_before && one_in(2);
    }
    return steps;
  }

 private:
  bool one_in(std::uint64_t n) { return rng_.below(n) == 0; }

  RandomStep step(int depth) {
    RandomStep s;
    s.id = "s" + std::to_string(++count_);
    s.critical = !one_in(6);
    s.is_off = one_in(12);
    const std::uint64_t dice = depth > 2 || count_ > 40 ? 0 : rng_.below(100);
    if (dice < 58)
      tool(s);
    else if (dice < 65)
      group(s, Kind::kSequence, list(depth + 1, 3));
    else if (dice < 76)
      parallel(s, depth);
    else if (dice < 83)
      loop(s, depth);
    else if (dice < 87)
      group(s, Kind::kChoose, list(depth + 1, 2));
    else if (dice < 90)
      task(s, depth);
    else
      waiting(s, dice);
    return s;
  }

  void tool(RandomStep& s) {
    s.max_attempts = static_cast<int>(1 + rng_.below(3));
    s.fallbacks = one_in(8) ? 1 : 0;
    s.compensates = one_in(5);
    s.asks = one_in(20);
    s.at_most_once = one_in(20);
    s.delay = Millis(static_cast<std::int64_t>(one_in(4) ? 3000 + rng_.below(4000) : 10 + rng_.below(500)));
    out_.has_at_most_once = out_.has_at_most_once || s.at_most_once;
  }

  static void group(RandomStep& s, Kind kind, std::vector<RandomStep> children) {
    s.kind = kind;
    s.children = std::move(children);
  }

  void parallel(RandomStep& s, int depth) {
    s.kind = Kind::kParallel;
    const std::uint64_t count = 2 + rng_.below(3);
    for (std::uint64_t i = 0; i < count; ++i) s.children.push_back(step(depth + 1));
    constexpr const char* kStrategies[] = {"wait_all", "wait_all", "fail_fast", "best_effort", "race"};
    s.strategy = kStrategies[rng_.below(5)];
    if (one_in(3)) s.max_parallel = static_cast<int>(1 + rng_.below(2));
  }

  void loop(RandomStep& s, int depth) {
    s.kind = Kind::kForEach;
    s.children.push_back(step(depth + 1));
    s.children[0].is_off = false;
    s.items = static_cast<int>(rng_.below(6));
    if (one_in(3)) s.max_parallel = 2;
  }

  void task(RandomStep& s, int depth) {
    group(s, Kind::kTask, list(depth + 1, 3));
    out_.has_tasks = true;
  }

  void waiting(RandomStep& s, std::uint64_t dice) {
    s.kind = dice < 96 ? Kind::kWait : dice < 98 ? Kind::kSignal : Kind::kApproval;
    s.wait = Millis(static_cast<std::int64_t>(one_in(2) ? rng_.below(1500) : rng_.below(8000)));
  }

  RandomPlan& out_;
  SeededRng rng_;
  int count_ = 0;
};

std::string millis(Millis value) { return std::to_string(value.count()) + "ms"; }

json::Value document(RandomPlan& plan, const std::vector<RandomStep>& steps);

json::Object call_of(const RandomStep& s, const std::string& before, const std::string& tool) {
  json::Object with{{"id", s.id}};
  if (s.reads_before) with.set("seen", "${{ steps." + before + ".output }}");
  return {{"tool", tool}, {"with", std::move(with)}};
}

void add_tool(RandomPlan& plan, const RandomStep& s, json::Object& out) {
  const std::string before = s.reads_before ? plan.before.at(s.id) : "";
  for (const auto& [key, value] : call_of(s, before, "work")) out.set(key, value);
  out.set("retry", json::Object{{"max_attempts", s.max_attempts},
                                {"initial_delay", millis(s.delay)},
                                {"jitter", s.delay.count() % 2 == 0 ? "none" : "equal"}});
  if (s.fallbacks > 0) out.set("fallback", json::Array{json::Value(call_of(s, before, "other"))});
  if (s.compensates)
    out.set("compensate", json::Object{{"tool", "undo"},
                                       {"with", json::Object{{"of", "${{ steps." + s.id + ".output }}"}}}});
  if (s.asks)
    out.set("approval", json::Object{{"message", "go?"}, {"expires_in", "30s"}, {"on_expiry", "approve"}});
  if (s.at_most_once) out.set("delivery", "at_most_once");
  if (s.optional) out.set("optional", true);
}

json::Value step_document(RandomPlan& plan, const RandomStep& s) {
  plan.by_id[s.id] = &s;
  json::Object out{{"id", s.id}};
  if (!s.critical) out.set("critical", false);
  if (s.is_off) out.set("when", "${{ 1 == 2 }}");
  json::Object group;
  switch (s.kind) {
    case Kind::kTool: add_tool(plan, s, out); break;
    case Kind::kSequence: out.set("sequence", json::Object{{"steps", document(plan, s.children)}}); break;
    case Kind::kChoose:
      out.set("choose",
              json::Array{json::Object{{"when", "${{ 2 > 1 }}"}, {"steps", document(plan, s.children)}}});
      break;
    case Kind::kParallel:
      group = json::Object{{"steps", document(plan, s.children)}, {"strategy", s.strategy}};
      if (s.max_parallel > 0) group.set("max_parallel", s.max_parallel);
      out.set("parallel", group);
      break;
    case Kind::kForEach: {
      json::Array items;
      for (int i = 0; i < s.items; ++i) items.emplace_back(i);
      group =
          json::Object{{"items", "${{ input." + s.id + " }}"}, {"step", step_document(plan, s.children[0])}};
      if (s.max_parallel > 0) group.set("max_parallel", s.max_parallel);
      out.set("for_each", group);
      break;
    }
    case Kind::kTask: {
      plan::ParseOptions options;
      options.id_required = false;
      const json::Value nested = json::Object{{"steps", document(plan, s.children)}};
      auto parsed = plan::parse(nested, options);
      PAWL_ASSERT(parsed, "a nested random plan parses");
      plan.tasks["task-" + s.id] = *parsed;
      out.set("task", "task-" + s.id);
      out.set("with", "${{ input }}");
      break;
    }
    case Kind::kWait: out.set("wait", json::Object{{"for", millis(s.wait)}}); break;
    case Kind::kSignal:
      out.set("wait", json::Object{{"signal", "news"}, {"timeout", "5s"}, {"on_timeout", "continue"}});
      break;
    case Kind::kApproval:
      out.set("approval", json::Object{{"message", "ok?"}, {"expires_in", "20s"}, {"on_expiry", "approve"}});
      break;
  }
  return json::Value(std::move(out));
}

json::Value document(RandomPlan& plan, const std::vector<RandomStep>& steps) {
  json::Array out;
  for (const RandomStep& s : steps) out.push_back(step_document(plan, s));
  return json::Value(std::move(out));
}

class Oracle {
 public:
  explicit Oracle(const RandomPlan& plan) : plan_(plan) {}

  Prediction list(const std::vector<RandomStep>& steps, const std::string& path) const {
    Prediction last;
    Prediction whole;
    for (const RandomStep& s : steps) {
      last = step(s, path.empty() ? s.id : path + "." + s.id, last);
      whole.is_exact = whole.is_exact && last.is_exact;
      if (last.status == StepStatus::kFailed && s.critical) return {StepStatus::kFailed, {}, whole.is_exact};
    }
    if (last.status == StepStatus::kCompleted) whole.output = last.output;
    return whole;
  }

 private:
  Prediction step(const RandomStep& s, const std::string& path, const Prediction& before) const {
    if (s.is_off) return {StepStatus::kSkipped, {}, true};
    switch (s.kind) {
      case Kind::kTool: return tool(s, path, before);
      case Kind::kSequence:
      case Kind::kChoose:
      case Kind::kTask: return list(s.children, path);
      case Kind::kParallel: return parallel(s, path);
      case Kind::kForEach: return loop(s, path);
      case Kind::kWait: return {};
      case Kind::kSignal:
      case Kind::kApproval: return {StepStatus::kCompleted, {}, false};
    }
    return {};
  }

  Prediction tool(const RandomStep& s, const std::string& path, const Prediction& before) const {
    if (s.reads_before && before.status != StepStatus::kCompleted)
      return {s.optional ? StepStatus::kSkipped : StepStatus::kFailed, {}, true};
    for (int target = 0; target <= s.fallbacks; ++target) {
      const Behaviour b = behaviour_of(plan_.seed, path, target);
      if (!b.for_good && b.failures < s.max_attempts) return {StepStatus::kCompleted, b.output, true};
    }
    return {StepStatus::kFailed, {}, true};
  }

  Prediction parallel(const RandomStep& s, const std::string& path) const {
    json::Object all;
    int completed = 0, bad = 0;
    bool is_exact = s.strategy != "race";
    for (const RandomStep& child : s.children) {
      const Prediction p = step(child, path + "." + child.id, {});
      is_exact = is_exact && p.is_exact;
      completed += p.status == StepStatus::kCompleted ? 1 : 0;
      bad += p.status == StepStatus::kFailed && child.critical ? 1 : 0;
      all.set(child.id, p.output);
    }
    const bool needs_one = s.strategy == "best_effort" || s.strategy == "race";
    if (needs_one ? completed == 0 : bad > 0) return {StepStatus::kFailed, {}, is_exact};
    return {StepStatus::kCompleted, json::Value(std::move(all)), is_exact};
  }

  Prediction loop(const RandomStep& s, const std::string& path) const {
    json::Array all;
    bool has_failed = false, is_exact = true;
    const RandomStep& child = s.children[0];
    for (int i = 0; i < s.items; ++i) {
      const Prediction p = step(child, path + "[" + std::to_string(i) + "]." + child.id, {});
      is_exact = is_exact && p.is_exact;
      has_failed = has_failed || (p.status == StepStatus::kFailed && child.critical);
      all.push_back(p.output);
    }
    if (has_failed) return {StepStatus::kFailed, {}, is_exact};
    return {StepStatus::kCompleted, json::Value(std::move(all)), is_exact};
  }

  const RandomPlan& plan_;
};

}  // namespace

Behaviour behaviour_of(std::uint64_t seed, const std::string& path, int target) {
  SeededRng rng(mix(seed, path, target));
  Behaviour b;
  const std::uint64_t dice = rng.below(100);
  if (path.ends_with(".compensate"))
    b.failures = dice < 10 ? 1 : 0;
  else if (dice < 18)
    b.failures = static_cast<int>(1 + rng.below(3));
  else if (dice < 23)
    b.for_good = true;
  b.duration = Millis(static_cast<std::int64_t>(rng.below(3) == 0 ? rng.below(3000) : rng.below(50)));
  b.output = json::Object{{"v", static_cast<std::int64_t>(rng.below(1000))}, {"t", target}};
  return b;
}

std::unique_ptr<RandomPlan> random_plan(std::uint64_t seed) {
  auto out = std::make_unique<RandomPlan>();
  out->seed = seed;
  SeededRng rng(seed ^ 0xABCDEF);
  out->steps = Maker(*out, rng.next()).list(0, 5);
  json::Object document_of{
      {"steps", document(*out, out->steps)},
      {"limits",
       json::Object{{"max_parallel", static_cast<std::int64_t>(1 + rng.below(6))}, {"max_depth", 16}}}};
  out->has_timeout = rng.below(12) == 0;
  if (out->has_timeout) document_of.set("timeout", "4s");
  plan::ParseOptions options;
  options.id_required = false;
  auto parsed = plan::parse(json::Value(std::move(document_of)), options);
  if (!parsed) {
    for (const Fault& fault : parsed.error().faults)
      std::fprintf(stderr, "%s: %s\n", fault.pointer.c_str(), fault.message.c_str());
  }
  PAWL_ASSERT(parsed, "a random plan parses");
  out->plan = *parsed;
  out->prediction = Oracle(*out).list(out->steps, "");
  return out;
}

}  // namespace pawl::simtest
