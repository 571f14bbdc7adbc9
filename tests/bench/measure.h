// What the small benchmarks share: processor time of this process, and the line that is printed.
#pragma once

#include <sys/resource.h>

#include <chrono>
#include <cstdio>

namespace pawl::bench {

inline double cpu_seconds() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  const auto seconds = [](const timeval& time) {
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) * 1e-6;
  };
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

/// Wall and processor time since it was made.
class Stopwatch {
 public:
  [[nodiscard]] double wall() const {
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - start_).count();
  }
  [[nodiscard]] double cpu() const { return cpu_seconds() - cpu_; }

 private:
  std::chrono::steady_clock::time_point start_ = std::chrono::steady_clock::now();
  double cpu_ = cpu_seconds();
};

inline void print(const char* workload, const char* metric, double value, const char* unit) {
  std::printf("{\"workload\":\"%s\",\"metric\":\"%s\",\"value\":%.3f,\"unit\":\"%s\"}\n", workload, metric,
              value, unit);
  std::fflush(stdout);
}

}  // namespace pawl::bench
