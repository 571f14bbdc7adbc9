// Collects the faults of a document: all of them, each once, up to a bound.
#pragma once

#include <cstddef>
#include <string>
#include <utility>
#include <vector>

#include "common/base/error.h"
#include "common/plan/limits.h"

namespace pawl::plan {

class FaultList {
 public:
  void add(std::string pointer, std::string code, std::string message) {
    if (faults_.size() < kMaxFaults)
      faults_.push_back({std::move(pointer), std::move(code), std::move(message)});
  }
  /// Adds faults whose pointers are relative to `pointer`.
  void add_below(const std::string& pointer, std::vector<Fault> faults) {
    for (Fault& fault : faults) add(pointer + fault.pointer, std::move(fault.code), std::move(fault.message));
  }
  [[nodiscard]] bool empty() const { return faults_.empty(); }
  [[nodiscard]] std::size_t size() const { return faults_.size(); }
  [[nodiscard]] std::vector<Fault> take() { return std::move(faults_); }

 private:
  std::vector<Fault> faults_;
};

}  // namespace pawl::plan
