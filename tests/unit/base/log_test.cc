#include "common/base/log.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <array>

#include "common/base/log_format.h"
#include "common/base/time_format.h"

namespace pawl {
namespace {

const WallTime kTen = *parse_rfc3339("2026-11-20T10:00:00.123Z");

std::string json_record(std::string_view phrase, LogFields fields) {
  return render_log_record(kTen, LogLevel::kInfo, "pawl-worker", phrase, "", fields, LogFormat::kJson);
}
std::string text_record(std::string_view phrase, LogFields fields) {
  return render_log_record(kTen, LogLevel::kWarn, "pawl-api", phrase, "", fields, LogFormat::kText);
}

/// A pipe whose reading end gives what is in it at that moment; its writing end blocks, as stderr does.
class Pipe {
 public:
  Pipe() {
    EXPECT_EQ(::pipe(ends_.data()), 0);
    EXPECT_EQ(::fcntl(ends_[0], F_SETFL, O_NONBLOCK), 0);
  }
  ~Pipe() {
    ::close(ends_[0]);
    ::close(ends_[1]);
  }
  Pipe(const Pipe&) = delete;
  Pipe& operator=(const Pipe&) = delete;

  [[nodiscard]] int in() const { return ends_[1]; }
  std::string take() {
    std::string all;
    std::array<char, 65536> chunk{};
    for (ssize_t n = 0; (n = ::read(ends_[0], chunk.data(), chunk.size())) > 0;)
      all.append(chunk.data(), static_cast<std::size_t>(n));
    return all;
  }

 private:
  std::array<int, 2> ends_{};
};

TEST(LogRecord, IsOneJsonObjectALine) {
  EXPECT_EQ(
      json_record("step finished", {{"outcome", "completed"}, {"ms", 12}, {"rate", 0.5}, {"last", true}}),
      R"({"ts":"2026-11-20T10:00:00.123Z","level":"info","process":"pawl-worker","msg":"step finished",)"
      R"("outcome":"completed","ms":12,"rate":0.5,"last":true})"
      "\n");
}

TEST(LogRecord, AsTextQuotesOnlyWhatNeedsIt) {
  EXPECT_EQ(
      text_record("broker lost", {{"why", "connection reset"}, {"host", "rabbit-1:5672"}, {"empty", ""}}),
      "2026-11-20T10:00:00.123Z warn pawl-api: broker lost why=\"connection reset\" host=rabbit-1:5672 "
      "empty=\"\"\n");
}

TEST(LogRecord, NoValueCanForgeASecondRecordOrMoveTheCursor) {
  const std::string hostile = "a\r\n{\"level\":\"error\"}\x1b[2J\x7f\xC2\x9B!\xE2\x80\xA8";
  const std::string json = json_record("m", {{"name", hostile}});
  EXPECT_TRUE(json.ends_with(
      "\"name\":\"a\\u000d\\n{\\\"level\\\":\\\"error\\\"}\\u001b[2J\\u007f\\u009b!\xE2\x80\xA8\"}\n"))
      << json;
  for (const std::string& record : {json, text_record("m", {{"name", hostile}, {"k\nx", "v"}})}) {
    EXPECT_EQ(record.find('\n'), record.size() - 1) << record;
    EXPECT_EQ(record.find_first_of("\r\x1b\x7f"), std::string::npos) << record;
  }
}

TEST(LogRecord, BytesThatAreNoUtf8AreReplaced) {
  EXPECT_NE(json_record("m", {{"name", "x\xFFy"}}).find("x\xEF\xBF\xBDy"), std::string::npos);
}

TEST(LogRecord, LongValuesAreCutAndTheRecordFitsAPage) {
  const std::string one_long = json_record("m", {{"v", std::string(5000, 'x')}});
  EXPECT_LT(one_long.size(), 1200u);
  EXPECT_TRUE(one_long.ends_with("x…\"}\n"));
  const std::string v(1000, '\x01');  // six characters each once escaped
  const std::string many = json_record("m", {{"a", 1}, {"v", v}, {"w", v}});
  EXPECT_LE(many.size(), kMaxLogRecord);
  EXPECT_TRUE(many.ends_with(R"("a":1,"truncated":true})"
                             "\n"))
      << many;
}

TEST(Log, WritesFromItsLevelUpWithThePrefixInFront) {
  Pipe pipe;
  const Log log = Log::to_descriptor(pipe.in(), "p", LogLevel::kInfo, LogFormat::kText);
  const Log step = log.with({{"exec", "e1"}}).with({{"try", 2}});
  log.debug("hidden");
  step.info("shown", {{"ms", 3}});
  const std::string out = pipe.take();
  EXPECT_TRUE(out.ends_with(" info p: shown exec=e1 try=2 ms=3\n")) << out;
  EXPECT_EQ(out.find("hidden"), std::string::npos);
  EXPECT_FALSE(log.is_enabled(LogLevel::kDebug));
  Log().error("into nothing");
}

TEST(Log, DropsAndCountsWhatNobodyReadsAndTellsAfterwards) {
  Pipe pipe;
  const Log log = Log::to_descriptor(pipe.in(), "p", LogLevel::kInfo, LogFormat::kText);
  int written = 0;
  for (; log.dropped() == 0 && written < 100'000; ++written)
    log.info("filler", {{"text", std::string(900, 'x')}});
  ASSERT_GT(log.dropped(), 0u);
  static_cast<void>(pipe.take());
  const std::uint64_t dropped = log.dropped();
  log.info("back");
  const std::string out = pipe.take();
  EXPECT_NE(out.find("p: back\n"), std::string::npos) << out;
  EXPECT_NE(out.find("log records dropped count=" + std::to_string(dropped) + "\n"), std::string::npos)
      << out;
  log.info("again");
  EXPECT_EQ(pipe.take().find("dropped"), std::string::npos);
}

TEST(LogLevel, IsReadFromItsWord) {
  EXPECT_EQ(parse_log_level("warn"), LogLevel::kWarn);
  EXPECT_EQ(parse_log_level("WARN"), std::nullopt);
  EXPECT_EQ(parse_log_format("text"), LogFormat::kText);
  EXPECT_EQ(parse_log_format("xml"), std::nullopt);
}

}  // namespace
}  // namespace pawl
