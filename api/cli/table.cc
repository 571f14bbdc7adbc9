#include "api/cli/table.h"

#include <algorithm>
#include <numeric>

#include "api/cli/text.h"

namespace pawl::cli {
namespace {

constexpr int kGap = 2;
constexpr int kNarrowestColumn = 6;

/// The widths of the columns, cut from the widest on until all fit.
std::vector<int> fit(std::vector<int> widths, int most) {
  while (true) {
    const int total =
        std::accumulate(widths.begin(), widths.end(), 0) + kGap * static_cast<int>(widths.size() - 1);
    const auto widest = std::max_element(widths.begin() + 1, widths.end());
    if (total <= most || widest == widths.end() || *widest <= kNarrowestColumn) return widths;
    --*widest;
  }
}

std::string line(const std::vector<Cell>& cells, const std::vector<int>& widths, const Face& face) {
  std::string out;
  for (std::size_t i = 0; i < cells.size() && i < widths.size(); ++i) {
    const std::string text = face.terminal && i > 0 ? cut(cells[i].text, widths[i]) : cells[i].text;
    out += painted(text, cells[i].paint, face);
    if (i + 1 < widths.size())
      out.append(static_cast<std::size_t>(std::max(widths[i] - width_of(text), 0) + kGap), ' ');
  }
  out.resize(out.find_last_not_of(' ') + 1);
  return out + "\n";
}

}  // namespace

std::string painted(std::string_view text, Paint paint, const Face& face) {
  if (!face.color || paint == Paint::kNone || text.empty()) return std::string(text);
  const auto code = [paint]() -> std::string_view {
    switch (paint) {
      case Paint::kGreen: return "32";
      case Paint::kRed: return "31";
      case Paint::kYellow: return "33";
      case Paint::kBlue: return "36";
      case Paint::kDim: return "2";
      case Paint::kBold: return "1";
      case Paint::kNone: break;
    }
    return "0";
  };
  return "\x1b[" + std::string(code()) + "m" + std::string(text) + "\x1b[0m";
}

Paint paint_of_status(std::string_view status) {
  if (status == "completed" || status == "closed" || status == "ok") return Paint::kGreen;
  if (status == "failed" || status == "timed_out" || status == "open" || status == "fail") return Paint::kRed;
  if (status == "running") return Paint::kBlue;
  if (status == "waiting" || status == "retrying" || status == "paused" || status == "half_open" ||
      status == "warn")
    return Paint::kYellow;
  if (status == "pending" || status == "skipped" || status == "cancelled") return Paint::kDim;
  return Paint::kNone;
}

std::string render_table(const std::vector<std::string>& titles, const std::vector<std::vector<Cell>>& rows,
                         const Face& face) {
  std::vector<int> widths;
  for (const std::string& title : titles) widths.push_back(width_of(title));
  for (const auto& row : rows) {
    for (std::size_t i = 0; i < row.size() && i < widths.size(); ++i)
      widths[i] = std::max(widths[i], width_of(row[i].text));
  }
  if (face.terminal && !widths.empty()) widths = fit(std::move(widths), face.width);
  std::vector<Cell> head;
  for (const std::string& title : titles) head.push_back({title, Paint::kDim});
  std::string out = line(head, widths, face);
  for (const auto& row : rows) out += line(row, widths, face);
  return out;
}

std::string render_record(const std::vector<std::pair<std::string, Cell>>& fields, const Face& face) {
  int width = 0;
  for (const auto& [name, cell] : fields) {
    if (!cell.text.empty()) width = std::max(width, width_of(name));
  }
  std::string out;
  for (const auto& [name, cell] : fields) {
    if (cell.text.empty()) continue;
    out +=
        painted(padded(name, width), Paint::kDim, face) + "  " + painted(cell.text, cell.paint, face) + "\n";
  }
  return out;
}

}  // namespace pawl::cli
