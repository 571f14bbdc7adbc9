// The picture of a watched execution: a head with a bar and times, below it the tree of steps. Pure: values
// in, lines out.
#pragma once

#include <string>
#include <vector>

#include "api/cli/screen.h"
#include "common/base/clock.h"
#include "common/json/value.h"

namespace pawl::cli {

struct Moment {
  WallTime now;
  unsigned frame = 0;  ///< of the spinner
};

/// Lines no wider than the face, and no more than fit its height: what runs or went wrong is kept before what
/// is done or still to come, and the rest is counted.
std::vector<std::string> draw_execution(const json::Value& execution, const json::Array& steps,
                                        const Face& face, const Moment& moment);

/// "▕███░░▏" of `width` columns for `percent` of 100.
std::string bar(int percent, int width);

/// What became of an ended execution, in one line: its status, time and error.
std::string outcome_line(const json::Value& execution, const Face& face);
/// The line that says what to do about an error; "" without a suggestion.
std::string what_to_do(const std::string& suggestion);

}  // namespace pawl::cli
