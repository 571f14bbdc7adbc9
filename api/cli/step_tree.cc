#include "api/cli/step_tree.h"

#include <algorithm>
#include <array>
#include <map>

#include "api/cli/limits.h"
#include "api/cli/table.h"
#include "api/cli/text.h"
#include "api/cli/values.h"
#include "common/base/time_format.h"

namespace pawl::cli {
namespace {

constexpr auto kSpinner = std::to_array<std::string_view>({"⠋", "⠙", "⠹", "⠸", "⠼", "⠴", "⠦", "⠧", "⠇", "⠏"});

std::string_view sign_of(std::string_view status, unsigned frame) {
  if (status == "completed") return "✓";
  if (status == "failed" || status == "timed_out") return "✗";
  if (status == "running") return kSpinner[frame % kSpinner.size()];
  if (status == "retrying") return "↻";
  if (status == "waiting" || status == "paused") return "‖";
  if (status == "cancelled") return "⊘";
  if (status == "skipped") return "-";
  return "·";
}

struct Node {
  std::string label;  ///< the part of the path below its parent
  const json::Value* step = nullptr;
  std::vector<std::size_t> children;
};

/// The steps by their paths: fan.left below fan, each[2].call below each[2] below each.
class Forest {
 public:
  explicit Forest(const json::Array& steps) {
    nodes_.emplace_back();
    for (const json::Value& step : steps) {
      const std::string path = text_at(step, "path");
      if (!path.empty()) nodes_[place(path)].step = &step;
    }
  }
  [[nodiscard]] const Node& node(std::size_t index) const { return nodes_[index]; }

 private:
  std::size_t place(const std::string& path) {
    if (path.empty()) return 0;
    if (const auto found = by_path_.find(path); found != by_path_.end()) return found->second;
    const std::size_t at = path.find_last_of(".[");
    const std::size_t cut_at = at == std::string::npos || at == 0 ? 0 : at;
    const std::size_t parent = place(path.substr(0, cut_at));
    const std::size_t index = nodes_.size();
    nodes_.push_back({path.substr(cut_at > 0 && path[cut_at] == '.' ? cut_at + 1 : cut_at), nullptr, {}});
    nodes_[parent].children.push_back(index);
    by_path_[path] = index;
    return index;
  }

  std::vector<Node> nodes_;
  std::map<std::string, std::size_t, std::less<>> by_path_;
};

struct Line {
  std::string text;
  int rank = 0;  ///< the lower, the sooner it is left out
};

class Drawing {
 public:
  Drawing(const Forest& forest, const Face& face, const Moment& moment)
      : forest_(forest), face_(face), moment_(moment) {}

  std::vector<Line> lines() {
    below(0, "");
    return std::move(lines_);
  }

 private:
  void below(std::size_t index, const std::string& stem) {
    const std::vector<std::size_t>& children = forest_.node(index).children;
    for (std::size_t i = 0; i < children.size(); ++i) {
      const bool last = i + 1 == children.size();
      draw(forest_.node(children[i]), stem + (last ? "└ " : "├ "));
      below(children[i], stem + (last ? "  " : "│ "));
    }
  }

  void draw(const Node& node, const std::string& stem) {
    const std::string status = node.step == nullptr ? "" : text_at(*node.step, "status");
    const int label_width = std::clamp(face_.width / 3, 12, 40);
    const std::string head =
        stem + std::string(node.step == nullptr ? " " : sign_of(status, moment_.frame)) + " ";
    const std::string label =
        padded(cut(escaped(node.label), label_width - width_of(stem)), label_width - width_of(stem));
    std::string text = head + label;
    if (node.step != nullptr) text += " " + details(*node.step, status);
    text = cut(text, face_.width);
    text.resize(text.find_last_not_of(' ') + 1);
    lines_.push_back({painted(text, paint_of_status(status), face_), rank_of(status)});
  }

  [[nodiscard]] std::string details(const json::Value& step, const std::string& status) const {
    std::string tool = text_at(step, "tool");
    if (tool.empty()) tool = text_at(step, "kind");
    std::string out = padded(escaped(tool), 9) + " " + padded(escaped(status), 9);
    const std::string time = elapsed(step);
    out += " " + padded(time, 7);
    const auto attempt = integer_at(step, "attempt"), most = integer_at(step, "max_attempts");
    if (attempt > 1) out += " try " + std::to_string(attempt) + (most > 1 ? "/" + std::to_string(most) : "");
    const std::string why = text_at(step, "error.message");
    if (!why.empty() && status != "completed")
      out += " " + escaped(text_at(step, "error.code")) + ": " + escaped(why);
    return out;
  }

  [[nodiscard]] std::string elapsed(const json::Value& step) const {
    const json::Value* const ms = step.find("duration_ms");
    if (ms != nullptr && ms->is_number()) return short_duration(Millis{integer_at(step, "duration_ms")});
    const auto started = parse_rfc3339(text_at(step, "started_at"));
    return started ? short_duration(std::chrono::duration_cast<Millis>(moment_.now - *started)) : "";
  }

  static int rank_of(const std::string& status) {
    if (status == "running" || status == "failed" || status == "retrying" || status == "waiting") return 2;
    return status == "completed" ? 1 : 0;
  }

  const Forest& forest_;
  const Face& face_;
  const Moment& moment_;
  std::vector<Line> lines_;
};

std::string head_line(const json::Value& execution, const Face& face, const Moment& moment) {
  const std::string status = text_at(execution, "status");
  const std::string task = text_at(execution, "task_id");
  const auto percent =
      static_cast<int>(std::clamp<std::int64_t>(integer_at(execution, "progress.percent"), 0, 100));
  std::string text = std::string(sign_of(status, moment.frame)) + " " +
                     escaped(task.empty() ? "plan" : task) + "  " + escaped(status);
  text += "  " + bar(percent, std::clamp(face.width / 5, 8, 30)) + " " + std::to_string(percent) + "%";
  text += "  " + std::to_string(integer_at(execution, "progress.completed")) + "/" +
          std::to_string(integer_at(execution, "progress.total"));
  const auto started = parse_rfc3339(text_at(execution, "started_at"));
  const auto finished = parse_rfc3339(text_at(execution, "finished_at"));
  if (started)
    text +=
        "  " + short_duration(std::chrono::duration_cast<Millis>(finished.value_or(moment.now) - *started));
  const std::string left = text_at(execution, "progress.remaining.p50");
  if (!left.empty() && !is_final_status(status)) {
    text += "  ~" + escaped(left) + " left";
    const std::string least = text_at(execution, "progress.remaining.p10"),
                      most = text_at(execution, "progress.remaining.p90");
    if (!least.empty() && !most.empty()) text += " (" + escaped(least) + "–" + escaped(most) + ")";
  }
  const std::string waiting = text_at(execution, "waiting_for");
  if (status == "waiting" && !waiting.empty()) text += "  for " + escaped(waiting);
  return painted(cut(text, face.width), paint_of_status(status), face);
}

/// Leaves out the lines of the lowest rank, last ones first, until `most` are left; says how many.
std::vector<std::string> fold(std::vector<Line> lines, std::size_t most) {
  std::vector<std::string> out;
  if (lines.size() <= most) {
    for (Line& line : lines) out.push_back(std::move(line.text));
    return out;
  }
  std::vector<std::size_t> order(lines.size());
  for (std::size_t i = 0; i < order.size(); ++i) order[i] = i;
  std::stable_sort(order.begin(), order.end(),
                   [&lines](std::size_t a, std::size_t b) { return lines[a].rank > lines[b].rank; });
  order.resize(most > 0 ? most - 1 : 0);
  std::sort(order.begin(), order.end());
  for (const std::size_t index : order) out.push_back(std::move(lines[index].text));
  out.push_back("  … " + std::to_string(lines.size() - order.size()) + " more steps");
  return out;
}

}  // namespace

std::string bar(int percent, int width) {
  const int inner = std::max(width - 2, 1);
  const int full = std::clamp(percent, 0, 100) * inner / 100;
  std::string out = "▕";
  for (int i = 0; i < inner; ++i) out += i < full ? "█" : "░";
  return out + "▏";
}

std::vector<std::string> draw_execution(const json::Value& execution, const json::Array& steps,
                                        const Face& face, const Moment& moment) {
  Face fitted = face;
  fitted.width = std::max(face.width - 1, kNarrowest);  // the last column would wrap in some terminals
  std::vector<std::string> out = {head_line(execution, fitted, moment)};
  const Forest forest(steps);
  const auto most = static_cast<std::size_t>(std::max(face.height - 3, 3));
  for (std::string& line : fold(Drawing(forest, fitted, moment).lines(), most))
    out.push_back(std::move(line));
  return out;
}

std::string outcome_line(const json::Value& execution, const Face& face) {
  const std::string status = text_at(execution, "status");
  std::string text = escaped(status);
  const auto started = parse_rfc3339(text_at(execution, "started_at"));
  const auto finished = parse_rfc3339(text_at(execution, "finished_at"));
  if (started && finished)
    text += " in " + short_duration(std::chrono::duration_cast<Millis>(*finished - *started));
  text = painted(text, paint_of_status(status), face);
  const std::string message = text_at(execution, "error.message");
  if (message.empty()) return text;
  const std::string step = text_at(execution, "error.step");
  text += ": " + (step.empty() ? std::string() : "step " + escaped(step) + ": ");
  text += escaped(text_at(execution, "error.category")) + "/" + escaped(text_at(execution, "error.code")) +
          ": " + escaped(message);
  return text;
}

std::string what_to_do(const std::string& suggestion) {
  return suggestion.empty() ? "" : "what to do: " + escaped(suggestion) + "\n";
}

}  // namespace pawl::cli
