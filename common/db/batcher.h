// Group commit without a timer: what became ready in one turn of the loop, or while the last transaction was
// under way, goes out as the next one.
#pragma once

#include <cstddef>
#include <deque>
#include <functional>
#include <memory>
#include <utility>
#include <vector>

#include "common/base/assert.h"
#include "common/base/result.h"
#include "common/loop/loop.h"

namespace pawl::db {

/// Collects entries and hands them to `flush` in batches at the end of a turn, at most `lanes` batches at
/// once, so that all requests read in one turn share one transaction. `flush(batch, finished)` must call
/// `finished()` exactly once, later. Entries are kept in order of arrival. May be destroyed at any time:
/// entries are dropped, late `finished` do nothing.
template <typename Entry>
class Batcher {
 public:
  using Flush = std::function<void(std::vector<Entry> batch, std::function<void()> finished)>;
  using Weight = std::function<std::size_t(const Entry&)>;
  struct Limits {
    std::size_t max_entries = 128;
    std::size_t max_bytes = std::size_t{256} * 1024;
    std::size_t max_queued = 65536;  ///< more are refused
    int lanes = 1;
  };

  Batcher(Loop& loop, Limits limits, Weight weight, Flush flush)
      : loop_(loop), limits_(limits), weight_(std::move(weight)), flush_(std::move(flush)) {}
  Batcher(const Batcher&) = delete;
  Batcher& operator=(const Batcher&) = delete;

  /// False when the queue is full: the caller refuses its request as overloaded.
  [[nodiscard]] bool add(Entry entry) {
    if (queue_.size() >= limits_.max_queued) return false;
    queue_.push_back(std::move(entry));
    schedule();
    return true;
  }
  [[nodiscard]] std::size_t queued() const { return queue_.size(); }
  [[nodiscard]] int in_flight() const { return in_flight_; }

 private:
  void schedule() {
    if (scheduled_ || queue_.empty() || in_flight_ >= limits_.lanes) return;
    scheduled_ = true;
    loop_.at_turn_end([this, alive = std::weak_ptr<bool>(alive_)] {
      if (alive.expired()) return;
      scheduled_ = false;
      pump();
    });
  }

  void pump() {
    while (in_flight_ < limits_.lanes && !queue_.empty()) {
      std::vector<Entry> batch;
      std::size_t bytes = 0;
      while (!queue_.empty() && batch.size() < limits_.max_entries) {
        const std::size_t weight = weight_(queue_.front());
        if (!batch.empty() && bytes + weight > limits_.max_bytes) break;
        bytes += weight;
        batch.push_back(std::move(queue_.front()));
        queue_.pop_front();
      }
      ++in_flight_;
      flush_(std::move(batch), [this, alive = std::weak_ptr<bool>(alive_)] {
        if (alive.expired()) return;
        PAWL_ASSERT(in_flight_ > 0, "a batch finishes once");
        --in_flight_;
        schedule();
      });
    }
  }

  Loop& loop_;
  Limits limits_;
  Weight weight_;
  Flush flush_;
  std::deque<Entry> queue_;
  int in_flight_ = 0;
  bool scheduled_ = false;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

}  // namespace pawl::db
