#include "common/metrics/metrics.h"

#include <gtest/gtest.h>

#include <array>

#include "common/metrics/limits.h"

namespace pawl {
namespace {

bool has_line(const std::string& text, const std::string& line) {
  return ("\n" + text).find("\n" + line + "\n") != std::string::npos;
}

TEST(Metrics, RendersEachTypeWithItsHelp) {
  Metrics metrics;
  metrics.counter("pawl_commits_total", "Commits").add();
  metrics.counter("pawl_commits_total", "Commits").add(2);
  metrics.gauge("pawl_running", "Running", {{"lane", "default"}}).set(4);
  metrics.gauge("pawl_running", "Running", {{"lane", "default"}}).add(-1);
  const Histogram seconds = metrics.histogram("pawl_step_seconds", "Steps", std::array<double, 2>{0.1, 1});
  seconds.observe(0.05);
  seconds.observe(0.5);
  const std::string text = metrics.render();
  for (const char* line :
       {"# HELP pawl_commits_total Commits", "# TYPE pawl_commits_total counter", "pawl_commits_total 3",
        "# TYPE pawl_running gauge", "pawl_running{lane=\"default\"} 3", "# TYPE pawl_step_seconds histogram",
        "pawl_step_seconds_bucket{le=\"0.1\"} 1", "pawl_step_seconds_bucket{le=\"1\"} 2",
        "pawl_step_seconds_bucket{le=\"+Inf\"} 2", "pawl_step_seconds_count 2"}) {
    EXPECT_TRUE(has_line(text, line)) << line << "\n" << text;
  }
}

TEST(Metrics, EscapesLabelValues) {
  Metrics metrics;
  metrics.counter("pawl_x_total", "X", {{"k", "a\"b\\c\nd"}}).add();
  EXPECT_TRUE(has_line(metrics.render(), R"(pawl_x_total{k="a\"b\\c\nd"} 1)")) << metrics.render();
}

TEST(Metrics, AFullFamilyCountsTheRestAsOther) {
  Metrics metrics;
  for (std::size_t i = 0; i < kMaxSeriesPerFamily + 50; ++i)
    metrics.counter("pawl_hosts_total", "Hosts", {{"host", std::to_string(i)}}).add();
  EXPECT_EQ(metrics.counter("pawl_hosts_total", "Hosts", {{"host", "other"}}).value(), 50);
  metrics.counter("pawl_hosts_total", "Hosts", {{"host", "0"}}).add();
  EXPECT_EQ(metrics.counter("pawl_hosts_total", "Hosts", {{"host", "0"}}).value(), 2);
}

TEST(Metrics, SamplesWhenItIsAsked) {
  Metrics metrics;
  int length = 3;
  const Gauge queue = metrics.gauge("pawl_queue", "Queue");
  metrics.before_render([&length, queue] { queue.set(length); });
  EXPECT_TRUE(has_line(metrics.render(), "pawl_queue 3"));
  length = 5;
  EXPECT_TRUE(has_line(metrics.render(), "pawl_queue 5"));
}

TEST(Metrics, AHandleMadeByDefaultDropsEverything) {
  Counter().add();
  Gauge().set(1);
  Histogram().observe(1);
  EXPECT_EQ(Counter().value(), 0);
}

TEST(Metrics, MisuseIsABug) {
  Metrics metrics;
  metrics.counter("pawl_x_total", "X");
  EXPECT_DEATH(metrics.gauge("pawl_x_total", "X"), "one type");
  EXPECT_DEATH(metrics.counter("pawl x", "X"), "letters");
  EXPECT_DEATH(metrics.counter("pawl_y_total", "Y", {{"1", "v"}}), "letters");
  EXPECT_DEATH(metrics.counter("pawl_x_total", "X").add(-1), "only grows");
}

TEST(Metrics, TellsWhatTheProcessUses) {
  Metrics metrics;
  add_process_metrics(metrics);
  static_cast<void>(metrics.render());
  EXPECT_GT(metrics.gauge("process_resident_memory_bytes", "").value(), 100'000);
  EXPECT_GT(metrics.gauge("process_open_fds", "").value(), 2);
  EXPECT_GT(metrics.counter("process_cpu_seconds_total", "").value(), 0);
}

}  // namespace
}  // namespace pawl
