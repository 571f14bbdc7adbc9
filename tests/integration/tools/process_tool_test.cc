// The process tool with real processes in the full sandbox.
#include "worker/tools/process/process_tool.h"

#include <dirent.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <fstream>
#include <set>

#include "common/json/write.h"
#include "tests/support/one_call.h"

namespace pawl::tools {
namespace {

class ProcessToolTest : public testing::Test {
 protected:
  ProcessToolTest() {
    auto sandbox = Sandbox::probe(SandboxProfile::kFull);
    EXPECT_TRUE(sandbox.has_value()) << sandbox.error().message;
    tool = make_process_tool(loop, std::move(sandbox));
  }

  OneCall& run(std::vector<std::string> argv, json::Object more = {}, Millis timeout = Millis{20'000}) {
    json::Array list;
    for (std::string& argument : argv) list.emplace_back(std::move(argument));
    more.set("argv", std::move(list));
    calls.push_back(std::make_unique<OneCall>(loop));
    calls.back()->input.resources = resources;
    return calls.back()->start(*tool, json::Value(std::move(more)), timeout);
  }
  OneCall& shell(const std::string& script, json::Object more = {}, Millis timeout = Millis{20'000}) {
    return run({"sh", "-c", script}, std::move(more), timeout);
  }
  static std::string out(OneCall& call) { return call.output().find("stdout")->as_string(); }

  Loop loop;
  plan::Resources resources;
  std::unique_ptr<Tool> tool;
  std::vector<std::unique_ptr<OneCall>> calls;
};

/// Processes of this machine whose command line has `mark` in it.
int count_marked(const std::string& mark) {
  int count = 0;
  DIR* folder = opendir("/proc");
  while (const dirent* entry = readdir(folder)) {
    std::ifstream file(std::string("/proc/") + entry->d_name + "/cmdline");
    const std::string line((std::istreambuf_iterator<char>(file)), {});
    if (line.starts_with("sleep") && line.find(mark) != line.npos) ++count;
  }
  closedir(folder);
  return count;
}

TEST_F(ProcessToolTest, AnswersExitCodeOutputAndUse) {
  OneCall& call = shell("echo out; echo err >&2; exit 0");
  EXPECT_FALSE(call.answered_inside_start);
  const json::Value& output = call.output();
  EXPECT_EQ(output.find("exit_code")->as_int(), 0);
  EXPECT_EQ(output.find("stdout")->as_string(), "out\n");
  EXPECT_EQ(output.find("stderr")->as_string(), "err\n");
  EXPECT_GT(output.find("max_rss_bytes")->as_int(), 100'000);
  EXPECT_EQ(call.result->resources.cpu_ms, output.find("cpu_ms")->as_int());
  EXPECT_EQ(out(run({"cat"}, {{"stdin", std::string(500'000, 'x')}})), std::string(500'000, 'x'));
}

TEST_F(ProcessToolTest, AnArgumentIsAnArgument) {
  for (const std::string argument :
       {"; id", "$(id)", "`id`", "a\nb", "-rf", "| cat /etc/passwd", "*", "${HOME}", "'\""})
    EXPECT_EQ(out(run({"printf", "%s", argument})), argument);
}

TEST_F(ProcessToolTest, AnUnexpectedExitIsLogicAndTheExpectedOnesAreNot) {
  OneCall& call = shell("echo why >&2; exit 3");
  EXPECT_EQ(call.code(), "exit_3");
  EXPECT_EQ(call.result->output.error().category, Category::kLogic);
  EXPECT_EQ(call.result->output.error().details.find("stderr")->as_string(), "why\n");
  EXPECT_EQ(shell("exit 3", {{"expect_exit", json::Array{0, 3}}}).output().find("exit_code")->as_int(), 3);
  EXPECT_EQ(shell("exit 0", {{"expect_exit", json::Array{1}}}).code(), "exit_0");
  EXPECT_EQ(shell("kill -SEGV $$").code(), "signal_11");
}

TEST_F(ProcessToolTest, WhatCannotRunIsConfiguration) {
  for (const char* program : {"no-such-program", "/etc/hostname", "/usr", "./nothing"}) {
    OneCall& call = run({program});
    EXPECT_EQ(call.code(), "not_executable") << program;
    EXPECT_EQ(call.result->output.error().category, Category::kConfiguration);
  }
  EXPECT_EQ(shell("exit 126").code(), "not_executable");
  EXPECT_EQ(shell("no-such-program").code(), "not_executable");
  EXPECT_EQ(run({"pwd"}, {{"cwd", "no/such"}}).code(), "invalid_parameter");
}

TEST_F(ProcessToolTest, TheEnvironmentIsCleanAndBearsTheIdentity) {
  setenv("PAWL_SECRET_OF_THE_WORKER", "x", 1);
  const std::string text =
      out(run({"env"}, {{"env", json::Object{{"MINE", "yes"}, {"N", 7}, {"LANG", "C"}}}}));
  unsetenv("PAWL_SECRET_OF_THE_WORKER");
  std::set<std::string> names;
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) names.insert(line.substr(0, line.find('=')));
  EXPECT_EQ(names,
            (std::set<std::string>{"HOME", "LANG", "MINE", "N", "PATH", "PAWL_ATTEMPT", "PAWL_EPOCH",
                                   "PAWL_EXECUTION", "PAWL_IDEMPOTENCY_KEY", "PAWL_STEP", "TRACEPARENT"}));
  EXPECT_NE(text.find("PAWL_STEP=fetch\n"), text.npos);
  EXPECT_NE(text.find("PAWL_ATTEMPT=2\n"), text.npos);
  EXPECT_NE(text.find("PAWL_IDEMPOTENCY_KEY=0197f000-0000-7000-8000-000000000001:fetch\n"), text.npos);
  EXPECT_NE(text.find("LANG=C\n"), text.npos);
}

TEST_F(ProcessToolTest, HasThreeDescriptorsNoNetworkNoPrivilegesAndASystemItCannotWrite) {
  EXPECT_EQ(out(shell("ls /proc/$$/fd")), "0\n1\n2\n");
  EXPECT_EQ(out(run({"sh", "-c",
                     "ls /sys/class/net 2>/dev/null; cut -d: -f1 /proc/net/dev | tail -n +3 | tr -d ' '"})),
            "lo\n");
  EXPECT_EQ(out(shell("grep -E 'CapEff|CapBnd|NoNewPrivs|Seccomp:' /proc/self/status | tr -d '\\t'")),
            "CapEff:0000000000000000\nCapBnd:0000000000000000\nNoNewPrivs:1\nSeccomp:2\n");
  EXPECT_EQ(out(shell("for f in /usr/x /x /dev/x /etc/x /proc/sys/kernel/hostname; do (echo x > $f) "
                      "2>/dev/null && echo $f; done; true")),
            "");
  EXPECT_EQ(out(shell("pwd; echo a > file; cat file; echo b > /tmp/b; cat /tmp/b; mkdir sub")),
            "/work\na\nb\n");
  EXPECT_EQ(out(shell("ls -A; ls -A /tmp")), ".tmp\n") << "each call has a folder of its own";
  EXPECT_EQ(out(run({"id", "-u"})), "1000\n");
  EXPECT_EQ(out(shell("ls /root /home ../var 2>/dev/null; ls /etc/shadow /etc/passwd 2>/dev/null; true")),
            "");
  EXPECT_EQ(out(shell("set -- /proc/[0-9]*; echo $#")), "2\n") << "it sees the init and itself";
}

TEST_F(ProcessToolTest, DangerousCallsAreRefused) {
  EXPECT_EQ(out(shell("unshare -U true 2>/dev/null || echo no; unshare -n true 2>/dev/null || echo no")),
            "no\nno\n");
  EXPECT_NE(shell("mount -t tmpfs none /work").code(), "");
  EXPECT_EQ(out(shell("kill -KILL 1; kill -TERM 1; echo alive")), "alive\n");
  EXPECT_EQ(out(run({"perl", "-e", R"(
      for my $call (101, 165, 321, 323, 425, 250, 272) {
        print syscall($call, 0, 0, 0, 0, 0), " ", $!+0, "\n";
      }
      print syscall(435, 0, 0), " ", $!+0, "\n";
      print syscall(56, 0x10000000 | 17, 0, 0, 0, 0), " ", $!+0, "\n";)"})),
            "-1 1\n-1 1\n-1 1\n-1 1\n-1 1\n-1 1\n-1 1\n-1 38\n-1 1\n");
}

TEST_F(ProcessToolTest, AForkBombEndsAtItsLimit) {
  resources.pids = 40;
  OneCall& call = run({"bash", "-c", ":() { : | : & }; :"});
  EXPECT_EQ(call.code(), "pids_limit");
  EXPECT_EQ(call.result->output.error().category, Category::kResource);
  EXPECT_EQ(shell("while :; do sleep 30 & done").code(), "pids_limit");
  EXPECT_EQ(run({"perl", "-e", "while (1) { defined(fork) or die }"}).code(), "pids_limit");
  EXPECT_EQ(shell("for i in 1 2 3 4 5 6 7 8 9 10; do sleep 0 & done; wait").code(), "");
}

TEST_F(ProcessToolTest, AMemoryHogIsKilled) {
  resources.memory_bytes = 64 << 20;
  OneCall& call = run({"perl", "-e", "my $x = 'x' x (500 << 20); sleep 1"});
  EXPECT_EQ(call.code(), "oom_killed");
  EXPECT_EQ(call.result->output.error().category, Category::kResource);
  EXPECT_EQ(run({"perl", "-e", "my $x = 'x' x (10 << 20)"}).code(), "");
}

TEST_F(ProcessToolTest, AFullFolderIsNoSpace) {
  resources.disk_bytes = 8 << 20;
  for (const char* path : {"big", "/tmp/big"})
    EXPECT_EQ(run({"dd", "if=/dev/zero", std::string("of=") + path, "bs=1M", "count=10000"}).code(),
              "no_space")
        << path;
  EXPECT_EQ(run({"dd", "if=/dev/zero", "of=x", "bs=1M", "count=4"}).code(), "");
}

TEST_F(ProcessToolTest, AFloodOfOutputIsCut) {
  OneCall& call = run({"yes"});
  EXPECT_EQ(call.code(), "output_limit");
  EXPECT_EQ(shell("echo 12345; echo 12345 >&2", {{"max_output", 11}}).code(), "output_limit");
  EXPECT_EQ(shell("echo 12345; echo 12345 >&2", {{"max_output", 12}}).code(), "");
}

TEST_F(ProcessToolTest, ATimeOutAndACancellationKillTheWholeTree) {
  const std::string mark = "98765." + std::to_string(getpid());
  const std::string script = "setsid sleep " + mark + " & (setsid sh -c 'sleep " + mark +
                             " &' &) ; nohup sleep " + mark + " & trap '' TERM INT HUP; echo ready; sleep " +
                             mark + "; sleep " + mark;
  OneCall& late = shell(script, {}, Millis{700});
  EXPECT_EQ(late.code(), "timeout");
  EXPECT_EQ(count_marked(mark), 0);

  OneCall& call = shell(script);
  ASSERT_TRUE(call.wait_until([&] { return count_marked(mark) == 4; }));
  const auto before = std::chrono::steady_clock::now();
  call.call->cancel();
  EXPECT_EQ(call.code(), "cancelled");
  EXPECT_LE(std::chrono::steady_clock::now() - before, Millis{1000});
  EXPECT_EQ(count_marked(mark), 0);
  EXPECT_EQ(call.answers, 1);
}

TEST_F(ProcessToolTest, ADroppedCallLeavesNothingBehind) {
  const std::string mark = "98766." + std::to_string(getpid());
  OneCall& call = run({"sleep", mark});
  ASSERT_TRUE(call.wait_until([&] { return count_marked(mark) == 1; }));
  call.call.reset();
  EXPECT_TRUE(call.wait_until([&] { return count_marked(mark) == 0; }, Millis{2000}));
  OneCall& last = run({"sleep", mark});
  ASSERT_TRUE(last.wait_until([&] { return count_marked(mark) == 1; }));
  last.call.reset();
  tool.reset();  // waits for it
  EXPECT_EQ(count_marked(mark), 0);
  EXPECT_EQ(call.answers + last.answers, 0);
}

TEST_F(ProcessToolTest, ABackgroundProcessEndsWithItsCommand) {
  const std::string mark = "98767." + std::to_string(getpid());
  EXPECT_EQ(out(shell("setsid sleep " + mark + " & echo done")), "done\n");
  EXPECT_EQ(count_marked(mark), 0);
}

TEST_F(ProcessToolTest, AFrozenProcessStandsStillAndItsTimeDoesNotRun) {
  OneCall& call = shell("i=0; while :; do echo $i; i=$((i+1)); sleep 0.01; done", {}, Millis{3000});
  ASSERT_TRUE(call.wait_until([&] { return call.progress.size() > 3; }));
  ASSERT_TRUE(call.call->freeze());
  call.wait_until([] { return false; }, Millis{100});
  const std::size_t seen = call.progress.size();
  call.wait_until([] { return false; }, Millis{300});
  EXPECT_EQ(call.progress.size(), seen);
  call.call->thaw();
  EXPECT_TRUE(call.wait_until([&] { return call.progress.size() > seen + 3; }));
  ASSERT_TRUE(call.call->freeze());
  call.call->cancel();  // a frozen tree dies too
  EXPECT_EQ(call.code(), "cancelled");
}

TEST_F(ProcessToolTest, LiveChunksAreTextAndMakeUpTheOutput) {
  OneCall& call = run(
      {"perl", "-e",
       R"($| = 1; print "a\xc3"; select(undef, undef, undef, 0.1); print "\xa4\xff\x00b"; print STDERR "e";)"});
  const json::Value& output = call.output();
  EXPECT_EQ(output.find("stdout")->as_string(), "a\u00e4\ufffd\ufffdb");
  std::string out_text;
  std::string err_text;
  for (const json::Value& chunk : call.progress)
    (chunk.find("stream")->as_string() == "stdout" ? out_text : err_text) += chunk.find("text")->as_string();
  EXPECT_EQ(out_text, "a\u00e4\ufffd\ufffdb");
  EXPECT_EQ(err_text, "e");
}

TEST_F(ProcessToolTest, BadParametersAreFaults) {
  const auto faults = [&](json::Object with) { return tool->validate(json::Value(std::move(with))).size(); };
  EXPECT_EQ(faults({}), 1u);
  EXPECT_EQ(faults({{"argv", "sh -c id"}}), 1u);
  EXPECT_EQ(faults({{"argv", json::Array{}}}), 1u);
  EXPECT_EQ(faults({{"argv", json::Array{""}}}), 1u);
  EXPECT_EQ(faults({{"argv", json::Array{"a", json::Object{}}}}), 1u);
  EXPECT_EQ(faults({{"argv", json::Array{std::string("a\0b", 3)}}}), 1u);
  for (const char* cwd : {"../x", "/etc", "a/../../x", ".."}) {
    const auto found = tool->validate(object({{"argv", json::Array{"ls"}}, {"cwd", cwd}}));
    ASSERT_EQ(found.size(), 1u) << cwd;
    EXPECT_EQ(found[0].code, "path_denied");
  }
  EXPECT_EQ(faults({{"argv", json::Array{"ls"}}, {"env", json::Object{{"A=B", "x"}, {"PAWL_STEP", "x"}}}}),
            2u);
  EXPECT_EQ(faults({{"argv", json::Array{"ls"}}, {"expect_exit", json::Array{256}}}), 1u);
  EXPECT_EQ(
      faults({{"argv", json::Array{"${{ input.program }}", "${{ input.a }}"}}, {"cwd", "${{ input.d }}"}}),
      0u);
}

TEST(ProcessToolWithoutASandbox, RefusesEveryCallAndIsDown) {
  Loop loop;
  const auto tool = make_process_tool(
      loop, fail(ErrorKind::kUnavailable, "sandbox_unavailable", "bwrap is not installed", "Install it."));
  EXPECT_EQ(tool->health().state, ToolHealth::State::kDown);
  OneCall call(loop);
  call.start(*tool, object({{"argv", json::Array{"true"}}}));
  EXPECT_EQ(call.code(), "sandbox_unavailable");
  EXPECT_EQ(call.result->output.error().category, Category::kConfiguration);
  EXPECT_EQ(call.result->output.error().suggestion, "Install it.");
}

class WeakerSandbox : public testing::TestWithParam<SandboxProfile> {};

TEST_P(WeakerSandbox, RunsLimitsAndKillsAllTheSame) {
  Loop loop;
  auto sandbox = Sandbox::probe(GetParam());
  ASSERT_TRUE(sandbox.has_value()) << sandbox.error().message;
  const auto tool = make_process_tool(loop, std::move(sandbox));
  const auto shell = [](const std::string& script) {
    return object({{"argv", json::Array{"sh", "-c", script}}});
  };
  EXPECT_EQ(tool->health().state, ToolHealth::State::kDegraded);
  OneCall writes(loop);
  writes.start(*tool, shell("echo a > f && cat f && echo $HOME"));
  const std::string home = writes.output().find("stdout")->as_string().substr(2);
  EXPECT_NE(access(home.substr(0, home.size() - 1).c_str(), F_OK), 0) << "the work folder is gone";
  const std::string mark = "98768." + std::to_string(getpid());
  OneCall stopped(loop);
  stopped.start(*tool,
                shell("setsid sleep " + mark + " & (setsid sh -c 'sleep " + mark + " &' &) ; sleep " + mark));
  ASSERT_TRUE(stopped.wait_until([&] { return count_marked(mark) == 3; }));
  stopped.call->cancel();
  EXPECT_EQ(stopped.code(), "cancelled");
  EXPECT_EQ(count_marked(mark), 0);
  if (GetParam() == SandboxProfile::kNone) return;
  OneCall outside(loop);
  outside.start(*tool, shell("cat /etc/shadow /etc/passwd 2>/dev/null; ls /root /home /var 2>/dev/null; "
                             "(echo x > /tmp/pawl-x) 2>/dev/null && echo wrote; true"));
  EXPECT_EQ(outside.output().find("stdout")->as_string(), "");
  OneCall network(loop);
  network.start(*tool, object({{"argv", json::Array{"perl", "-MSocket", "-e",
                                                    "socket(my $s, PF_INET, SOCK_STREAM, 0) or exit 9"}}}));
  EXPECT_EQ(network.code(), "exit_9");
}
INSTANTIATE_TEST_SUITE_P(All, WeakerSandbox,
                         testing::Values(SandboxProfile::kLandlock, SandboxProfile::kNone),
                         [](const auto& profile) {
                           return profile.param == SandboxProfile::kNone ? "None" : "Landlock";
                         });

}  // namespace
}  // namespace pawl::tools
