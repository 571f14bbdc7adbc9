// The bounds of the plan layer, each with its reason. Contract numbers come from plan-language.md §4.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>

#include "common/base/clock.h"

namespace pawl::plan {

// Hard caps of plan-language.md §4: over them a plan is refused, never clamped.
inline constexpr std::size_t kMaxPlanBytes = std::size_t{256} << 10;  ///< of the canonical form
inline constexpr int kMaxTaskDepth = 16;
inline constexpr std::int64_t kMaxSteps = 1'000'000;
inline constexpr int kMaxParallel = 256;
inline constexpr int kMaxGroupDepth = 16;

// Values of single fields. Generous, but such that no arithmetic over them can overflow.
inline constexpr Millis kMaxDuration = std::chrono::hours{24 * 366};  ///< a leap year: longer is a mistake
inline constexpr Millis kMaxRetryDelay = std::chrono::hours{24};  ///< beyond it a `wait` says what is meant
inline constexpr int kMaxAttempts = 1'000;                        ///< each attempt is an event in the ledger
inline constexpr double kMaxMultiplier = 100;                     ///< reaches any max_delay in a few steps
inline constexpr int kMaxFallbacks = 16;                          ///< each one is a full round of retries
inline constexpr int kMaxBatch = 10'000;                          ///< one batch is one child's input
inline constexpr int kMaxApprovers = 100;
inline constexpr std::size_t kMaxText = std::size_t{64} << 10;  ///< http-api.md §9, strings outside `with`
inline constexpr std::size_t kMaxFaults = 1'000;                ///< nobody reads more; bounds the answer
inline constexpr std::size_t kMaxListedCodes = 100;             ///< not_on_codes, notify

// Expressions (plan-language.md §3: bounded in steps and size).
inline constexpr std::size_t kMaxExpressionDepth = 200;   ///< of the tree; bounds the stack of the evaluator
inline constexpr std::size_t kMaxExpressionNesting = 64;  ///< of brackets; bounds the stack of the parser
inline constexpr std::size_t kMaxTemplateDepth = 128;     ///< twice what the JSON parser lets in
inline constexpr std::size_t kMaxResultBytes = std::size_t{1} << 20;
inline constexpr std::size_t kMaxValueDepth = 64;  ///< of a rendered value: what the JSON parser reads back
inline constexpr std::int64_t kMaxEvaluationWork =
    1'000'000;  ///< nodes, and 16-byte pieces of text, per render
inline constexpr std::int64_t kRegexMemory = std::int64_t{1} << 20;  ///< of one compiled pattern in RE2

// JSON Schemas of a plan.
inline constexpr std::int64_t kMaxSchemaCost = 5'000;  ///< subschemas after every $ref is expanded
inline constexpr std::size_t kMaxSchemaDepth = 64;
inline constexpr std::int64_t kMaxValidationWork =
    20'000'000;  ///< subschemas times values: about 2 s at worst

}  // namespace pawl::plan
