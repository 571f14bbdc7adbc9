#include "worker/core/transitions.h"

namespace pawl::core {

std::string_view to_string(Trigger trigger) {
  constexpr std::array<std::string_view, kTriggers> kNames = {"taken", "dispatch", "dispatched", "result",
                                                              "park",  "pause",    "resume",     "complete",
                                                              "fail",  "cancel",   "time_out"};
  return kNames[static_cast<std::size_t>(trigger)];
}

std::string print_transitions() {
  std::string text = "phase";
  for (std::size_t t = 0; t < kTriggers; ++t) text.append(" | ").append(to_string(static_cast<Trigger>(t)));
  text += '\n';
  for (std::size_t p = 0; p < kPhases; ++p) {
    text.append(to_string(static_cast<Phase>(p)));
    for (const Transition& answer : kTransitions[p]) {
      text.append(" | ");
      if (answer.kind == Transition::Kind::kGo)
        text.append(to_string(answer.next));
      else
        text.append(answer.kind == Transition::Kind::kStay ? "=" : "-");
    }
    text += '\n';
  }
  return text;
}

}  // namespace pawl::core
