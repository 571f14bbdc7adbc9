// The table of phases: every pair has one answer, and what is printed is what is in the repository.
#include <gtest/gtest.h>

#include <fstream>
#include <sstream>

#include "worker/core/transitions.h"

namespace pawl::core {
namespace {

TEST(Transitions, HaveOneAnswerForEachPair) {
  for (std::size_t p = 0; p < kPhases; ++p) {
    for (std::size_t t = 0; t < kTriggers; ++t) {
      const Transition answer = transition(static_cast<Phase>(p), static_cast<Trigger>(t));
      if (answer.kind == Transition::Kind::kGo) {
        EXPECT_NE(static_cast<std::size_t>(answer.next), p);
      }
      if (is_terminal_phase(static_cast<Phase>(p))) {
        EXPECT_EQ(answer.kind, Transition::Kind::kNever);
      }
    }
  }
}

TEST(Transitions, AreAsPrintedInTheGoldenTable) {
  std::ifstream file(PAWL_SOURCE_DIR "/tests/golden/transitions.txt");
  std::stringstream golden;
  golden << file.rdbuf();
  EXPECT_EQ(print_transitions(), golden.str());
}

}  // namespace
}  // namespace pawl::core
