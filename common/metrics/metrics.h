// Counters, gauges and histograms of one process in the Prometheus text format. prometheus-cpp is behind
// metrics.cc.
#pragma once

#include <functional>
#include <initializer_list>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>

namespace prometheus {
class Counter;
class Gauge;
class Histogram;
}  // namespace prometheus

namespace pawl {

using MetricLabels = std::initializer_list<std::pair<std::string_view, std::string_view>>;

/// A handle is a pointer: copy it, keep it, use it on the hot path. It lives no longer than its Metrics; one
/// that was made by default drops what it is told. All three may be used from any thread.
class Counter {
 public:
  Counter() = default;
  void add(double by = 1) const;  ///< `by` is not negative
  [[nodiscard]] double value() const;

 private:
  friend class Metrics;
  explicit Counter(prometheus::Counter* counter) : counter_(counter) {}
  prometheus::Counter* counter_ = nullptr;
};

class Gauge {
 public:
  Gauge() = default;
  void set(double value) const;
  void add(double by) const;
  [[nodiscard]] double value() const;

 private:
  friend class Metrics;
  explicit Gauge(prometheus::Gauge* gauge) : gauge_(gauge) {}
  prometheus::Gauge* gauge_ = nullptr;
};

class Histogram {
 public:
  Histogram() = default;
  void observe(double value) const;

 private:
  friend class Metrics;
  explicit Histogram(prometheus::Histogram* histogram) : histogram_(histogram) {}
  prometheus::Histogram* histogram_ = nullptr;
};

/// Seconds from half a millisecond to five minutes, for anything that waits.
std::span<const double> latency_buckets();

class Metrics {
 public:
  Metrics();
  ~Metrics();
  Metrics(const Metrics&) = delete;
  Metrics& operator=(const Metrics&) = delete;

  /// The series of family `name` with these labels; the family is made by its first call, which gives the
  /// help text. Names are pawl_…, with the unit at their end (_seconds, _bytes, counters _total). Over
  /// kMaxSeriesPerFamily label sets a family answers with its "other" series. A name used for two types, or
  /// an illegal one, is a bug (assert). Costs a map search: take the handle once and keep it.
  Counter counter(std::string_view name, std::string_view help, MetricLabels labels = {});
  Gauge gauge(std::string_view name, std::string_view help, MetricLabels labels = {});
  Histogram histogram(std::string_view name, std::string_view help,
                      std::span<const double> buckets = latency_buckets(), MetricLabels labels = {});

  /// Runs `sample` at the start of each render, for gauges that are read off something when they are asked
  /// for.
  void before_render(std::function<void()> sample);
  /// The text exposition, format 0.0.4.
  [[nodiscard]] std::string render() const;

 private:
  struct Registry;
  std::unique_ptr<Registry> registry_;
};

/// process_cpu_seconds_total, process_resident_memory_bytes, process_open_fds and process_start_time_seconds,
/// by the names every Prometheus client uses.
void add_process_metrics(Metrics& metrics);

}  // namespace pawl
