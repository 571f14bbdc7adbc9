// The bounds of the command line, each with its reason.
#pragma once

#include <chrono>
#include <cstddef>

#include "common/base/clock.h"

namespace pawl::cli {

inline constexpr Millis kConnectTimeout{5000};  ///< a host that doesn't answer is told as unreachable
inline constexpr Millis kCallTimeout{
    30'000};                                  ///< of a plain call; the API answers within its deadline of 5 s
inline constexpr Millis kLongPoll{10'000};    ///< of one `?wait=`; the API cuts it at 60 s
inline constexpr Millis kCallMargin{10'000};  ///< above the time the API was asked to wait
inline constexpr Millis kSyncMost{300'000};   ///< longest sync run the API takes
inline constexpr Millis kTick{100};           ///< a live picture is drawn anew so often
inline constexpr Millis kReconnectDelay{500};      ///< between two tries while the API is away
inline constexpr Millis kReconnectFor{60'000};     ///< a watch outlives a restart of the API, not its end
inline constexpr Millis kMigrateRetryFor{15'000};  ///< Postgres needs seconds to recover after a crash
inline constexpr Millis kMigrateRetryDelay{300};
inline constexpr Millis kProbeTimeout{2000};           ///< of one check of `doctor`
inline constexpr Millis kMostSkew{2000};               ///< clocks that differ by more make ages and times lie
inline constexpr std::size_t kMaxAnswer = 80'000'000;  ///< outputs are stored up to 64 MiB
inline constexpr std::size_t kMaxFile = 8'000'000;     ///< the API takes 1 MiB; YAML may be wordier
inline constexpr std::size_t kMaxSettingsFile = 262'144;
inline constexpr std::size_t kMaxYamlDepth = 64;      ///< as deep as the API reads
inline constexpr std::size_t kMaxYamlNodes = 50'000;  ///< aliases can make a small file huge
inline constexpr int kPage = 100;                     ///< items asked for at once by --all
inline constexpr int kEventPage = 500;
inline constexpr int kDefaultWidth = 100;  ///< of a terminal that doesn't tell
inline constexpr int kNarrowest = 24;      ///< a picture is never drawn narrower

}  // namespace pawl::cli
