// Watches the ledger of one execution and the calls its tools get, and knows what must hold (reliability.md
// §1).
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "tests/sim/core/random_plan.h"
#include "worker/sim/virtual_store.h"

namespace pawl::simtest {

class Checker {
 public:
  explicit Checker(const RandomPlan& plan) : plan_(plan) {}

  /// Takes in what was appended since the last look.
  void look(const sim::VirtualStore& store);
  /// A tool was called; the ledger was looked at just before.
  void called(const core::StartTool& call, WallTime at);
  /// After everything: the end, the records and the oracle. `must_cancel`: a cancel was answered 202.
  void finish(const sim::VirtualStore& store, bool must_cancel, bool has_crashed);

  /// Empty: all held. Else the first violation.
  [[nodiscard]] const std::string& violation() const { return violation_; }

 private:
  struct PathState {
    bool has_started = false;
    bool has_ended = false;
    bool has_failed_attempt = false;  ///< the last attempt
    bool was_deferred = false;
    bool is_approved = false;
    int attempt = 0;
    int fallback = 0;
    std::optional<std::pair<int, int>> open_call =
        {};  ///< attempt and fallback of the last call that was made
    std::uint32_t epoch = 0;
    WallTime wait_from{};
    Micros wait_paused{0};
    std::optional<Millis> wait_for = {};
    std::size_t committed_at = 0;
  };
  void fail(const char* invariant, const std::string& what);
  void take(const Event& event);
  void started(const Event& event);
  void ended(const Event& event);
  void check_before(const std::string& path);
  void check_wait(const Event& event, const PathState& state);
  void check_compensations(const sim::VirtualStore& store);
  [[nodiscard]] Micros paused_until(WallTime at) const;
  [[nodiscard]] const RandomStep* step_of(const std::string& path) const;

  const RandomPlan& plan_;
  std::map<std::string, PathState> paths_;
  std::vector<std::string> to_undo_;  ///< in the order of their commits
  std::vector<std::uint64_t> signals_taken_;
  std::size_t seen_ = 0;
  std::uint32_t epoch_ = 0;
  bool is_paused_ = false;
  WallTime paused_at_{};
  Micros paused_{0};
  bool is_cancelled_ = false;
  bool has_terminal_ = false;
  std::string violation_;
};

}  // namespace pawl::simtest
