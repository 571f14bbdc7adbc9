// The file tool on a real folder: what it answers, that no path leads out, that changes are whole, and undo.
#include "worker/tools/file/file_tool.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>

#include "common/base/bytes.h"
#include "tests/support/one_call.h"
#include "tests/support/process.h"

namespace pawl::tools {
namespace {

namespace fs = std::filesystem;

class FileToolTest : public ::testing::Test {
 protected:
  ToolResult call(json::Object with, const std::string& step = "s") {
    OneCall one(loop_);
    one.input.identity.exec_id = "e1";
    one.input.identity.step = step;
    one.start(*tool_, std::move(with));
    EXPECT_FALSE(one.answered_inside_start);
    EXPECT_TRUE(one.wait_until([&] { return one.result.has_value(); }));
    return std::move(*one.result);
  }
  json::Value good(json::Object with, const std::string& step = "s") {
    const ToolResult result = call(std::move(with), step);
    EXPECT_TRUE(result.output) << result.output.error().code << " " << result.output.error().message;
    return result.output.value_or(json::Value());
  }
  std::string code(json::Object with, const std::string& step = "s") {
    const ToolResult result = call(std::move(with), step);
    return result.output ? "" : result.output.error().code;
  }
  static std::string text(const json::Value& value, std::string_view name) {
    const json::Value* found = value.find(name);
    return found != nullptr && found->is_string() ? found->as_string() : "";
  }
  std::string content(const std::string& name) {
    std::ifstream in(files_ / name);
    return {std::istreambuf_iterator<char>(in), {}};
  }
  void put(const std::string& name, const std::string& bytes) {
    fs::create_directories(files_);
    std::ofstream(files_ / name) << bytes;
  }
  std::size_t names_here() {
    return static_cast<std::size_t>(std::distance(fs::directory_iterator(files_), fs::directory_iterator()));
  }

  Loop loop_;
  fs::path outside_ = pawl::testing::scratch_folder("pawl-file-tool");
  fs::path root_ = outside_ / "root";
  fs::path files_ = root_ / "e1";
  std::unique_ptr<Tool> tool_ = make_file_tool(loop_, root_.string());
};

TEST_F(FileToolTest, WritesReadsListsAndTellsOfFiles) {
  const json::Value wrote =
      good({{"op", "write"}, {"path", "a.txt"}, {"content", "hello"}, {"mode", "0600"}}, "w");
  EXPECT_EQ(text(wrote, "sha256"), to_hex(sha256("hello")));
  EXPECT_EQ(wrote.find("bytes")->as_int(), 5);
  good({{"op", "append"}, {"path", "a.txt"}, {"content", " you"}}, "a");
  EXPECT_EQ(text(good({{"op", "read"}, {"path", "a.txt"}}), "content"), "hello you");
  good({{"op", "mkdir"}, {"path", "d"}}, "m");
  good({{"op", "copy"}, {"path", "a.txt"}, {"to", "d/b.txt"}}, "c");
  good({{"op", "move"}, {"path", "d/b.txt"}, {"to", "d/c.txt"}}, "v");
  const json::Value status = good({{"op", "stat"}, {"path", "d/c.txt"}});
  EXPECT_EQ(text(status, "mode"), "0600");
  EXPECT_EQ(text(status, "type"), "file");
  EXPECT_EQ(text(status, "sha256"), to_hex(sha256("hello you")));
  const json::Array entries = good({{"op", "list"}, {"path", "."}}).find("entries")->as_array();
  ASSERT_EQ(entries.size(), 2U);
  EXPECT_EQ(text(entries[0], "name"), "a.txt");
  EXPECT_EQ(text(entries[1], "type"), "directory");
  EXPECT_EQ(code({{"op", "delete"}, {"path", "d"}}, "x"), "directory_not_empty");
  good({{"op", "delete"}, {"path", "d/c.txt"}}, "y");
  good({{"op", "delete"}, {"path", "d"}}, "z");
  EXPECT_EQ(names_here(), 1U) << "no temporary file is left";
  put("bytes", "\xff\xfe");
  EXPECT_EQ(text(good({{"op", "read"}, {"path", "bytes"}}), "content_base64"), to_base64("\xff\xfe"));
}

TEST_F(FileToolTest, NoPathLeadsOut) {
  put("in", "x");
  std::ofstream(outside_ / "secret") << "secret";
  fs::create_directories(root_ / "e2");
  std::ofstream(root_ / "e2" / "other") << "other";
  fs::create_symlink(outside_ / "secret", files_ / "link");
  fs::create_directory_symlink(outside_, files_ / "folder");
  ASSERT_EQ(mkfifo((files_ / "pipe").c_str(), 0600), 0);
  for (const std::string path :
       {"../e2/other", "/etc/passwd", "a/../../x", "..", "in/../in", "link", "folder/secret"}) {
    for (const std::string op : {"read", "write", "append", "delete", "stat", "mkdir"})
      EXPECT_EQ(code({{"op", op}, {"path", path}, {"content", "x"}}, op + path), "path_denied")
          << op << " " << path;
    EXPECT_EQ(code({{"op", "copy"}, {"path", path}, {"to", "out"}}, "c" + path), "path_denied") << path;
    EXPECT_EQ(code({{"op", "move"}, {"path", "in"}, {"to", path}}, "m" + path), "path_denied") << path;
  }
  EXPECT_EQ(code({{"op", "read"}, {"path", std::string("a\0b", 3)}}), "path_denied");
  EXPECT_EQ(code({{"op", "read"}, {"path", std::string(4097, 'a')}}), "path_denied");
  EXPECT_EQ(code({{"op", "list"}, {"path", "folder"}}), "path_denied");
  EXPECT_EQ(code({{"op", "read"}, {"path", "pipe"}}), "not_a_file");
  EXPECT_EQ(content("in"), "x");
  std::ifstream secret(outside_ / "secret");
  EXPECT_EQ(std::string(std::istreambuf_iterator<char>(secret), {}), "secret");
  EXPECT_FALSE(tool_->validate(json::Object{{"op", "read"}, {"path", "../x"}}).empty())
      << "known before it runs";
}

TEST_F(FileToolTest, ErrorsSayWhatIsWrong) {
  put("f", "1");
  EXPECT_EQ(code({{"op", "read"}, {"path", "none"}}), "file_not_found");
  EXPECT_EQ(code({{"op", "write"}, {"path", "none/f"}, {"content", ""}}), "file_not_found");
  EXPECT_EQ(code({{"op", "list"}, {"path", "f"}}), "not_a_directory");
  EXPECT_EQ(code({{"op", "read"}, {"path", "."}}), "not_a_file");
  EXPECT_EQ(code({{"op", "delete"}, {"path", "none"}}), "file_not_found");
  EXPECT_EQ(code({{"op", "mkdir"}, {"path", "f"}}), "file_exists");
  EXPECT_EQ(code({{"op", "frob"}, {"path", "f"}}), "invalid_parameter");
  EXPECT_EQ(code({{"op", "write"}, {"path", "f"}}), "invalid_parameter");
  put("big", std::string((1 << 20) + 1, 'x'));
  EXPECT_EQ(code({{"op", "read"}, {"path", "big"}}), "file_too_large");
}

TEST_F(FileToolTest, IfMatchRefusesWhatChangedMeanwhile) {
  put("f", "old");
  const std::string seen = text(good({{"op", "read"}, {"path", "f"}}), "sha256");
  put("f", "other");
  EXPECT_EQ(code({{"op", "write"}, {"path", "f"}, {"content", "new"}, {"if_match", seen}}),
            "precondition_failed");
  EXPECT_EQ(content("f"), "other");
  const std::string now = to_hex(sha256("other"));
  good({{"op", "write"}, {"path", "f"}, {"content", "new"}, {"if_match", now}});
  EXPECT_EQ(content("f"), "new");
}

TEST_F(FileToolTest, EveryChangeIsTakenBack) {
  put("kept", "before");
  put("gone", "was here");
  good({{"op", "write"}, {"path", "kept"}, {"content", "after"}}, "w");
  good({{"op", "append"}, {"path", "kept"}, {"content", "!"}}, "a");
  good({{"op", "write"}, {"path", "new"}, {"content", "n"}}, "n");
  good({{"op", "delete"}, {"path", "gone"}}, "d");
  good({{"op", "mkdir"}, {"path", "folder"}}, "m");
  good({{"op", "move"}, {"path", "new"}, {"to", "folder/moved"}}, "v");
  // In reverse order, as compensation does it, by the path that it has.
  for (const std::string step : {"v", "m", "d", "n", "a", "w"}) {
    const json::Value undone = good({{"op", "undo"}}, step + ".compensate");
    EXPECT_TRUE(undone.find("undone")->as_bool()) << step;
  }
  EXPECT_EQ(content("kept"), "before");
  EXPECT_EQ(content("gone"), "was here");
  EXPECT_EQ(names_here(), 2U);
  EXPECT_FALSE(good({{"op", "undo"}}, "w.compensate").find("undone")->as_bool()) << "once";
}

TEST_F(FileToolTest, UndoLeavesWhatSomebodyElseChanged) {
  good({{"op", "write"}, {"path", "f"}, {"content", "mine"}}, "w");
  put("f", "theirs");
  EXPECT_EQ(code({{"op", "undo"}}, "w.compensate"), "undo_conflict");
  EXPECT_EQ(content("f"), "theirs");
}

TEST_F(FileToolTest, AStepThatRunsAgainAfterACrashChangesNothingTwice) {
  put("log", "a");
  good({{"op", "append"}, {"path", "log"}, {"content", "b"}}, "s");
  good({{"op", "append"}, {"path", "log"}, {"content", "b"}}, "s");
  EXPECT_EQ(content("log"), "ab");
  good({{"op", "move"}, {"path", "log"}, {"to", "log2"}}, "v");
  EXPECT_EQ(text(good({{"op", "move"}, {"path", "log"}, {"to", "log2"}}, "v"), "sha256"),
            to_hex(sha256("ab")));
  good({{"op", "undo"}}, "v.compensate");
  good({{"op", "undo"}}, "s.compensate");
  EXPECT_EQ(content("log"), "a");
}

}  // namespace
}  // namespace pawl::tools
