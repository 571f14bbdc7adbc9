#include "common/metrics/metrics.h"

#include <algorithm>
#include <array>
#include <map>
#include <mutex>
#include <set>
#include <vector>

#include <prometheus/counter.h>
#include <prometheus/gauge.h>
#include <prometheus/histogram.h>
#include <prometheus/registry.h>
#include <prometheus/text_serializer.h>

#include "common/base/assert.h"
#include "common/metrics/limits.h"

namespace pawl {
namespace {

using Labels = std::map<std::string, std::string>;

constexpr auto kLatencyBuckets = std::to_array<double>(
    {0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300});

/// [a-zA-Z_][a-zA-Z0-9_]*, the part that metric and label names have in common.
bool is_name(std::string_view name) {
  const auto is_letter = [](char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; };
  const auto is_digit = [](char c) { return c >= '0' && c <= '9'; };
  return !name.empty() && is_letter(name[0]) &&
         std::all_of(name.begin(), name.end(), [&](char c) { return is_letter(c) || is_digit(c); });
}

Labels to_labels(MetricLabels labels) {
  Labels map;
  for (const auto& [name, value] : labels) {
    PAWL_ASSERT(is_name(name), "a label name is letters, digits and underscores");
    map.emplace(name, value);
  }
  return map;
}

}  // namespace

std::span<const double> latency_buckets() { return kLatencyBuckets; }

struct Metrics::Registry {
  enum class Type : unsigned char { kCounter, kGauge, kHistogram };
  struct Family {
    Type type;
    void* family;  // of the prometheus::Family<…> that `type` names; owned by `registry`
    std::set<Labels> series;
  };

  /// The family called `name`, made by `build` when it is new.
  template <typename Build>
  Family& family(std::string_view name, Type type, const Build& build) {
    PAWL_ASSERT(is_name(name), "a metric name is letters, digits and underscores");
    auto found = families.find(name);
    if (found == families.end()) found = families.emplace(std::string(name), Family{type, build(), {}}).first;
    PAWL_ASSERT(found->second.type == type, "a metric name stands for one type");
    return found->second;
  }

  /// The labels the series really gets: its own, or "other" once the family is full.
  static Labels admit(Family& family, MetricLabels wanted) {
    Labels labels = to_labels(wanted);
    if (family.series.contains(labels)) return labels;
    if (family.series.size() < kMaxSeriesPerFamily) {
      family.series.insert(labels);
      return labels;
    }
    for (auto& [name, value] : labels) value = "other";
    return labels;
  }

  std::mutex mutex;
  prometheus::Registry registry;
  std::map<std::string, Family, std::less<>> families;
  std::vector<std::function<void()>> samples;
};

Metrics::Metrics() : registry_(std::make_unique<Registry>()) {}
Metrics::~Metrics() = default;

Counter Metrics::counter(std::string_view name, std::string_view help, MetricLabels labels) {
  const std::lock_guard lock(registry_->mutex);
  auto& family = registry_->family(name, Registry::Type::kCounter, [&] {
    return &prometheus::BuildCounter()
                .Name(std::string(name))
                .Help(std::string(help))
                .Register(registry_->registry);
  });
  auto* counters = static_cast<prometheus::Family<prometheus::Counter>*>(family.family);
  return Counter(&counters->Add(Registry::admit(family, labels)));
}

Gauge Metrics::gauge(std::string_view name, std::string_view help, MetricLabels labels) {
  const std::lock_guard lock(registry_->mutex);
  auto& family = registry_->family(name, Registry::Type::kGauge, [&] {
    return &prometheus::BuildGauge()
                .Name(std::string(name))
                .Help(std::string(help))
                .Register(registry_->registry);
  });
  auto* gauges = static_cast<prometheus::Family<prometheus::Gauge>*>(family.family);
  return Gauge(&gauges->Add(Registry::admit(family, labels)));
}

Histogram Metrics::histogram(std::string_view name, std::string_view help, std::span<const double> buckets,
                             MetricLabels labels) {
  const std::lock_guard lock(registry_->mutex);
  auto& family = registry_->family(name, Registry::Type::kHistogram, [&] {
    return &prometheus::BuildHistogram()
                .Name(std::string(name))
                .Help(std::string(help))
                .Register(registry_->registry);
  });
  auto* histograms = static_cast<prometheus::Family<prometheus::Histogram>*>(family.family);
  const prometheus::Histogram::BucketBoundaries bounds(buckets.begin(), buckets.end());
  return Histogram(&histograms->Add(Registry::admit(family, labels), bounds));
}

void Metrics::before_render(std::function<void()> sample) {
  const std::lock_guard lock(registry_->mutex);
  registry_->samples.push_back(std::move(sample));
}

std::string Metrics::render() const {
  // A sample may ask for new series, so the lock is not held while it runs.
  std::unique_lock lock(registry_->mutex);
  const auto samples = registry_->samples;
  lock.unlock();
  for (const auto& sample : samples) sample();
  return prometheus::TextSerializer().Serialize(registry_->registry.Collect());
}

void Counter::add(double by) const {
  PAWL_ASSERT(by >= 0, "a counter only grows");
  if (counter_ != nullptr) counter_->Increment(by);
}
double Counter::value() const { return counter_ == nullptr ? 0 : counter_->Value(); }

void Gauge::set(double value) const {
  if (gauge_ != nullptr) gauge_->Set(value);
}
void Gauge::add(double by) const {
  if (gauge_ != nullptr) gauge_->Increment(by);
}
double Gauge::value() const { return gauge_ == nullptr ? 0 : gauge_->Value(); }

void Histogram::observe(double value) const {
  if (histogram_ != nullptr) histogram_->Observe(value);
}

}  // namespace pawl
