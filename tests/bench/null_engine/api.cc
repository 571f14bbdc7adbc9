#include "tests/bench/null_engine/api.h"

#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <cstdio>

#include "common/db/params.h"
#include "tests/bench/null_engine/limits.h"

namespace pawl::null_engine {
namespace {

constexpr db::Statement kInsert{"null_insert",
                                "INSERT INTO null_executions (exec_id, steps, input) "
                                "SELECT * FROM unnest($1::uuid[], $2::bigint[], $3::text[])"};

/// The number behind the last dash of the task's name: ".../tasks/bench-5/executions/async" has 5 steps.
int steps_of(std::string_view path) {
  const auto end = path.find("/executions");
  const auto dash = path.substr(0, end).rfind('-');
  int steps = 1;
  if (end != std::string_view::npos && dash != std::string_view::npos) {
    std::from_chars(path.data() + dash + 1, path.data() + end, steps);
  }
  return std::clamp(steps, 1, kMaxSteps);
}

http::Response finished_answer(const std::string& exec_id) {
  return {.status = 200,
          .body = R"({"status":200,"message":"task executed","data":{"exec_id":")" + exec_id +
                  R"(","output":null,"status":"completed"}})"};
}

http::Response accepted_answer(const Uuid& exec_id) {
  http::Response answer{.status = 202,
                        .body = R"({"status":202,"message":"execution accepted","data":{"exec_id":")" +
                                exec_id.to_string() + R"("}})"};
  answer.header("Location", "/api/v0/executions/tasks/" + exec_id.to_string());
  return answer;
}

}  // namespace

NullApi::NullApi(Loop& loop, Rng& rng, db::Pool& pool, broker::AmqpBroker& broker)
    : ids_(rng),
      pool_(pool),
      broker_(broker),
      batcher_(
          loop,
          {.max_entries = kBatchEntries,
           .max_bytes = kBatchBytes,
           .max_queued = kMaxQueued,
           .lanes = kAcceptLanes},
          [](const Entry& entry) { return entry.exchange->body().size() + sizeof(Entry); },
          [this](std::vector<Entry> batch, std::function<void()> finished) {
            flush(std::move(batch), std::move(finished));
          }),
      control_key_("api.null-" + std::to_string(getpid())) {
  broker_.bus().listen_control(control_key_, [this](const json::Value& message) { finished(message); });
}

void NullApi::on_head(const http::ExchangePtr& exchange) { exchange->proceed(kMaxBody); }

void NullApi::on_request(const http::ExchangePtr& exchange) {
  const std::string_view path = exchange->head().path();
  if (exchange->head().method != http::Method::kPost) {
    exchange->respond({.status = 200, .body = R"({"status":200,"message":"ok","data":{}})"});
    return;
  }
  const bool is_sync = !path.ends_with("/async");
  if (!batcher_.add({ids_.next(clock_.wall()), steps_of(path), is_sync, exchange}))
    exchange->respond({.status = 503});
}

void NullApi::flush(std::vector<Entry> batch, std::function<void()> finished) {
  db::UuidArray ids;
  db::IntArray steps;
  db::TextArray inputs;
  for (const auto& entry : batch) {
    ids.add(entry.exec_id);
    steps.add(entry.steps);
    inputs.add(entry.exchange->body());
  }
  std::vector<db::Call> calls;
  calls.push_back({&kInsert, {ids.take(), steps.take(), inputs.take()}});
  pool_.run(std::move(calls), {}, clock_.monotonic() + kDeadline,
            [this, batch = std::move(batch),
             finished = std::move(finished)](Result<std::vector<db::RowsPtr>> result) {
              for (const auto& entry : batch) {
                if (result)
                  accepted(entry);
                else
                  entry.exchange->respond({.status = 503});
              }
              finished();
            });
}

void NullApi::accepted(const Entry& entry) {
  if (entry.is_sync)
    waiting_[entry.exec_id.to_string()] = entry.exchange;
  else
    entry.exchange->respond(accepted_answer(entry.exec_id));
  broker_.publisher().publish(
      {.exec_id = entry.exec_id, .epoch = 0, .reply_to = entry.is_sync ? control_key_ : std::string()},
      [](const Result<void>& confirmed) {
        if (!confirmed) std::fprintf(stderr, "a ticket was lost: %s\n", confirmed.error().message.c_str());
      });
}

void NullApi::finished(const json::Value& message) {
  const json::Value* id = message.find("exec_id");
  const std::string exec_id = id != nullptr && id->is_string() ? id->as_string() : std::string();
  const auto found = waiting_.find(exec_id);
  if (found == waiting_.end()) return;
  const http::ExchangePtr exchange = std::move(found->second);
  waiting_.erase(found);
  exchange->respond(finished_answer(exec_id));
}

http::Response NullApi::on_bad_request(int status, std::string_view, std::string_view) {
  return {.status = status};
}

}  // namespace pawl::null_engine
