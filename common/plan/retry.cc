#include "common/plan/retry.h"

#include <charconv>

#include "common/base/time_format.h"
#include "common/json/write.h"
#include "common/model/failure.h"
#include "common/plan/fields.h"

namespace pawl::plan {
namespace {

constexpr std::string_view kProportional = "proportional:";

void read_jitter(Fields& fields, RetryPolicy& policy) {
  const auto text = fields.text("jitter");
  if (!text) return;
  policy.proportion = 0;
  if (*text == "full") {
    policy.jitter = Jitter::kFull;
  } else if (*text == "equal") {
    policy.jitter = Jitter::kEqual;
  } else if (*text == "decorrelated") {
    policy.jitter = Jitter::kDecorrelated;
  } else if (*text == "none") {
    policy.jitter = Jitter::kNone;
  } else if (text->starts_with(kProportional)) {
    const char* const begin = text->data() + kProportional.size();
    const char* const end = text->data() + text->size();
    double share = -1;
    const auto parsed = std::from_chars(begin, end, share, std::chars_format::fixed);
    if (parsed.ec != std::errc() || parsed.ptr != end || !(share >= 0 && share <= 1)) {
      fields.fault("jitter", "out_of_range",
                   "proportional takes a share between 0 and 1, as proportional:0.2");
      return;
    }
    policy.jitter = Jitter::kProportional;
    policy.proportion = share;
  } else {
    fields.fault("jitter", "invalid_choice", "must be full, equal, decorrelated, none or proportional:0.2");
  }
}

void read_categories(Fields& fields, RetryPolicy& policy, FaultList& faults) {
  if (!fields.has("on")) {
    fields.take("on");
    return;
  }
  const std::size_t faults_before = faults.size();
  policy.on = fields.texts("on", 8);
  if (policy.on.empty() && faults.size() == faults_before) {
    fields.fault("on", "out_of_range", "names no category; to retry nothing, say max_attempts 1");
  }
  for (std::size_t i = 0; i < policy.on.size(); ++i) {
    const auto category = parse_category(policy.on[i]);
    const bool can_retry =
        category && *category != Category::kCancelled && *category != Category::kOutcomeUnknown;
    if (can_retry) continue;
    faults.add(json::pointer_join(fields.at("on"), i), "invalid_choice",
               "must be transient, configuration, permission, resource, logic or internal");
  }
}

std::string jitter_text(const RetryPolicy& policy) {
  switch (policy.jitter) {
    case Jitter::kFull: return "full";
    case Jitter::kEqual: return "equal";
    case Jitter::kDecorrelated: return "decorrelated";
    case Jitter::kNone: return "none";
    case Jitter::kProportional:
      return std::string(kProportional) + json::write(json::Value(policy.proportion));
  }
  return "full";
}

json::Value text_list(const std::vector<std::string>& texts) {
  json::Array out;
  for (const std::string& text : texts) out.emplace_back(text);
  return json::Value(std::move(out));
}

}  // namespace

RetryPolicy read_retry(const json::Value& value, const RetryPolicy& base, const std::string& pointer,
                       FaultList& faults) {
  RetryPolicy policy = base;
  Fields fields(value, pointer, faults);
  constexpr DurationRange kDelay{Millis{0}, kMaxRetryDelay};
  policy.max_attempts =
      static_cast<int>(fields.integer("max_attempts", 1, kMaxAttempts).value_or(base.max_attempts));
  policy.initial_delay = fields.duration("initial_delay", kDelay).value_or(base.initial_delay);
  policy.multiplier = fields.number("multiplier", 1, kMaxMultiplier).value_or(base.multiplier);
  policy.max_delay = fields.duration("max_delay", kDelay).value_or(base.max_delay);
  read_jitter(fields, policy);
  if (const auto elapsed = fields.duration("max_elapsed", {Millis{1}, kMaxDuration}))
    policy.max_elapsed = elapsed;
  read_categories(fields, policy, faults);
  if (fields.has("not_on_codes"))
    policy.not_on_codes = fields.texts("not_on_codes", kMaxListedCodes);
  else
    fields.take("not_on_codes");
  fields.finish();
  return policy;
}

json::Value to_json(const RetryPolicy& policy) {
  json::Object out;
  out.set("max_attempts", policy.max_attempts);
  out.set("initial_delay", format_duration(policy.initial_delay));
  out.set("multiplier", policy.multiplier);
  out.set("max_delay", format_duration(policy.max_delay));
  out.set("jitter", jitter_text(policy));
  if (policy.max_elapsed) out.set("max_elapsed", format_duration(*policy.max_elapsed));
  if (!policy.on.empty()) out.set("on", text_list(policy.on));
  if (!policy.not_on_codes.empty()) out.set("not_on_codes", text_list(policy.not_on_codes));
  return json::Value(std::move(out));
}

}  // namespace pawl::plan
