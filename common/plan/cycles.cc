#include "common/plan/cycles.h"

#include <algorithm>

namespace pawl::plan {
namespace {

constexpr std::uint32_t kUnseen = UINT32_MAX;

/// Outgoing edges as one array, with where each node's begin.
struct Adjacency {
  std::vector<std::uint32_t> begin;
  std::vector<std::uint32_t> targets;

  Adjacency(std::size_t count, const std::vector<std::pair<std::uint32_t, std::uint32_t>>& edges)
      : begin(count + 1, 0), targets(edges.size()) {
    for (const auto& edge : edges) ++begin[edge.first + 1];
    for (std::size_t i = 1; i <= count; ++i) begin[i] += begin[i - 1];
    std::vector<std::uint32_t> next(begin.begin(), begin.end() - 1);
    for (const auto& edge : edges) targets[next[edge.first]++] = edge.second;
  }
};

class Tarjan {
 public:
  Tarjan(std::size_t count, const Adjacency& graph)
      : graph_(graph), order_(count, kUnseen), low_(count, 0), component_(count, kUnseen) {}

  std::vector<std::uint32_t> run() {
    for (std::uint32_t node = 0; node < order_.size(); ++node) {
      if (order_[node] == kUnseen) visit(node);
    }
    return std::move(component_);
  }

 private:
  struct Frame {
    std::uint32_t node;
    std::uint32_t edge;
  };

  void enter(std::uint32_t node) {
    order_[node] = low_[node] = next_order_++;
    open_.push_back(node);
    frames_.push_back({node, graph_.begin[node]});
  }

  void visit(std::uint32_t root) {
    enter(root);
    while (!frames_.empty()) {
      Frame& frame = frames_.back();
      const std::uint32_t node = frame.node;
      if (frame.edge < graph_.begin[node + 1]) {
        const std::uint32_t target = graph_.targets[frame.edge++];
        if (order_[target] == kUnseen)
          enter(target);
        else if (component_[target] == kUnseen)
          low_[node] = std::min(low_[node], order_[target]);
        continue;
      }
      frames_.pop_back();
      if (low_[node] == order_[node]) close(node);
      if (!frames_.empty()) low_[frames_.back().node] = std::min(low_[frames_.back().node], low_[node]);
    }
  }

  void close(std::uint32_t root) {
    std::uint32_t node = kUnseen;
    do {
      node = open_.back();
      open_.pop_back();
      component_[node] = next_component_;
    } while (node != root);
    ++next_component_;
  }

  const Adjacency& graph_;
  std::vector<std::uint32_t> order_;
  std::vector<std::uint32_t> low_;
  std::vector<std::uint32_t> component_;
  std::vector<std::uint32_t> open_;
  std::vector<Frame> frames_;
  std::uint32_t next_order_ = 0;
  std::uint32_t next_component_ = 0;
};

}  // namespace

std::vector<std::uint32_t> strong_components(
    std::size_t count, const std::vector<std::pair<std::uint32_t, std::uint32_t>>& edges) {
  const Adjacency graph(count, edges);
  return Tarjan(count, graph).run();
}

}  // namespace pawl::plan
