// Every failure code that the sources name is in the catalogue, so that no step can fail with a code without
// advice.
#include <gtest/gtest.h>

#include <string>

#include "common/model/catalogue.h"
#include "tests/tidy/tree.h"

namespace pawl::tidy {
namespace {

TEST(Codes, EachCodeInUseIsInTheCatalogue) {
  const std::string call = "make_failure(\"";
  std::size_t seen = 0;
  for (const auto& file : files()) {
    if (!file.is_cpp() || file.is_test()) continue;
    for (std::size_t found = 0; (found = file.text.find(call, found)) != std::string::npos;) {
      found += call.size();
      const std::size_t end = file.text.find('"', found);
      std::string code = file.text.substr(found, end - found);
      if (file.text.compare(end + 1, 2, " +") == 0)
        code += "400";  // a number follows, as in "http_" + status
      EXPECT_FALSE(suggestion_for(code).empty()) << file.path << ": " << code << " is not in the catalogue";
      ++seen;
    }
  }
  EXPECT_GT(seen, 0u) << "the sources make failures";
}

}  // namespace
}  // namespace pawl::tidy
