// Bounds of the metrics, and why.
#pragma once

#include <cstddef>

namespace pawl {

/// Series per family. Each costs the scraper and its store for months, so a label that grows without end (a
/// host, a tenant) must not do so here; what is beyond goes to one series whose label values are all "other".
inline constexpr std::size_t kMaxSeriesPerFamily = 200;

}  // namespace pawl
