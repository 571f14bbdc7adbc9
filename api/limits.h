// The bounds of the API, each with its reason (http-api.md §3 and §9).
#pragma once

#include <cstddef>

#include "common/base/clock.h"

namespace pawl::api {

inline constexpr std::size_t kMaxBody = std::size_t{1} << 20;      ///< 413 over it
inline constexpr std::size_t kMaxString = std::size_t{64} * 1024;  ///< strings outside `with` and its like
inline constexpr std::size_t kMaxBatch = 1000;                     ///< items of one batch request
inline constexpr std::size_t kMaxLabels = 64;                      ///< labels of an execution
inline constexpr std::size_t kMaxLabelBytes = 256;                 ///< name or value of a label
inline constexpr std::size_t kMaxReason = 1024;                    ///< of a control request
inline constexpr std::size_t kMaxComment = 4096;                   ///< of a decision
inline constexpr std::size_t kMaxSignalName = 128;                 ///< as in a plan
inline constexpr int kMaxDecisionTries = 50;      ///< looks at an approval that moves under the decision
inline constexpr int kBulkAtOnce = 16;            ///< of one bulk request, under way together
inline constexpr int kBulkPage = 1000;            ///< executions looked up at once
inline constexpr std::int64_t kMaxBulk = 10'000;  ///< changed by one request; `more` says to ask again
inline constexpr Millis kMaxBulkTime{60'000};     ///< and so long at most
inline constexpr int kMaxPage = 200;              ///< items of one page
inline constexpr int kDefaultPage = 20;
inline constexpr int kMaxEventPage = 1000;         ///< events of one page
inline constexpr int kEventsForSteps = 20'000;     ///< ledger rows folded into the list of steps
inline constexpr Millis kMaxSyncTimeout{300'000};  ///< 422 over it
inline constexpr Millis kDefaultSyncTimeout{60'000};
inline constexpr Millis kMaxLongPoll{60'000};     ///< `?wait=` is cut to it
inline constexpr Millis kMaxAnswerRead{2000};     ///< to read back what a control request changed
inline constexpr Millis kWatchPoll{1000};         ///< a watched execution is re-read so often
inline constexpr Millis kWatchRenew{15'000};      ///< its owner is told again so often
inline constexpr Millis kCatalogueRefresh{5000};  ///< tools on offer are read again so often
inline constexpr Millis kCatalogueFirst{500};     ///< and so often until the first worker came
inline constexpr Millis kKeyFresh{3000};          ///< a checked key is trusted so long: revocation ≤ 5 s
inline constexpr std::size_t kMaxCachedKeys = 10'000;
inline constexpr Millis kTaskFresh{1000};             ///< a lost word about a change costs at most this
inline constexpr std::size_t kMaxCachedTasks = 2000;  ///< parsed plans of newest versions

}  // namespace pawl::api
