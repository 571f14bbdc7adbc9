// One breaker or budget per target, bounded: the least recently used one that may be forgotten goes first.
#pragma once

#include <functional>
#include <list>
#include <string>
#include <unordered_map>
#include <utility>

#include "worker/core/resilience/limits.h"

namespace pawl::resilience {

/// `T` is made by `make` at first use and owned here. References live until the next `at`.
template <typename T>
class TargetMap {
 public:
  /// `may_forget` protects what must not be lost, as a breaker that is not closed; when all are protected the
  /// oldest goes.
  TargetMap(std::function<T()> make, std::function<bool(const T&)> may_forget,
            std::size_t capacity = kMaxTargets)
      : make_(std::move(make)), may_forget_(std::move(may_forget)), capacity_(capacity) {}

  T& at(const std::string& key) {
    if (const auto found = index_.find(key); found != index_.end()) {
      order_.splice(order_.begin(), order_, found->second);
      return order_.front().second;
    }
    if (order_.size() >= capacity_) forget_one();
    order_.emplace_front(key, make_());
    index_[key] = order_.begin();
    return order_.front().second;
  }

  [[nodiscard]] T* find(const std::string& key) {
    const auto found = index_.find(key);
    return found == index_.end() ? nullptr : &found->second->second;
  }
  [[nodiscard]] std::size_t size() const { return order_.size(); }
  /// Most recently used first.
  void for_each(const std::function<void(const std::string&, T&)>& visit) {
    for (auto& [key, value] : order_) visit(key, value);
  }

 private:
  /// Looks at the oldest few only, so that a map full of open breakers costs no more.
  void forget_one() {
    constexpr int kLooks = 32;
    auto victim = std::prev(order_.end());
    auto candidate = victim;
    for (int looks = 0; looks < kLooks; ++looks) {
      if (may_forget_(candidate->second)) {
        victim = candidate;
        break;
      }
      if (candidate == order_.begin()) break;
      --candidate;
    }
    index_.erase(victim->first);
    order_.erase(victim);
  }

  using Order = std::list<std::pair<std::string, T>>;
  std::function<T()> make_;
  std::function<bool(const T&)> may_forget_;
  std::size_t capacity_;
  Order order_;
  std::unordered_map<std::string, typename Order::iterator> index_;
};

}  // namespace pawl::resilience
