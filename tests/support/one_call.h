// One call of one tool on a private loop, and what came of it.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "common/loop/loop.h"
#include "worker/tools/tool.h"

namespace pawl::tools {

struct OneCall {
  explicit OneCall(Loop& on) : loop(on) {
    input.identity = {"0197f000-0000-7000-8000-000000000001", "fetch", 2, 3, 0, "00-aa-bb-01"};
  }

  OneCall& start(Tool& tool, json::Value with, Millis timeout = Millis{20'000}) {
    input.with = std::move(with);
    input.timeout = timeout;
    call = tool.start(
        std::move(input), [this](json::Value data) { progress.push_back(std::move(data)); },
        [this](ToolResult r) {
          ++answers;
          result = std::move(r);
        });
    answered_inside_start = answers > 0;
    return *this;
  }

  /// Turns the loop until `is_true` or `longest` is over; returns whether it came true.
  bool wait_until(const std::function<bool()>& is_true, Millis longest = Millis{30'000}) {
    const auto end = std::chrono::steady_clock::now() + longest;
    while (!is_true() && std::chrono::steady_clock::now() < end) loop.run_for(Millis{20});
    return is_true();
  }

  /// The answer; aborts the test run after 30 s without one.
  const ToolResult& wait() {
    wait_until([this] { return answers > 0; });
    return result.value();
  }

  /// The code of the failure, or "" for a success.
  std::string code() {
    const auto& output = wait().output;
    return output ? "" : output.error().code;
  }
  const json::Value& output() { return wait().output.value(); }

  Loop& loop;
  ToolInput input;
  std::unique_ptr<RunningCall> call;
  std::optional<ToolResult> result;
  std::vector<json::Value> progress;
  int answers = 0;
  bool answered_inside_start = false;
};

inline json::Value object(std::initializer_list<json::Object::Member> members) {
  return json::Object(members);
}

}  // namespace pawl::tools
