// Whole commands against a server in memory: what is asked, what is printed, with which exit code.
#include <gtest/gtest.h>

#include "api/cli/exit_code.h"
#include "api/cli/options.h"
#include "common/base/time_format.h"
#include "common/json/parse.h"
#include "tests/unit/cli/fake_world.h"

namespace pawl::cli {
namespace {

const std::string kAccepted = envelope(202, R"({"exec_id":"e1","exec_url":"/x","stream_url":"/y"})");

std::string execution(const std::string& status, const std::string& more = "") {
  return envelope(200, R"({"exec_id":"e1","task_id":"report","status":")" + status + "\"" + more + "}");
}

TEST(CommandLine, UsageIsExitTwoAndSaysWhereHelpIs) {
  for (const auto& words : std::vector<std::vector<std::string>>{{},
                                                                 {"frob"},
                                                                 {"run"},
                                                                 {"task"},
                                                                 {"task", "frob"},
                                                                 {"list", "--frob"},
                                                                 {"get", "a", "b"},
                                                                 {"list", "-o", "xml"}}) {
    FakeWorld world;
    EXPECT_EQ(world.run(words), kExitUsage);
    EXPECT_TRUE(world.screen.errors.starts_with("pawl: ")) << world.screen.errors;
    EXPECT_NE(world.screen.errors.find("--help"), std::string::npos);
    EXPECT_TRUE(world.server.seen.empty());
  }
}

TEST(CommandLine, HelpAndVersionAreNoErrors) {
  FakeWorld world;
  EXPECT_EQ(world.run({"--help"}), 0);
  EXPECT_NE(world.screen.written.find("migrate"), std::string::npos);
  EXPECT_EQ(world.run({"task", "put", "--help"}), 0);
  EXPECT_NE(world.screen.written.find("Usage: pawl task put"), std::string::npos);
  EXPECT_EQ(world.run({"--version"}), 0);
}

TEST(CommandLine, GlobalOptionsStandAnywhere) {
  FakeWorld world;
  world.server.answer("GET /api/v0/executions/tasks/e1", 200, execution("running"));
  EXPECT_EQ(world.run({"get", "e1", "--url", "http://other", "--api-key", "k2", "-q"}), 0);
  EXPECT_EQ(world.screen.written, "e1\n");
  EXPECT_EQ(world.server.seen.back().url, "http://other");
  EXPECT_EQ(world.server.seen.back().key, "k2");
}

TEST(Run, SendsWhatWasAskedFor) {
  FakeWorld world;
  world.server.answer("POST /api/v0/tasks/report/executions/async", 202, kAccepted);
  EXPECT_EQ(
      world.run({"run", "report", "--with", R"({"n":1})", "--priority", "7", "--lane", "llm", "--timeout",
                 "1500ms", "--label", "a=b", "--label", "c=d=e", "--idempotency-key", "k"}),
      0);
  EXPECT_EQ(world.screen.written, "e1\n");
  EXPECT_EQ(*world.last().body,
            R"({"with":{"n":1},"timeout":2,"priority":7,"lane":"llm","labels":{"a":"b","c":"d=e"}})");
  EXPECT_EQ(world.last().headers.front(), (std::pair<std::string, std::string>{"Idempotency-Key", "k"}));
}

TEST(Run, AFileIsAPlanSentInline) {
  FakeWorld world;
  world.files["plan.yaml"] = "steps:\n- {id: a, tool: echo, with: {n: 5, s: '5'}}\n";
  world.files["in.json"] = R"({"x":true})";
  world.server.answer("POST /api/v0/executions", 202, kAccepted);
  EXPECT_EQ(world.run({"run", "plan.yaml", "--with", "@in.json"}), 0);
  EXPECT_EQ(*world.last().body,
            R"({"with":{"x":true},"plan":{"steps":[{"id":"a","tool":"echo","with":{"n":5,"s":"5"}}]}})");
  EXPECT_EQ(world.run({"run", "missing.json"}), kExitUsage);
  EXPECT_EQ(world.run({"run", "report", "--with", "{bad"}), kExitUsage);
  EXPECT_EQ(world.run({"run", "report", "--label", "novalue"}), kExitUsage);
}

TEST(Run, TheExitCodeOfASyncRunIsTheOutcome) {
  struct Case {
    int status;
    std::string body;
    int code;
  };
  const std::string route = "POST /api/v0/tasks/report/executions/sync";
  const auto ended = [](const std::string& status) {
    return R"({"status":424,"message":"m","error":{"code":"execution_failed","message":"why"},"data":{"exec_id":"e1","status":")" +
           status + R"("}})";
  };
  for (
      const Case& one :
      {Case{200, envelope(200, R"({"exec_id":"e1","status":"completed","output":{"x":1}})"), 0},
       Case{424, ended("failed"), 1}, Case{424, ended("cancelled"), 3}, Case{424, ended("timed_out"), 4},
       Case{
           408,
           R"({"status":408,"error":{"code":"request_timeout","message":"t"},"data":{"exec_id":"e1","status":"running"}})",
           4}}) {
    FakeWorld world;
    world.server.answer(route, one.status, one.body);
    EXPECT_EQ(world.run({"run", "report", "--sync"}), one.code) << one.body;
    if (one.code == 0) {
      EXPECT_EQ(world.screen.written, "{\n  \"x\": 1\n}\n");
    } else {
      EXPECT_NE(world.screen.errors.find("e1"), std::string::npos) << "says which execution to look at";
    }
  }
}

TEST(Errors, EachKindHasItsExitCode) {
  for (const auto& [status, code] : std::vector<std::pair<int, int>>{{400, 2},
                                                                     {422, 2},
                                                                     {401, 6},
                                                                     {403, 6},
                                                                     {404, 5},
                                                                     {408, 4},
                                                                     {409, 1},
                                                                     {429, 1},
                                                                     {500, 1},
                                                                     {503, 7}}) {
    FakeWorld world;
    world.server.answer("GET /api/v0/executions/tasks/e1", status,
                        refusal(status, "code", "what went wrong"));
    EXPECT_EQ(world.run({"get", "e1"}), code) << status;
    EXPECT_TRUE(world.screen.errors.starts_with("pawl: what went wrong")) << world.screen.errors;
    EXPECT_EQ(world.screen.written, "");
  }
  FakeWorld world;
  world.server.down = 1;
  EXPECT_EQ(world.run({"get", "e1"}), kExitUnreachable);
}

TEST(Errors, FaultsOfAPlanAreListedWithTheirPlaces) {
  FakeWorld world;
  world.files["t.json"] = R"({"id":"t","steps":[]})";
  world.server.answer("PUT /api/v0/tasks/t", 422,
                      R"({"status":422,"error":{"code":"validation_failed","message":"2 faults","errors":[
                          {"pointer":"/steps","code":"too_few","message":"needs a step"},
                          {"pointer":"","code":"x","message":"\u001b[2J"}]}})");
  EXPECT_EQ(world.run({"task", "put", "t.json"}), kExitUsage);
  EXPECT_NE(world.screen.errors.find("  /steps: needs a step\n"), std::string::npos);
  EXPECT_NE(world.screen.errors.find("  (document): \\u001b[2J\n"), std::string::npos);
}

TEST(List, PagesAreJoinedAndFormatsAgree) {
  FakeWorld world;
  const std::string first =
      R"({"items":[{"exec_id":"e1","status":"failed","created_at":"2027-01-15T07:59:30Z","error":{"message":"a\u001b]0;t\u0007"}}],"next_cursor":"c 1"})";
  const std::string second = R"({"items":[{"exec_id":"e2","status":"completed"}],"next_cursor":null})";
  const auto serve = [&] {
    world.server.answers.clear();
    world.server.answer("GET /api/v0/executions?status=failed%2Ccompleted&label.team=a%26b&limit=100", 200,
                        envelope(200, first));
    world.server.answer(
        "GET /api/v0/executions?status=failed%2Ccompleted&label.team=a%26b&limit=100&cursor=c%201", 200,
        envelope(200, second));
  };
  const std::vector<std::string> words = {"list",    "--status", "failed,completed",
                                          "--label", "team=a&b", "--all"};
  const auto with = [&words](const std::vector<std::string>& more) {
    std::vector<std::string> out = words;
    out.insert(out.end(), more.begin(), more.end());
    return out;
  };
  serve();
  EXPECT_EQ(world.run(with({"-q"})), 0);
  EXPECT_EQ(world.screen.written, "e1\ne2\n");
  EXPECT_EQ(world.run(with({"-o", "jsonl"})), 0);
  EXPECT_EQ(world.screen.written.find('\x1b'), std::string::npos);
  EXPECT_EQ(std::count(world.screen.written.begin(), world.screen.written.end(), '\n'), 2);
  EXPECT_EQ(world.run(with({"-o", "json"})), 0);
  const auto document = json::parse(world.screen.written);
  ASSERT_TRUE(document) << "escapes keep it JSON";
  EXPECT_EQ(document->find("items")->as_array().size(), 2u);
  EXPECT_EQ(document->find("items")->as_array()[0].find("error")->find("message")->as_string(),
            "a\x1b]0;t\x07");
  EXPECT_EQ(world.run(words), 0);
  EXPECT_NE(world.screen.written.find("e1         failed                       30s  a\\u001b]0;t\\u0007"),
            std::string::npos)
      << world.screen.written;
}

TEST(Watch, PlainLinesUntilTheEndAndTheOutcomeAsExitCode) {
  FakeWorld world;
  world.server.answer("GET /api/v0/executions/tasks/e1", 200, execution("running"));
  world.server.answer("GET /api/v0/executions/tasks/e1?wait=1s", 200, execution("running"));
  world.server.answer("GET /api/v0/executions/tasks/e1?wait=1s", 200, execution("cancelled"));
  const auto event = [](int seq, const std::string& type) {
    return R"({"seq":)" + std::to_string(seq) + R"(,"type":")" + type +
           R"(","at":"2026-11-20T10:00:00.123Z","step":"a","attempt":1,"data":{}})";
  };
  const auto page = [](const std::string& items) {
    return envelope(200, R"({"items":[)" + items + R"(],"next_cursor":null})");
  };
  world.server.answer("GET /api/v0/executions/tasks/e1/events?after_seq=0&limit=500", 200,
                      page(event(1, "execution.started")));
  world.server.answer("GET /api/v0/executions/tasks/e1/events?after_seq=1&limit=500", 200, page(""));
  world.server.answer("GET /api/v0/executions/tasks/e1/events?after_seq=1&limit=500", 200,
                      page(event(2, "execution.cancelled")));
  EXPECT_EQ(world.run({"watch", "e1"}), kExitCancelled);
  EXPECT_EQ(world.screen.written,
            "1     10:00:00.123  execution.started        a\n"
            "2     10:00:00.123  execution.cancelled      a\n");
  EXPECT_TRUE(world.screen.errors.starts_with("cancelled\n")) << world.screen.errors;
}

TEST(Watch, DrawsOverItselfOnATerminalAndShowsTheCursorAgain) {
  FakeWorld world;
  world.screen.shown.terminal = true;
  world.server.answer("GET /api/v0/executions/tasks/e1", 200, execution("running"));
  world.server.answer("GET /api/v0/executions/tasks/e1?wait=1s", 200,
                      execution("completed", R"(,"output":{"x":1})"));
  world.server.answer("GET /api/v0/executions/tasks/e1/steps", 200,
                      envelope(200, R"({"items":[{"path":"a","status":"running"}],"next_cursor":null})"));
  EXPECT_EQ(world.run({"watch", "e1"}), kExitCompleted);
  EXPECT_TRUE(world.screen.written.starts_with("\x1b[?25l")) << world.screen.written;
  EXPECT_NE(world.screen.written.find("\x1b[2A"), std::string::npos)
      << "two lines up before the second picture";
  const std::size_t shown = world.screen.written.find("\x1b[?25h");
  ASSERT_NE(shown, std::string::npos);
  EXPECT_EQ(world.screen.written.substr(shown + 6), "completed\n{\n  \"x\": 1\n}\n");
}

TEST(Watch, OutlivesARestartOfTheApi) {
  FakeWorld world;
  world.server.down = 5;
  world.server.answer("GET /api/v0/executions/tasks/e1", 200, execution("failed"));
  world.server.answer("GET /api/v0/executions/tasks/e1/events?after_seq=0&limit=500", 200,
                      envelope(200, R"({"items":[]})"));
  EXPECT_EQ(world.run({"watch", "e1"}), kExitFailed);
  EXPECT_NE(world.screen.errors.find("the API is away"), std::string::npos);
  world.server.down = 1'000'000;
  EXPECT_EQ(world.run({"watch", "e1"}), kExitUnreachable) << "but not its end";
}

TEST(Result, PrintsTheOutputOnly) {
  FakeWorld world;
  world.server.answer("GET /api/v0/executions/tasks/e1", 200, execution("completed", R"(,"output":[1])"));
  EXPECT_EQ(world.run({"result", "e1", "-o", "jsonl"}), 0);
  EXPECT_EQ(world.screen.written, "[1]\n");
  world.server.answers.clear();
  world.server.answer("GET /api/v0/executions/tasks/e1", 200, execution("running"));
  EXPECT_EQ(world.run({"result", "e1"}), kExitFailed);
  EXPECT_NE(world.screen.errors.find("--wait"), std::string::npos);
}

TEST(Control, AsksByTheContract) {
  FakeWorld world;
  world.server.answer("POST /api/v0/executions/tasks/e1/cancel", 202,
                      execution("running", R"(,"cancel_requested":true)"));
  EXPECT_EQ(world.run({"cancel", "e1", "--reason", "too slow"}), 0);
  EXPECT_EQ(*world.last().body, R"({"reason":"too slow"})");
  EXPECT_EQ(world.screen.written, "e1 running, cancel requested\n");
  world.server.answer("POST /api/v0/executions/tasks/e1/signals/paid", 202, "");
  EXPECT_EQ(world.run({"signal", "e1", "paid", "--payload", "5"}), 0);
  EXPECT_EQ(*world.last().body, R"({"payload":5})");
  world.server.answer("GET /api/v0/executions/tasks/e1/approvals", 200,
                      envelope(200, R"({"items":[{"path":"ask","status":"pending"}]})"));
  world.server.answer("POST /api/v0/executions/tasks/e1/approvals/ask", 202, "");
  EXPECT_EQ(world.run({"approve", "e1", "--comment", "fine"}), 0);
  EXPECT_EQ(*world.last().body, R"({"decision":"approve","comment":"fine"})");
  EXPECT_EQ(world.run({"retry", "e1", "--from", "a.b[2]"}), kExitNotFound);
  EXPECT_EQ(*world.last().body, R"({"from":"a.b[2]"})");
}

TEST(Targets, IdsCantLeaveTheirPlaceInThePath) {
  FakeWorld world;
  static_cast<void>(world.run({"get", "../keys?x=1#y"}));
  EXPECT_EQ(world.last().target, "/api/v0/executions/tasks/..%2Fkeys%3Fx%3D1%23y");
}

TEST(Keys, TheKeyIsAllThatIsPrinted) {
  FakeWorld world;
  world.server.answer("POST /api/v0/keys", 201, envelope(201, R"({"id":"k1","key":"pawl_secret"})"));
  EXPECT_EQ(world.run({"keys", "create", "ci", "--scope", "exec:read,exec:write", "--scope", "approve",
                       "--expires", "1h"}),
            0);
  EXPECT_EQ(world.screen.written, "pawl_secret\n");
  EXPECT_EQ(*world.last().body,
            R"({"name":"ci","scopes":["exec:read","exec:write","approve"],"expires_at":")" +
                format_rfc3339(world.time.wall() + std::chrono::hours(1)) + "\"}");
}

TEST(Sessions, ACommandsOutputAndOutcome) {
  FakeWorld world;
  world.server.answer("POST /api/v0/sessions/s1/tasks", 201,
                      envelope(201, R"({"id":"t1","status":"pending"})"));
  world.server.answer("GET /tasks/t1", 200, R"({"id":"t1","status":"running","output":""})");
  world.server.answer("GET /tasks/t1", 200,
                      R"({"id":"t1","status":"failed","output":"hi\u001b[2J\n","error":"x","exit_code":3})");
  EXPECT_EQ(world.run({"session", "run", "s1", "ls -l"}), kExitFailed);
  EXPECT_EQ(world.screen.written, "hi\\u001b[2J\n");
  EXPECT_NE(world.screen.errors.find("exit 3"), std::string::npos);
}

TEST(Logs, AreStreamedWithEscapes) {
  FakeWorld world;
  world.server.answer("GET /api/v0/executions/tasks/e1/steps/a/logs?follow=true", 200, "one\ntwo\x1b[2J");
  EXPECT_EQ(world.run({"logs", "e1", "a", "-f"}), 0);
  EXPECT_EQ(world.screen.written, "one\ntwo\\u001b[2J\n");
  EXPECT_EQ(world.run({"logs", "e1", "b"}), kExitNotFound);
}

TEST(Programs, SimGetsItsArgumentsUntouched) {
  FakeWorld world;
  EXPECT_EQ(world.run({"sim", "--seed", "5", "--help", "-o", "x"}), kExitNotFound);
  EXPECT_EQ(world.handed_over, (std::vector<std::string>{"pawl-sim", "--seed", "5", "--help", "-o", "x"}));
}

TEST(Completion, KnowsEveryCommandAndOption) {
  FakeWorld world;
  for (const auto* shell : {"bash", "zsh", "fish"}) {
    EXPECT_EQ(world.run({"completion", shell}), 0);
    for (const auto* word : {"migrate", "versions", "idempotency-key", "jsonl", "pawl"}) {
      EXPECT_NE(world.screen.written.find(word), std::string::npos) << shell << " " << word;
    }
  }
  EXPECT_EQ(world.run({"completion", "tcsh"}), kExitUsage);
}

}  // namespace
}  // namespace pawl::cli
