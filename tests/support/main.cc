// The main of every ring. `--area=NAME` runs the tests of one folder of the ring (or of one file
// NAME_test.cc), in one process, so that its tests share one Postgres and one RabbitMQ. An area without tests
// passes.
#include <gtest/gtest.h>

#include <string>
#include <string_view>

namespace {

/// A GoogleTest filter of every test whose source file lies in a folder of this name, or is named so.
std::string filter_of(const std::string& area) {
  std::string filter;
  const auto* all = testing::UnitTest::GetInstance();
  for (int s = 0; s < all->total_test_suite_count(); ++s) {
    const auto* suite = all->GetTestSuite(s);
    for (int t = 0; t < suite->total_test_count(); ++t) {
      const auto* test = suite->GetTestInfo(t);
      const std::string file = "/" + std::string(test->file());
      if (file.find("/" + area + "/") == std::string::npos && !file.ends_with("/" + area + "_test.cc"))
        continue;
      filter += std::string(suite->name()) + "." + test->name() + ":";
    }
  }
  return filter.empty() ? "-*" : filter;
}

}  // namespace

int main(int argc, char** argv) {
  testing::InitGoogleTest(&argc, argv);
  const std::string_view prefix = "--area=";
  for (int i = 1; i < argc; ++i) {
    const std::string_view argument = argv[i];
    if (argument.substr(0, prefix.size()) != prefix) continue;
    GTEST_FLAG_SET(filter, filter_of(std::string(argument.substr(prefix.size()))));
  }
  return RUN_ALL_TESTS();
}
