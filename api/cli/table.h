// Tables and colours. Cells hold escaped text; what is drawn fits the terminal.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "api/cli/screen.h"

namespace pawl::cli {

enum class Paint : unsigned char { kNone, kGreen, kRed, kYellow, kBlue, kDim, kBold };

/// `text` in colour, or as it is when the face has none.
std::string painted(std::string_view text, Paint paint, const Face& face);
/// The colour of a status of an execution, step, worker or breaker.
Paint paint_of_status(std::string_view status);

struct Cell {
  std::string text;
  Paint paint = Paint::kNone;
};

/// Columns of two blanks' distance. On a terminal a table that is too wide has its widest columns cut (never
/// the first: it is what one copies); in a pipe nothing is cut.
std::string render_table(const std::vector<std::string>& titles, const std::vector<std::vector<Cell>>& rows,
                         const Face& face);

/// `name   value` lines; empty values are left out.
std::string render_record(const std::vector<std::pair<std::string, Cell>>& fields, const Face& face);

}  // namespace pawl::cli
