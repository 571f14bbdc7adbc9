#include "common/base/rng.h"

#include <sys/random.h>

#include <cerrno>

#include "common/base/assert.h"

namespace pawl {

std::uint64_t Rng::below(std::uint64_t bound) {
  if (bound == 0) return 0;
  // Draws below 2^64 mod bound are thrown away, so that each result is equally likely.
  const std::uint64_t reject_below = (0 - bound) % bound;
  std::uint64_t draw = next();
  while (draw < reject_below) draw = next();
  return draw % bound;
}

std::uint64_t SeededRng::next() {
  state_ += 0x9E3779B97F4A7C15ull;
  std::uint64_t z = state_;
  z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9ull;
  z = (z ^ (z >> 27)) * 0x94D049BB133111EBull;
  return z ^ (z >> 31);
}

std::uint64_t entropy_seed() {
  std::uint64_t seed = 0;
  secure_random({reinterpret_cast<std::uint8_t*>(&seed), sizeof seed});
  return seed;
}

void secure_random(std::span<std::uint8_t> out) {
  while (!out.empty()) {
    const ssize_t n = ::getrandom(out.data(), out.size(), 0);
    if (n < 0 && errno == EINTR) continue;
    PAWL_ASSERT(n > 0, "the kernel gives random bytes");
    out = out.subspan(static_cast<std::size_t>(n));
  }
}

}  // namespace pawl
