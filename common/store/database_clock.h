// An estimate of the database's clock from the answers it gave: ids are made on database time without asking
// for it.
#pragma once

#include <optional>

#include "common/base/clock.h"

namespace pawl::store {

class DatabaseClock {
 public:
  /// `database` was now() of a transaction whose answer arrived at `arrived`.
  void observe(WallTime database, MonoTime arrived) {
    database_ = database;
    arrived_ = arrived;
  }
  [[nodiscard]] bool known() const { return database_.has_value(); }
  [[nodiscard]] WallTime at(MonoTime now) const {
    return *database_ + std::chrono::duration_cast<Micros>(now - arrived_);
  }

 private:
  std::optional<WallTime> database_;
  MonoTime arrived_{};
};

}  // namespace pawl::store
