// pawl-bench-compare: runs W1–W4 on Pawl and on the null engine in turn, over the same private servers, and
// prints the median of each number and their ratios, one JSON line each. See tests/bench/README.md.
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <string>
#include <vector>

#include "tests/bench/compare/engines.h"

namespace pawl::bench {
namespace {

struct Options {
  std::vector<std::string> workloads;
  Scale scale;
  int rounds = 3;
  bool with_pawl = true;
  std::filesystem::path programs = std::filesystem::canonical("/proc/self/exe").parent_path();
};

Options parse(int argc, char** argv) {
  Options options;
  for (int i = 1; i < argc; ++i) {
    const std::string argument = argv[i];
    const auto number = [&] { return i + 1 < argc ? std::atoi(argv[++i]) : 0; };
    if (argument == "--count")
      options.scale.count = number();
    else if (argument == "--rounds")
      options.rounds = number();
    else if (argument == "--seconds")
      options.scale.seconds = number();
    else if (argument == "--null-only")
      options.with_pawl = false;
    else if (argument.starts_with("W"))
      options.workloads.push_back(argument);
    else
      throw std::runtime_error(
          "usage: pawl-bench-compare [--count N] [--rounds N] [--seconds N] [--null-only] [W1 …]");
  }
  if (options.workloads.empty()) options.workloads = {"W1", "W2", "W3", "W4"};
  return options;
}

void print(const std::string& workload, const std::string& metric, double value) {
  std::printf("%s\n", json_line(workload, metric, value, unit_of(metric)).c_str());
  std::fflush(stdout);
}

/// The numbers of several rounds of one engine.
class Rounds {
 public:
  void add(const Numbers& numbers) {
    for (const auto& [name, value] : numbers) values_[name].push_back(value);
  }
  [[nodiscard]] Numbers medians() const {
    Numbers result;
    for (auto [name, values] : values_) {
      std::sort(values.begin(), values.end());
      result[name] = values[values.size() / 2];
    }
    return result;
  }

 private:
  std::map<std::string, std::vector<double>> values_;
};

Numbers measure(const Target& target, const std::string& workload, const Scale& scale) {
  Loop loop;
  auto numbers = run_workload(loop, target, workload, scale);
  if (!numbers) throw std::runtime_error(workload + ": " + numbers.error().message);
  return *numbers;
}

/// The engines take turns, so that a machine that slows down slows both.
void compare(const NullEngine& null, const PawlEngine* pawl, const std::string& workload,
             const Options& options) {
  Rounds of_null;
  Rounds of_pawl;
  for (int round = 0; round < options.rounds; ++round) {
    of_null.add(measure(null.target(), workload, options.scale));
    if (pawl != nullptr) of_pawl.add(measure(pawl->target(), workload, options.scale));
  }
  const Numbers base = of_null.medians();
  for (const auto& [metric, value] : base) print(workload, "null_" + metric, value);
  for (const auto& [metric, value] : of_pawl.medians()) {
    print(workload, metric, value);
    if (base.at(metric) > 0) print(workload, metric + "_ratio", value / base.at(metric));
  }
}

int run(const Options& options) {
  Servers servers;
  servers.postgres.start();
  servers.rabbit.start();
  const NullEngine null(servers, options.programs);
  std::unique_ptr<PawlEngine> pawl;
  if (options.with_pawl) pawl = std::make_unique<PawlEngine>(servers, options.programs);
  const bool weighs =
      pawl && std::find(options.workloads.begin(), options.workloads.end(), "W4") != options.workloads.end();
  if (weighs) {
    for (const auto& [metric, value] : pawl->start_up()) print("W4", metric, value);
    for (const auto& [metric, value] : pawl->memory("idle")) print("W4", metric, value);
  }
  for (const auto& workload : options.workloads) {
    if (workload != "W4") compare(null, pawl.get(), workload, options);
  }
  if (weighs) {
    for (const auto& [metric, value] : pawl->memory("after_runs")) print("W4", metric, value);
  }
  return 0;
}

}  // namespace
}  // namespace pawl::bench

int main(int argc, char** argv) {
  try {
    return pawl::bench::run(pawl::bench::parse(argc, argv));
  } catch (const std::exception& error) {
    std::fprintf(stderr, "pawl-bench-compare: %s\n", error.what());
    return 1;
  }
}
