// The execution resource and the list of steps: plan order whatever order things happened in, and every state
// a step can be in.
#include "api/views.h"

#include <gtest/gtest.h>

#include "common/json/write.h"
#include "tests/unit/api/api_world.h"

namespace pawl::api {
namespace {

plan::PlanPtr plan_of(std::string_view steps) {
  return plan::parse(parsed(R"({"steps":)" + std::string(steps) + "}"),
                     {.id_required = false, .lanes = {"default"}})
      .value();
}

StepRecord record(std::string path, StepStatus status = StepStatus::kCompleted) {
  StepRecord made;
  made.path = std::move(path);
  made.kind = "tool";
  made.tool = "echo";
  made.status = status;
  return made;
}

Event event(EventType type, std::string step, json::Value data = json::Object{}, int attempt = 1) {
  Event made;
  made.type = type;
  made.step = std::move(step);
  made.attempt = attempt;
  made.data = std::move(data);
  return made;
}

std::string order(const json::Array& steps) {
  std::string out;
  for (const json::Value& step : steps) out += (out.empty() ? "" : " ") + step.find("path")->as_string();
  return out;
}

std::string text(const json::Value& step, std::string_view key) {
  const json::Value* value = step.find(key);
  return value == nullptr ? "absent" : json::write(*value);
}

TEST(StepsView, ListsEveryStepOfThePlanAsPendingBeforeItStarts) {
  const auto plan =
      plan_of(R"([{"id":"b","tool":"echo"},{"id":"a","name":"First","tool":"sleep","with":{"duration":"1s"}},
      {"id":"g","sequence":{"steps":[{"id":"x","tool":"echo"}]}},
      {"id":"pick","choose":[{"when":"${{ true }}","steps":[{"id":"y","tool":"echo"}]},
      {"else":[{"id":"z","tool":"echo"}]}]}])");
  const json::Array steps = steps_json(*plan, {}, {});
  EXPECT_EQ(order(steps), "b a g g.x pick pick.y pick.z");
  for (const json::Value& step : steps) EXPECT_EQ(text(step, "status"), "\"pending\"");
  EXPECT_EQ(text(steps[1], "name"), "\"First\"");
  EXPECT_EQ(text(steps[1], "tool"), "\"sleep\"");
  EXPECT_EQ(text(steps[1], "kind"), "\"tool\"");
  EXPECT_EQ(text(steps[3], "id"), "\"x\"");
  for (const char* key : {"attempt", "max_attempts", "critical", "optional", "started_at", "finished_at",
                          "duration_ms", "input", "output", "worker", "resources"})
    EXPECT_NE(text(steps[0], key), "absent") << key;
}

TEST(StepsView, OrdersByThePlanNotByTheEnd) {
  const auto plan =
      plan_of(R"([{"id":"p","parallel":{"steps":[{"id":"one","tool":"echo"},{"id":"two","tool":"echo"}]}},
      {"id":"each","for_each":{"items":"${{ input.l }}","step":{"id":"call","tool":"echo"}}},
      {"id":"last","tool":"echo"}])");
  std::vector<StepRecord> records;
  for (const char* path : {"p.two", "each[10].call", "each[2].call", "p.one", "p", "each[0].call", "each"})
    records.push_back(record(path));
  EXPECT_EQ(order(steps_json(*plan, records, {})),
            "p p.one p.two each each[0].call each[2].call each[10].call last");
}

TEST(StepsView, ThoseUnderWayComeFromTheLedger) {
  const auto plan =
      plan_of(R"([{"id":"a","tool":"echo"},{"id":"b","tool":"echo"},{"id":"c","tool":"echo"}])");
  const json::Value started = json::Object{{"max_attempts", 4}, {"input", json::Object{{"n", 1}}}};
  const std::vector<Event> events{
      event(EventType::kExecutionStarted, "", json::Object{{"worker", "w1"}}, 0),
      event(EventType::kStepStarted, "a", started),
      event(EventType::kStepCommitted, "a"),
      event(EventType::kStepStarted, "b", started, 1),
      event(EventType::kStepAttemptFailed, "b", json::Object{{"error", json::Object{{"code", "http_503"}}}}),
      event(EventType::kStepRetryScheduled, "b")};
  const json::Array steps = steps_json(*plan, {record("a")}, events);
  EXPECT_EQ(order(steps), "a b c");
  EXPECT_EQ(text(steps[0], "status"), "\"completed\"");
  EXPECT_EQ(text(steps[1], "status"), "\"retrying\"");
  EXPECT_EQ(text(steps[1], "error"), R"({"code":"http_503"})");
  EXPECT_EQ(text(steps[1], "worker"), "\"w1\"");
  EXPECT_EQ(text(steps[1], "max_attempts"), "4");
  EXPECT_EQ(text(steps[2], "status"), "\"pending\"");
  std::vector<Event> again = events;
  again.push_back(event(EventType::kStepStarted, "b", started, 2));
  const json::Array running = steps_json(*plan, {record("a")}, again);
  EXPECT_EQ(text(running[1], "status"), "\"running\"");
  EXPECT_EQ(text(running[1], "attempt"), "2");
  again.back().epoch = 7;  // of an owner the ledger does not name
  EXPECT_EQ(text(steps_json(*plan, {record("a")}, again)[1], "worker"), "null");
}

TEST(StepsView, WaitsAndApprovalsAreWaiting) {
  const auto plan = plan_of(R"([{"id":"w","wait":{"for":"5m"}},{"id":"ok","approval":{"message":"go?"}}])");
  const json::Array steps =
      steps_json(*plan, {},
                 {event(EventType::kStepStarted, "w", json::Object{{"kind", "wait"}}),
                  event(EventType::kStepStarted, "ok", json::Object{{"kind", "approval"}})});
  EXPECT_EQ(text(steps[0], "status"), "\"waiting\"");
  EXPECT_EQ(text(steps[1], "status"), "\"waiting\"");
}

TEST(StepsView, ARecordTellsAll) {
  StepRecord failed = record("a", StepStatus::kFailed);
  failed.attempt = 3;
  failed.max_attempts = 4;
  failed.worker = "w1";
  failed.started_at = WallTime{Micros{1'000'000}};
  failed.finished_at = WallTime{Micros{1'250'000}};
  failed.resources.cpu_ms = 7;
  const json::Value step = step_json(failed, nullptr);
  EXPECT_EQ(text(step, "duration_ms"), "250");
  EXPECT_EQ(text(step, "attempt"), "3");
  EXPECT_EQ(text(step, "started_at"), "\"1970-01-01T00:00:01.000Z\"");
  EXPECT_EQ(*step.find("resources")->find("cpu_ms"), json::Value(7));
}

TEST(ExecutionView, HasEveryFieldOfTheContract) {
  store::ExecutionRow row;
  row.exec_id = *Uuid::parse("01900000-0000-7000-8000-000000000001");
  row.lane = "default";
  row.epoch = 2;
  row.rev = 9;
  const json::Value shown = execution_json(row);
  for (const char* key :
       {"exec_id", "task_id", "task_version", "status", "phase", "progress", "input", "output", "error",
        "created_at", "started_at", "finished_at", "lane", "attempt", "links"})
    EXPECT_NE(text(shown, key), "absent") << key;
  EXPECT_EQ(text(shown, "task_id"), "null");
  for (const char* key : {"completed", "total", "percent", "current", "remaining"})
    EXPECT_NE(text(*shown.find("progress"), key), "absent") << key;
  EXPECT_EQ(text(*shown.find("links"), "self"),
            "\"/api/v0/executions/tasks/01900000-0000-7000-8000-000000000001\"");
  EXPECT_EQ(text(shown, "cancel_requested"), "absent");
  EXPECT_EQ(execution_etag(row), "\"2-9\"");
  row.rev = 10;
  EXPECT_EQ(execution_etag(row), "\"2-10\"");
  row.cancel_requested = true;
  EXPECT_EQ(text(execution_json(row), "cancel_requested"), "true");
  row.status = ExecutionStatus::kCancelled;
  EXPECT_EQ(text(execution_json(row), "cancel_requested"), "absent");
}

}  // namespace
}  // namespace pawl::api
