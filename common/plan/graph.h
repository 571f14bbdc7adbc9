// Which step reads from which: the graph behind `optional`, behind telling the impact of a failure, and
// behind drawing.
#pragma once

#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace pawl::plan {

struct Step;

/// One reference of a step to another.
struct Read {
  std::string step;      ///< whose result is read
  std::string field;     ///< output, status or error
  bool guarded = false;  ///< every such reference is covered by ??

  friend bool operator==(const Read&, const Read&) = default;
};

/// What `step` itself reads before and while it runs: `when`, parameters, items, fallbacks, approval, wait.
/// What its children read and what its compensation reads is not in it. In plan order of the references, each
/// pair once.
std::vector<Read> step_reads(const Step& step);

class Graph {
 public:
  /// Adds one step's reads. A step without any need not be added.
  void add(const std::string& step, std::vector<Read> reads);

  /// What `step` reads; empty when it reads nothing or is unknown.
  [[nodiscard]] const std::vector<Read>& reads(std::string_view step) const;
  /// The steps that read from `step` directly, in plan order: the impact of its failure.
  [[nodiscard]] const std::vector<std::string>& readers(std::string_view step) const;

 private:
  std::map<std::string, std::vector<Read>, std::less<>> reads_;
  std::map<std::string, std::vector<std::string>, std::less<>> readers_;
};

}  // namespace pawl::plan
