#include "api/cli/step_tree.h"

#include <gtest/gtest.h>

#include "api/cli/text.h"
#include "common/base/time_format.h"
#include "common/json/parse.h"

namespace pawl::cli {
namespace {

json::Value parsed(std::string_view text) { return *json::parse(text); }

const Moment kMoment{*parse_rfc3339("2026-11-20T10:00:12Z"), 0};

json::Value execution(const std::string& more = "") {
  return parsed(
      R"({"exec_id":"e","task_id":"report","status":"running","started_at":"2026-11-20T10:00:00Z",)"
      R"("progress":{"completed":3,"total":7,"percent":43,"remaining":{"p50":"12s","p10":"8s","p90":"21s"}})" +
      more + "}");
}

json::Value steps() {
  return parsed(R"([{"path":"fetch","status":"completed","tool":"http","duration_ms":120,"attempt":1},
    {"path":"each","status":"running","kind":"for_each","started_at":"2026-11-20T10:00:02Z"},
    {"path":"each[0].call","status":"failed","tool":"http","attempt":4,"max_attempts":4,
     "error":{"code":"http_503","message":"no\u001b[2J"}},
    {"path":"each[1].call","status":"retrying","tool":"http","attempt":2,"max_attempts":4},
    {"path":"last","status":"pending","tool":"echo","attempt":0}])");
}

Face face_of(int width, int height = 40) {
  Face face;
  face.terminal = true;
  face.width = width;
  face.height = height;
  return face;
}

TEST(StepTree, ShowsTheTreeWithTimesAndTries) {
  const auto lines = draw_execution(execution(), steps().as_array(), face_of(100), kMoment);
  ASSERT_EQ(lines.size(), 8u);
  EXPECT_EQ(lines[0], "⠋ report  running  " + bar(43, 19) + " 43%  3/7  12s  ~12s left (8s–21s)");
  EXPECT_TRUE(lines[1].starts_with("├ ✓ fetch")) << lines[1];
  EXPECT_TRUE(lines[1].ends_with("http      completed 120ms")) << lines[1];
  EXPECT_TRUE(lines[2].starts_with("├ ⠋ each")) << lines[2];
  EXPECT_TRUE(lines[2].ends_with("for_each  running   10s")) << lines[2];
  EXPECT_TRUE(lines[3].starts_with("│ ├   [0]")) << lines[3];
  EXPECT_TRUE(lines[4].starts_with("│ │ └ ✗ call")) << lines[4];
  EXPECT_NE(lines[4].find("try 4/4 http_503: no\\u001b[2J"), std::string::npos) << lines[4];
  EXPECT_TRUE(lines[6].starts_with("│   └ ↻ call")) << lines[6];
  EXPECT_TRUE(lines[7].starts_with("└ · last")) << lines[7];
}

TEST(StepTree, FitsEveryWidth) {
  for (const int width : {25, 40, 60, 80, 200}) {
    for (const std::string& line : draw_execution(execution(), steps().as_array(), face_of(width), kMoment)) {
      EXPECT_LT(width_of(line), width) << line;
    }
  }
}

TEST(StepTree, KeepsWhatRunsOrFailedWhenThereIsNoRoom) {
  json::Array many;
  for (int i = 0; i < 200; ++i) {
    const std::string status = i == 150 ? "running" : i == 160 ? "failed" : i < 150 ? "completed" : "pending";
    many.push_back(json::Object{{"path", "s" + std::to_string(i)}, {"status", status}});
  }
  const auto lines = draw_execution(execution(), many, face_of(80, 20), kMoment);
  ASSERT_LE(lines.size(), 20u);
  std::string all;
  for (const std::string& line : lines) all += line + "\n";
  EXPECT_NE(all.find("s150 "), std::string::npos);
  EXPECT_NE(all.find("s160 "), std::string::npos);
  EXPECT_NE(lines.back().find("more steps"), std::string::npos);
}

TEST(StepTree, TheBarIsEmptyAtFirstAndFullAtTheEnd) {
  EXPECT_EQ(bar(0, 6), "▕░░░░▏");
  EXPECT_EQ(bar(50, 6), "▕██░░▏");
  EXPECT_EQ(bar(100, 6), "▕████▏");
  EXPECT_EQ(bar(250, 6), "▕████▏");
}

TEST(StepTree, AnOutcomeSaysWhatWentWrong) {
  const auto failed = parsed(
      R"({"status":"failed","started_at":"2026-11-20T10:00:00Z","finished_at":"2026-11-20T10:00:03.500Z",
    "error":{"step":"fetch","category":"transient","code":"http_503","message":"no answer",
    "suggestion":"try later"}})");
  EXPECT_EQ(outcome_line(failed, Face{}), "failed in 3.5s: step fetch: transient/http_503: no answer");
  EXPECT_EQ(what_to_do("try later"), "what to do: try later\n");
  EXPECT_EQ(what_to_do(""), "");
}

}  // namespace
}  // namespace pawl::cli
