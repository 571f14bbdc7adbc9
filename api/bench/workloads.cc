#include "api/bench/workloads.h"

#include <algorithm>
#include <optional>
#include <unordered_map>

#include "api/bench/load.h"
#include "common/db/connection.h"
#include "common/db/params.h"
#include "common/json/value.h"
#include "common/json/write.h"

namespace pawl::bench {
namespace {

constexpr Millis kDatabasePatience{60'000};
constexpr Millis kDrainPatience{300'000};
constexpr int kLongPlan = 5;

/// Answers one statement at a time over one connection, turning the loop meanwhile.
class Database {
 public:
  Database(Loop& loop, std::string url) : loop_(loop), url_(std::move(url)) {}

  Result<db::RowsPtr> query(const db::Statement& statement, db::Params params) {
    if (!connection_) TRY(connect());
    std::optional<Result<std::vector<db::RowsPtr>>> answer;
    std::vector<db::Call> calls;
    calls.push_back({&statement, std::move(params)});
    connection_->run(std::move(calls), {}, clock_.monotonic() + kDatabasePatience,
                     [&](Result<std::vector<db::RowsPtr>> result) { answer = std::move(result); });
    while (!answer) loop_.run_for(Millis{100});
    return std::move(TRY(std::move(*answer)).front());
  }

 private:
  Result<void> connect() {
    std::optional<Result<std::unique_ptr<db::Connection>>> made;
    const auto connecting = db::connect(
        loop_,
        {.url = url_, .role = "", .application_name = "pawl bench", .statement_timeout = kDatabasePatience},
        [](const Error&) {},
        [&](Result<std::unique_ptr<db::Connection>> result) { made = std::move(result); });
    while (!made) loop_.run_for(Millis{100});
    connection_ = TRY(std::move(*made));
    return {};
  }

  Loop& loop_;
  std::string url_;
  SystemClock clock_;
  std::unique_ptr<db::Connection> connection_;
};

/// A task of so many steps that do nothing, in a row.
std::string plan_of(int steps) {
  json::Array list;
  for (int i = 1; i <= steps; ++i) {
    list.push_back(
        json::Object{{"id", "s" + std::to_string(i)}, {"tool", "echo"}, {"with", json::Object{{"n", i}}}});
  }
  return json::write(json::Object{{"steps", std::move(list)}});
}

double percentile(std::vector<double>& values, double share) {
  if (values.empty()) return 0;
  std::sort(values.begin(), values.end());
  const auto rank = static_cast<std::size_t>(share * static_cast<double>(values.size() - 1) + 0.5);
  return values[rank];
}

double to_ms(Micros time) { return static_cast<double>(time.count()) / 1000.0; }
Micros since_epoch(WallTime time) { return std::chrono::duration_cast<Micros>(time.time_since_epoch()); }

class Run {
 public:
  Run(Loop& loop, const Target& target, const Scale& scale)
      : loop_(loop), target_(target), scale_(scale), database_(loop, target.postgres_url) {}

  Result<Numbers> throughput(int steps, int count) {
    TRY(put_task(steps));
    const auto load = TRY(submit(steps, "/async", count, 0));
    TRY(drained());
    const auto times = TRY(read_times(load.started));
    Micros last{0};
    for (const auto& sample : load.samples) {
      const auto found = times.find(sample.exec_id);
      if (found == times.end()) return missing(sample.exec_id);
      last = std::max(last, found->second.finished);
    }
    const double seconds = static_cast<double>((last - since_epoch(load.started)).count()) / 1e6;
    Numbers numbers;
    numbers["throughput"] = count / seconds;
    add_percentiles(numbers, "accept", load.samples);
    return numbers;
  }

  Result<Numbers> latency() {
    TRY(put_task(1));
    const int count = static_cast<int>(scale_.rate * scale_.seconds);
    const auto async = TRY(submit(1, "/async", count, scale_.rate));
    TRY(drained());
    const auto times = TRY(read_times(async.started));
    std::vector<double> starts;
    for (const auto& sample : async.samples) {
      const auto found = times.find(sample.exec_id);
      if (found == times.end()) return missing(sample.exec_id);
      starts.push_back(to_ms(found->second.started - since_epoch(sample.due)));
    }
    Numbers numbers;
    numbers["start_p50"] = percentile(starts, 0.5);
    numbers["start_p99"] = percentile(starts, 0.99);
    const auto sync = TRY(submit(1, "", count, scale_.rate));
    add_percentiles(numbers, "result", sync.samples);
    return numbers;
  }

 private:
  struct Times {
    Micros started;
    Micros finished;
  };

  static std::string task_path(int steps) { return "/api/v0/tasks/bench-" + std::to_string(steps); }

  Result<void> put_task(int steps) {
    const auto request = make_request("PUT", task_path(steps), target_.api_key, plan_of(steps));
    const auto answer = TRY(ask(loop_, target_.host, target_.port, request));
    if (answer.status >= 300) {
      return fail(ErrorKind::kInternal, "task_refused",
                  "the task was refused: " + answer.body.substr(0, 200));
    }
    return {};
  }

  Result<LoadResult> submit(int steps, const std::string& way, int count, double rate) {
    const auto path = task_path(steps) + "/executions" + way;
    auto load = TRY(run_load(loop_, {.host = target_.host,
                                     .port = target_.port,
                                     .request = make_request("POST", path, target_.api_key, "{}"),
                                     .connections = scale_.connections,
                                     .count = count,
                                     .rate = rate}));
    for (const auto& sample : load.samples) {
      if (sample.status == 200 || sample.status == 202) continue;
      return fail(ErrorKind::kInternal, "refused", "a request was answered " + std::to_string(sample.status));
    }
    return load;
  }

  /// Looks every 50 ms, so that looking costs the engine nothing that could be measured.
  Result<void> drained() {
    const db::Statement unfinished{"bench_unfinished", target_.unfinished_sql.c_str()};
    SystemClock clock;
    const MonoTime end = clock.monotonic() + kDrainPatience;
    while (TRY(database_.query(unfinished, {}))->integer(0, 0) > 0) {
      if (clock.monotonic() > end)
        return fail(ErrorKind::kTimeout, "timeout", "executions do not come to an end");
      const MonoTime next = clock.monotonic() + Millis{50};
      while (clock.monotonic() < next) loop_.run_for(std::chrono::ceil<Millis>(next - clock.monotonic()));
    }
    return {};
  }

  Result<std::unordered_map<std::string, Times>> read_times(WallTime since) {
    const db::Statement statement{"bench_times", target_.times_sql.c_str()};
    // A second of tolerance: the id's time and the server's may differ from ours by a hair.
    const Micros from = since_epoch(since) - std::chrono::seconds(1);
    const auto rows = TRY(database_.query(statement, {db::int_param(from.count())}));
    std::unordered_map<std::string, Times> times;
    for (std::size_t row = 0; row < rows->size(); ++row) {
      times[std::string(rows->text(row, 0))] = {Micros(rows->integer(row, 1)), Micros(rows->integer(row, 2))};
    }
    return times;
  }

  static tl::unexpected<Error> missing(const std::string& exec_id) {
    return fail(ErrorKind::kInternal, "missing", "execution " + exec_id + " was accepted and has no end");
  }

  static void add_percentiles(Numbers& numbers, const std::string& name, const std::vector<Sample>& samples) {
    std::vector<double> values;
    values.reserve(samples.size());
    for (const auto& sample : samples) values.push_back(to_ms(sample.latency));
    numbers[name + "_p50"] = percentile(values, 0.5);
    numbers[name + "_p99"] = percentile(values, 0.99);
  }

  Loop& loop_;
  const Target& target_;
  const Scale& scale_;
  Database database_;
};

}  // namespace

Target pawl_target(std::string host, std::uint16_t port, std::string api_key, std::string postgres_url) {
  return {.host = std::move(host),
          .port = port,
          .api_key = std::move(api_key),
          .postgres_url = std::move(postgres_url),
          .unfinished_sql = "SELECT count(*) FROM live",
          .times_sql =
              "SELECT e.exec_id, (extract(epoch FROM min(s.started_at)) * 1000000)::bigint, "
              "(extract(epoch FROM max(e.finished_at)) * 1000000)::bigint "
              "FROM executions e JOIN steps s USING (exec_id) "
              "WHERE e.created_at >= to_timestamp($1::bigint / 1000000.0) AND e.final_status = 'completed' "
              "GROUP BY e.exec_id"};
}

Result<Numbers> run_workload(Loop& loop, const Target& target, const std::string& workload,
                             const Scale& scale) {
  Run run(loop, target, scale);
  if (workload == "W1") return run.throughput(1, scale.count);
  if (workload == "W2") return run.throughput(kLongPlan, std::max(1, scale.count / kLongPlan));
  if (workload == "W3") return run.latency();
  return fail(ErrorKind::kInvalid, "unknown_workload",
              "there is no workload '" + workload + "'; there are W1, W2, W3");
}

std::string unit_of(const std::string& metric) {
  if (metric.ends_with("throughput")) return "1/s";
  if (metric.ends_with("ratio")) return "x";
  if (metric.ends_with("_mb")) return "MB";
  return "ms";
}

std::string json_line(const std::string& workload, const std::string& metric, double value,
                      const std::string& unit) {
  return json::write(
      json::Object{{"workload", workload}, {"metric", metric}, {"value", value}, {"unit", unit}});
}

}  // namespace pawl::bench
