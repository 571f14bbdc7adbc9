// The pure parts of the process tool: what an end means, output as text, where cgroups are.
#include <gtest/gtest.h>

#include "worker/tools/process/cgroup.h"
#include "worker/tools/process/outcome.h"
#include "worker/tools/process/text.h"

namespace pawl::tools {
namespace {

ProcessRequest request() {
  ProcessRequest out;
  out.expect_exit = {0};
  out.command.limits.memory_bytes = 100 << 20;
  return out;
}

/// An end by itself with this wait status.
ProcessEnd ended(int status) {
  ProcessEnd out;
  out.report = init::Report{.outcome = init::Outcome::kExited, .status = status};
  out.is_memory_counted = true;
  return out;
}
int exit_status(int code) { return code << 8; }

std::string code_of(const ProcessEnd& end) {
  const ToolResult result = judge(request(), end);
  return result.output ? "" : result.output.error().code;
}

TEST(ProcessOutcome, TheCauseComesBeforeTheExitCode) {
  EXPECT_EQ(code_of(ended(exit_status(0))), "");
  EXPECT_EQ(code_of(ended(exit_status(7))), "exit_7");
  EXPECT_EQ(code_of(ended(exit_status(127))), "not_executable");
  EXPECT_EQ(code_of(ended(11)), "signal_11");
  ProcessEnd end = ended(exit_status(1));
  end.was_out_of_memory = true;
  EXPECT_EQ(code_of(end), "oom_killed");
  end = ended(exit_status(1));
  end.was_out_of_pids = true;
  EXPECT_EQ(code_of(end), "pids_limit");
  end = ended(exit_status(1));
  end.report->is_full = 1;
  EXPECT_EQ(code_of(end), "no_space");
  EXPECT_EQ(code_of(ended(25)), "no_space");                     // SIGXFSZ
  EXPECT_EQ(code_of(ended(exit_status(128 + 25))), "no_space");  // as a shell tells it
}

TEST(ProcessOutcome, AnExpectedExitIsASuccessWhateverLimitWasMet) {
  ProcessEnd end = ended(exit_status(0));
  end.was_out_of_memory = true;
  end.was_out_of_pids = true;
  end.report->is_full = 1;
  EXPECT_EQ(code_of(end), "");
  end.was_out_of_memory = false;
  end.report->left_behind = 1;
  EXPECT_EQ(code_of(end), "pids_limit") << "a fork bomb whose first process ended well";
}

TEST(ProcessOutcome, WithoutACgroupThePeakTells) {
  ProcessEnd end = ended(exit_status(1));
  end.is_memory_counted = false;
  end.report->max_rss_bytes = 90 << 20;
  EXPECT_EQ(code_of(end), "oom_killed");
  end.report->max_rss_bytes = 50 << 20;
  EXPECT_EQ(code_of(end), "exit_1");
  end.report->is_out_of_memory = 1;
  EXPECT_EQ(code_of(end), "oom_killed");
}

TEST(ProcessOutcome, WhatWeEndedSaysWhy) {
  ProcessEnd end;
  end.ended = Ended::kTimeout;
  EXPECT_EQ(code_of(end), "timeout");
  end.was_out_of_pids = true;
  EXPECT_EQ(code_of(end), "pids_limit");
  end = {};
  end.ended = Ended::kCancelled;
  EXPECT_EQ(code_of(end), "cancelled");
  end.ended = Ended::kTooMuchOutput;
  EXPECT_EQ(code_of(end), "output_limit");
}

TEST(ProcessOutcome, WhatNeverRanWasNotSent) {
  ProcessEnd end = ended(2);
  end.report->outcome = init::Outcome::kNotExecutable;
  const ToolResult result = judge(request(), end);
  EXPECT_EQ(result.output.error().code, "not_executable");
  EXPECT_FALSE(result.output.error().sent);
  end.report->outcome = init::Outcome::kSetupFailed;
  EXPECT_EQ(code_of(end), "spawn_failed");
  end.report.reset();
  EXPECT_EQ(code_of(end), "spawn_failed");
}

TEST(ProcessOutcome, DetailsHoldTheTailOfTheOutput) {
  ProcessEnd end = ended(exit_status(2));
  end.err = std::string(10'000, 'x') + "end";
  const ToolResult result = judge(request(), end);
  const std::string text = result.output.error().details.find("stderr")->as_string();
  EXPECT_EQ(text.size(), 2048u);
  EXPECT_TRUE(text.ends_with("end"));
}

TEST(OutputText, KeepsUtf8AndReplacesTheRest) {
  EXPECT_EQ(to_text("a\u00e4\u20ac\U0001F600"), "a\u00e4\u20ac\U0001F600");
  EXPECT_EQ(to_text(std::string_view("a\0b", 3)), "a\ufffdb");
  EXPECT_EQ(to_text("\xff\xc3"), "\ufffd\ufffd");
  EXPECT_EQ(to_text("\xc0\xaf"), "\ufffd\ufffd");            // overlong
  EXPECT_EQ(to_text("\xed\xa0\x80"), "\ufffd\ufffd\ufffd");  // a surrogate
  EXPECT_EQ(to_text("\xf4\x90\x80\x80"), "\ufffd\ufffd\ufffd\ufffd");
}

TEST(OutputText, ACharacterThatIsNotCompleteWaitsForItsRest) {
  const std::string text = "x\u20ac\U0001F600";
  for (std::size_t cut = 0; cut <= text.size(); ++cut) {
    const std::string head = text.substr(0, cut);
    const std::size_t rest = unfinished_tail(head);
    EXPECT_EQ(to_text(head.substr(0, cut - rest)).find("\ufffd"), std::string::npos) << cut;
  }
  EXPECT_EQ(unfinished_tail("abc"), 0u);
  EXPECT_EQ(unfinished_tail("\xff"), 0u);
}

constexpr const char* kMountsV1 =
    "36 32 0:30 / /sys/fs/cgroup/memory rw,relatime - cgroup cgroup rw,memory\n"
    "37 32 0:31 / /sys/fs/cgroup/cpu,cpuacct rw,relatime shared:9 - cgroup cgroup rw,cpu,cpuacct\n"
    "38 32 0:32 /docker/ab /sys/fs/cgroup/pids rw,relatime - cgroup cgroup rw,pids\n"
    "39 32 0:33 / /sys/fs/cgroup/unified rw,relatime - cgroup2 cgroup2 rw\n";

TEST(CgroupPlaces, AreOurOwnFoldersOfVersion1) {
  const CgroupPlaces places =
      locate_cgroups(kMountsV1, "8:pids:/docker/ab\n4:memory:/a/b\n3:cpu,cpuacct:/\n0::/x\n");
  EXPECT_FALSE(places.is_v2);
  EXPECT_EQ(places.memory, "/sys/fs/cgroup/memory/a/b");
  EXPECT_EQ(places.cpu, "/sys/fs/cgroup/cpu,cpuacct");
  EXPECT_EQ(places.accounting, "/sys/fs/cgroup/cpu,cpuacct");
  EXPECT_EQ(places.pids, "/sys/fs/cgroup/pids");
  EXPECT_EQ(places.freezer, "");
  EXPECT_EQ(places.names(), "memory, cpu, pids");
}

TEST(CgroupPlaces, AreOneFolderOfVersion2) {
  const CgroupPlaces places =
      locate_cgroups("30 24 0:26 / /sys/fs/cgroup rw,nosuid - cgroup2 cgroup2 rw,nsdelegate\n",
                     "0::/system.slice/pawl.service\n");
  EXPECT_TRUE(places.is_v2);
  EXPECT_EQ(places.memory, "/sys/fs/cgroup/system.slice/pawl.service");
  EXPECT_EQ(places.freezer, places.memory);
  EXPECT_FALSE(locate_cgroups("", "").any());
}

}  // namespace
}  // namespace pawl::tools
