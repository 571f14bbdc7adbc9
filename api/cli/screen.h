// Where a command's words go, and what the place they go to can show. A port, so that tests see what a person
// would.
#pragma once

#include <string>
#include <string_view>

namespace pawl::cli {

struct Face {
  bool terminal = false;  ///< stdout is one: tables are cut to its width, a watch draws
  bool color = false;     ///< a terminal, and neither NO_COLOR nor TERM=dumb
  int width = 100;
  int height = 40;
};

class Screen {
 public:
  virtual ~Screen() = default;
  /// To stdout: what was asked for.
  virtual void out(std::string_view text) = 0;
  /// To stderr: what went wrong, and hints.
  virtual void err(std::string_view text) = 0;
  /// Asked again before each drawing: a window can be resized.
  [[nodiscard]] virtual Face face() const = 0;
};

/// The process's own stdout and stderr. `color_wanted` is false for NO_COLOR and dumb terminals.
class StandardScreen final : public Screen {
 public:
  explicit StandardScreen(bool color_wanted) : color_wanted_(color_wanted) {}
  void out(std::string_view text) override;
  void err(std::string_view text) override;
  [[nodiscard]] Face face() const override;
  /// Flushes; false when something could not be written (a full disk).
  [[nodiscard]] bool finish();

 private:
  bool color_wanted_;
};

/// Ctrl-C leaves with 130 and a cursor that can be seen, whatever was being waited for.
void leave_on_interrupt();
/// Told by a live picture that hides the cursor, and that shows it again.
void note_hidden_cursor();
void note_shown_cursor();

}  // namespace pawl::cli
