// Time types, and the clock as a port. Monotonic time decides; wall time is only shown to people.
#pragma once

#include <chrono>
#include <cstdint>

namespace pawl {

using Millis = std::chrono::milliseconds;
using Micros = std::chrono::microseconds;
using MonoTime = std::chrono::steady_clock::time_point;
/// Microseconds since the Unix epoch, the resolution of Postgres' timestamptz.
using WallTime = std::chrono::sys_time<std::chrono::microseconds>;

class Clock {
 public:
  virtual ~Clock() = default;
  /// Never goes back; the origin means nothing.
  [[nodiscard]] virtual MonoTime monotonic() const = 0;
  /// May jump. Never used for a decision (architecture §6: hosts' wall clocks decide nothing).
  [[nodiscard]] virtual WallTime wall() const = 0;
};

class SystemClock final : public Clock {
 public:
  [[nodiscard]] MonoTime monotonic() const override { return std::chrono::steady_clock::now(); }
  [[nodiscard]] WallTime wall() const override {
    return std::chrono::time_point_cast<Micros>(std::chrono::system_clock::now());
  }
};

}  // namespace pawl
