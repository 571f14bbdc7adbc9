// One execution as the core holds it: the tree of steps that are under way, the results that later steps may
// read, and the checkpoint that is being put together. Changed by apply() only (reducer.h); this header shows
// what may be read.
#pragma once

#include <cstdint>
#include <memory>

#include "common/base/ids.h"
#include "common/json/value.h"
#include "common/model/status.h"

namespace pawl::core {

struct State;

/// For metrics; all since this worker took the execution.
struct Counters {
  std::uint64_t events = 0;
  std::uint64_t checkpoints = 0;
  std::uint64_t late_answers = 0;  ///< answers dropped by their stamp
  std::uint64_t steps_started = 0;
  std::uint64_t steps_ended = 0;
  std::uint64_t retries = 0;
};

/// Not copyable; movable. Lives in one thread. Empty until Begin or Restore was applied.
class Execution {
 public:
  Execution();
  ~Execution();
  Execution(Execution&&) noexcept;
  Execution& operator=(Execution&&) noexcept;
  Execution(const Execution&) = delete;
  Execution& operator=(const Execution&) = delete;

  [[nodiscard]] Phase phase() const;
  [[nodiscard]] const Counters& counters() const;
  /// {"completed","total","percent","current":[paths]}, as in http-api.md.
  [[nodiscard]] json::Value progress() const;
  /// Calls handed out by StartTool and not answered yet, frozen ones included.
  [[nodiscard]] int calls() const;
  /// All its calls are frozen and the pause is saved: it keeps no slot.
  [[nodiscard]] bool is_frozen() const;
  /// A checkpoint was handed out and not answered.
  [[nodiscard]] bool is_saving() const;
  /// Nodes alive now; for tests of flat memory.
  [[nodiscard]] std::size_t node_count() const;

  [[nodiscard]] State& state() { return *state_; }
  [[nodiscard]] const State& state() const { return *state_; }

 private:
  std::unique_ptr<State> state_;
};

}  // namespace pawl::core
