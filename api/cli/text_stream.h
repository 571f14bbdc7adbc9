// Text that arrives in pieces, made fit for a terminal.
#pragma once

#include <string>
#include <string_view>

namespace pawl::cli {

class TextStream {
 public:
  /// What can be printed of all that came so far: escaped but for line breaks and tabs; a character cut in
  /// two by the network is kept back until the rest is there. CR LF becomes a line break.
  std::string take(std::string_view piece);
  /// What was kept back, and a line break if the text did not end with one.
  std::string finish();

 private:
  std::string kept_;
  bool line_is_open_ = false;
};

}  // namespace pawl::cli
