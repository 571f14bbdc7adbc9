// What this process uses, read off the kernel when a scraper asks.
#include <dirent.h>
#include <sys/resource.h>
#include <unistd.h>

#include <chrono>
#include <cstdio>
#include <memory>

#include "common/metrics/metrics.h"

namespace pawl {
namespace {

double cpu_seconds() {
  rusage usage{};
  ::getrusage(RUSAGE_SELF, &usage);
  const auto seconds = [](const timeval& t) {
    return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_usec) * 1e-6;
  };
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

/// 0 when /proc can't be read.
double resident_bytes() {
  const std::unique_ptr<FILE, int (*)(FILE*)> file(std::fopen("/proc/self/statm", "re"), &std::fclose);
  long total = 0;
  long resident = 0;
  if (!file || std::fscanf(file.get(), "%ld %ld", &total, &resident) != 2) return 0;
  return static_cast<double>(resident) * static_cast<double>(::sysconf(_SC_PAGESIZE));
}

double open_descriptors() {
  const std::unique_ptr<DIR, int (*)(DIR*)> folder(::opendir("/proc/self/fd"), &::closedir);
  if (!folder) return 0;
  int count = 0;
  while (::readdir(folder.get()) != nullptr) ++count;
  return count - 3;  // ".", ".." and the folder itself
}

}  // namespace

void add_process_metrics(Metrics& metrics) {
  const Counter cpu = metrics.counter("process_cpu_seconds_total", "User and system processor time");
  const Gauge memory = metrics.gauge("process_resident_memory_bytes", "Resident memory");
  const Gauge descriptors = metrics.gauge("process_open_fds", "Open file descriptors");
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  metrics.gauge("process_start_time_seconds", "Start of the process since the Unix epoch")
      .set(std::chrono::duration<double>(now).count());
  metrics.before_render([cpu, memory, descriptors] {
    const double used = cpu_seconds() - cpu.value();
    if (used > 0) cpu.add(used);
    memory.set(resident_bytes());
    descriptors.set(open_descriptors());
  });
}

}  // namespace pawl
