// Strong components of a directed graph (Tarjan 1972), without recursion: a plan may have 10,000 steps in a
// row.
#pragma once

#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

namespace pawl::plan {

/// For each of `count` nodes the number of its component; two nodes share one when each can reach the other.
std::vector<std::uint32_t> strong_components(
    std::size_t count, const std::vector<std::pair<std::uint32_t, std::uint32_t>>& edges);

}  // namespace pawl::plan
