// Randomness as a port: seeded in tests and simulation, the kernel's elsewhere.
#pragma once

#include <cstdint>
#include <span>

namespace pawl {

class Rng {
 public:
  virtual ~Rng() = default;
  [[nodiscard]] virtual std::uint64_t next() = 0;

  /// Uniform in [0, 1).
  [[nodiscard]] double unit() { return static_cast<double>(next() >> 11) * 0x1.0p-53; }
  /// Uniform in [0, bound); 0 when bound is 0.
  [[nodiscard]] std::uint64_t below(std::uint64_t bound);
};

/// SplitMix64 (Steele, Lea, Flood 2014): small, seedable, good enough for jitter and schedules; never for
/// secrets.
class SeededRng final : public Rng {
 public:
  explicit SeededRng(std::uint64_t seed) : state_(seed) {}
  [[nodiscard]] std::uint64_t next() override;

 private:
  std::uint64_t state_;
};

/// SplitMix64 seeded from the kernel; for jitter and ids.
std::uint64_t entropy_seed();

/// Fills `out` from getrandom(2); for keys, tokens and tickets. Aborts if the kernel has none.
void secure_random(std::span<std::uint8_t> out);

}  // namespace pawl
