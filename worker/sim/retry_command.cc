// pawl-sim retry: the outcomes of one call, one after the other, against a retry policy, a budget and a
// deadline.
#include <algorithm>
#include <array>
#include <charconv>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "common/base/rng.h"
#include "common/base/time_format.h"
#include "common/plan/policy.h"
#include "worker/core/resilience/retry.h"
#include "worker/core/resilience/retry_budget.h"
#include "worker/sim/case_reader.h"
#include "worker/sim/commands.h"

namespace pawl::sim {
namespace {

using resilience::DelayMs;
using resilience::RetryVerdict;

struct Outcome {
  json::Value shown;                      // as the case had it
  std::optional<Category> category = {};  // empty: success
  std::string code = {};
  std::optional<Millis> retry_after = {};
  bool is_credential_refreshed = false;
};

struct NamedOutcome {
  std::string_view name;
  Category category;
  std::string_view code;
};
constexpr std::array<NamedOutcome, 9> kNamed{{
    {"timeout", Category::kTransient, "timeout"},
    {"conn_refused", Category::kTransient, "connection_refused"},
    {"reset", Category::kTransient, "connection_reset"},
    {"cancelled", Category::kCancelled, "cancelled"},
    {"oom", Category::kResource, "oom_killed"},
    {"disk_full", Category::kResource, "no_space"},
    {"denied", Category::kPermission, "permission_denied"},
    {"invalid", Category::kConfiguration, "invalid_parameter"},
    {"assertion", Category::kLogic, "assertion_failed"},
}};

/// The category of an HTTP status, as the http tool has it (tools.md). Empty: a success.
std::optional<Category> category_of_status(int status) {
  if (status < 400) return std::nullopt;
  if (status == 408 || status == 429 || status >= 500) return Category::kTransient;
  if (status == 401 || status == 403) return Category::kPermission;
  return Category::kConfiguration;
}

Result<void> read_word(std::string_view word, Outcome& out) {
  if (word == "success" || word == "ok") return {};
  for (const NamedOutcome& named : kNamed) {
    if (named.name != word) continue;
    out.category = named.category;
    out.code = named.code;
    return {};
  }
  int status = 0;
  const auto [end, error] = std::from_chars(word.data(), word.data() + word.size(), status);
  if (error != std::errc{} || end != word.data() + word.size() || status < 100 || status > 599)
    return fail(ErrorKind::kInvalid, "bad_case", "unknown outcome: " + std::string(word));
  out.category = category_of_status(status);
  if (out.category) out.code = "http_" + std::to_string(status);
  return {};
}

/// A duration, seconds, or what a Retry-After header may say; nullopt for anything invalid, so that the
/// policy decides.
std::optional<Millis> read_retry_after(const json::Value& value) {
  if (value.is_number())
    return Millis(static_cast<std::int64_t>(std::clamp(value.as_double(), 0.0, 1e9) * 1000.0));
  if (!value.is_string()) return std::nullopt;
  if (const auto duration = parse_duration(value.as_string())) return duration;
  return resilience::parse_retry_after(value.as_string(), WallTime{});
}

Result<Outcome> read_outcome(const json::Value& value) {
  Outcome out;
  out.shown = value;
  if (value.is_string()) {
    TRY(read_word(value.as_string(), out));
    return out;
  }
  if (value.is_int()) {
    TRY(read_word(std::to_string(value.as_int()), out));
    return out;
  }
  const CaseReader in(&value);
  if (const json::Value* status = in.find("status")) {
    const std::string word =
        status->is_string() ? status->as_string() : std::to_string(TRY(in.integer("status", 0)));
    TRY(read_word(word, out));
    out.shown = word;
  } else if (in.has("category")) {
    const std::string name = TRY(in.text("category", ""));
    out.category = parse_category(name);
    if (!out.category) return fail(ErrorKind::kInvalid, "bad_case", "unknown category: " + name);
    out.shown = name;
  } else {
    return fail(ErrorKind::kInvalid, "bad_case", "an outcome has a status or a category");
  }
  out.code = TRY(in.text("code", out.code));
  if (const json::Value* wait = in.find("retry_after")) out.retry_after = read_retry_after(*wait);
  out.is_credential_refreshed = TRY(in.flag("credential_refreshed", false));
  return out;
}

Result<void> read_jitter(const std::string& text, plan::RetryPolicy& policy) {
  static constexpr std::array<std::pair<std::string_view, plan::Jitter>, 4> kNames{
      {{"full", plan::Jitter::kFull},
       {"equal", plan::Jitter::kEqual},
       {"decorrelated", plan::Jitter::kDecorrelated},
       {"none", plan::Jitter::kNone}}};
  for (const auto& [name, jitter] : kNames) {
    if (name != text) continue;
    policy.jitter = jitter;
    return {};
  }
  constexpr std::string_view kProportional = "proportional:";
  if (!text.starts_with(kProportional))
    return fail(ErrorKind::kInvalid, "bad_case", "unknown jitter: " + text);
  const std::string_view part = std::string_view(text).substr(kProportional.size());
  const auto [end, error] = std::from_chars(part.data(), part.data() + part.size(), policy.proportion);
  if (error != std::errc{} || end != part.data() + part.size() || policy.proportion < 0)
    return fail(ErrorKind::kInvalid, "bad_case", "unknown jitter: " + text);
  policy.jitter = plan::Jitter::kProportional;
  return {};
}

Result<plan::RetryPolicy> read_policy(const CaseReader& in) {
  plan::RetryPolicy out;
  out.max_attempts = static_cast<int>(TRY(in.integer("max_attempts", out.max_attempts)));
  out.initial_delay = TRY(in.duration("initial_delay", out.initial_delay));
  out.multiplier = TRY(in.number("multiplier", out.multiplier));
  out.max_delay = TRY(in.duration("max_delay", out.max_delay));
  if (in.has("max_elapsed")) out.max_elapsed = TRY(in.duration("max_elapsed", Millis{0}));
  out.on = TRY(in.texts("on"));
  out.not_on_codes = TRY(in.texts("not_on_codes"));
  TRY(read_jitter(TRY(in.text("jitter", "full")), out));
  return out;
}

/// The budgets of a case: tokens, a share of calls (this one is the only call), both or none.
struct Budgets {
  std::optional<resilience::TokenBudget> tokens;
  std::optional<resilience::RetryBudget> share;

  bool take(MonoTime now) {
    if (share && share->balance(now) < 1) return false;
    if (tokens && !tokens->take()) return false;
    return !share || share->take(1, now) == 1;
  }
};

Result<Budgets> read_budgets(const json::Value* object) {
  Budgets out;
  if (object == nullptr || object->is_null()) return out;
  const CaseReader in(object);
  const double ratio = TRY(in.number("ratio", 0));
  const double floor = TRY(in.number("floor", 0));
  if (ratio > 0 || floor > 0) {
    out.share.emplace(
        resilience::RetryBudgetConfig{ratio, floor, TRY(in.duration("window", Millis{10'000}))});
    out.share->add_calls(1, MonoTime{});
  }
  if (in.has("tokens")) {
    resilience::TokenBudgetConfig config;
    config.tokens = TRY(in.number("tokens", config.tokens));
    config.cost = TRY(in.number("cost", config.cost));
    config.refund = TRY(in.number("refund", config.refund));
    config.threshold = TRY(in.number("threshold", config.threshold));
    out.tokens.emplace(config);
  }
  return out;
}

std::string_view to_string(RetryVerdict verdict) {
  switch (verdict) {
    case RetryVerdict::kRetry: return "retry";
    case RetryVerdict::kNotRetryable: return "not_retryable";
    case RetryVerdict::kOutcomeUnknown: return "outcome_unknown";
    case RetryVerdict::kMaxAttempts: return "max_attempts_exceeded";
    case RetryVerdict::kDeadline: return "deadline";
    case RetryVerdict::kBudget: return "retry_budget_exhausted";
  }
  return "";
}

class RetryRun {
 public:
  RetryRun(plan::RetryPolicy policy, Budgets budgets, std::uint64_t seed)
      : policy_(std::move(policy)), budgets_(std::move(budgets)), rng_(seed) {}

  plan::Delivery delivery = plan::Delivery::kAtLeastOnce;
  DelayMs attempt_duration{0};
  std::optional<DelayMs> deadline;

  /// Runs one attempt; the result when it was the last.
  std::optional<std::string> attempt(const Outcome& outcome) {
    ++number_;
    json::Object shown{{"n", number_}, {"outcome", outcome.shown}};
    const auto result = judge(outcome, shown);
    if (budgets_.tokens)
      shown.set("budget", plain_number(budgets_.tokens->tokens()));
    else if (budgets_.share)
      shown.set("budget", plain_number(budgets_.share->balance(now())));
    attempts_.push_back(std::move(shown));
    return result;
  }

  json::Array take_attempts() { return std::move(attempts_); }

 private:
  [[nodiscard]] MonoTime now() const {
    return MonoTime{} + std::chrono::duration_cast<MonoTime::duration>(elapsed_);
  }

  std::optional<std::string> judge(const Outcome& outcome, json::Object& shown) {
    std::optional<DelayMs> end = deadline;
    if (policy_.max_elapsed)
      end = std::min<DelayMs>(end.value_or(*policy_.max_elapsed), *policy_.max_elapsed);
    elapsed_ += attempt_duration;
    if (end && elapsed_ > *end) {  // cut at the deadline: what it would have answered is never seen
      elapsed_ = *end;
      shown.set("outcome", "timeout");
      return delivery == plan::Delivery::kAtMostOnce ? "outcome_unknown" : "deadline";
    }
    if (!outcome.category) {
      if (budgets_.tokens) budgets_.tokens->succeeded(number_);
      return "success";
    }
    resilience::FailedAttempt failed;
    failed.attempt = number_;
    failed.is_retryable = is_retryable(outcome);
    failed.is_ambiguous = resilience::is_ambiguous(outcome.code);
    failed.delivery = delivery;
    failed.retry_after = outcome.retry_after;
    failed.jitter = rng_.unit();
    failed.previous_delay = previous_;
    if (end) failed.time_left = *end - elapsed_;
    const auto decision = resilience::decide_retry(policy_, failed, [this] { return budgets_.take(now()); });
    if (decision.verdict != RetryVerdict::kRetry) return std::string(to_string(decision.verdict));
    shown.set("delay_ms", plain_number(decision.delay.count()));
    elapsed_ += decision.delay;
    if (!outcome.retry_after) previous_ = decision.delay;
    return std::nullopt;
  }

  /// A permission failure is tried again once, and only with a refreshed credential (plan-language.md §5).
  bool is_retryable(const Outcome& outcome) {
    if (*outcome.category != Category::kPermission)
      return plan::is_retryable(policy_, *outcome.category, outcome.code);
    const bool is_listed =
        policy_.on.empty() || std::ranges::find(policy_.on, "permission") != policy_.on.end();
    const bool is_barred =
        std::ranges::find(policy_.not_on_codes, outcome.code) != policy_.not_on_codes.end();
    return is_listed && !is_barred && outcome.is_credential_refreshed && !std::exchange(has_refreshed_, true);
  }

  plan::RetryPolicy policy_;
  Budgets budgets_;
  SeededRng rng_;
  int number_ = 0;
  DelayMs elapsed_{0};
  DelayMs previous_{0};
  bool has_refreshed_ = false;
  json::Array attempts_;
};

}  // namespace

Result<json::Value> run_retry_case(const json::Value& line) {
  const CaseReader in(&line);
  const CaseReader config(line.find("config"));
  const auto seed = static_cast<std::uint64_t>(TRY(config.integer("seed", TRY(in.integer("seed", 1)))));
  RetryRun run(TRY(read_policy(config)), TRY(read_budgets(config.find("budget"))), seed);
  if (TRY(in.text("delivery", "at_least_once")) == "at_most_once") run.delivery = plan::Delivery::kAtMostOnce;
  run.attempt_duration = TRY(in.duration("attempt_duration", Millis{0}));
  if (in.has("deadline")) run.deadline = TRY(in.duration("deadline", Millis{0}));

  const json::Value* outcomes = line.find("outcomes");
  if (outcomes == nullptr || !outcomes->is_array() || outcomes->as_array().empty())
    return fail(ErrorKind::kInvalid, "bad_case", "outcomes must be a list with at least one outcome");
  std::optional<std::string> result;
  if (run.deadline && run.deadline->count() <= 0)
    result = "deadline";  // the first attempt may not start either
  for (const json::Value& value : outcomes->as_array()) {
    if (result) break;
    result = run.attempt(TRY(read_outcome(value)));
  }
  const json::Value* id = line.find("id");
  return json::Value(json::Object{
      {"id", id != nullptr ? *id : json::Value()},
      {"attempts", run.take_attempts()},
      {"result", result ? json::Value(*result)
                        : json::Value()}});  // null: another attempt follows, its outcome is not given
}

}  // namespace pawl::sim
