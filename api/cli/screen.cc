#include "api/cli/screen.h"

#include <sys/ioctl.h>
#include <unistd.h>

#include <csignal>
#include <cstdio>

#include "api/cli/exit_code.h"
#include "api/cli/limits.h"

namespace pawl::cli {
namespace {

volatile std::sig_atomic_t g_cursor_hidden = 0;

void on_interrupt(int) {
  constexpr std::string_view kShow = "\x1b[?25h\n";
  if (g_cursor_hidden != 0) static_cast<void>(!write(STDOUT_FILENO, kShow.data(), kShow.size()));
  _exit(kExitInterrupted);
}

}  // namespace

void StandardScreen::out(std::string_view text) {
  std::fwrite(text.data(), 1, text.size(), stdout);
  std::fflush(stdout);
}

void StandardScreen::err(std::string_view text) { std::fwrite(text.data(), 1, text.size(), stderr); }

Face StandardScreen::face() const {
  Face face;
  face.terminal = isatty(STDOUT_FILENO) == 1;
  face.color = face.terminal && color_wanted_;
  face.width = kDefaultWidth;
  winsize size{};
  if (face.terminal && ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0) {
    face.width = size.ws_col;
    face.height = size.ws_row;
  }
  return face;
}

bool StandardScreen::finish() { return std::fflush(stdout) == 0 && std::ferror(stdout) == 0; }

void leave_on_interrupt() {
  struct sigaction action {};
  action.sa_handler = on_interrupt;
  sigaction(SIGINT, &action, nullptr);
}

void note_hidden_cursor() { g_cursor_hidden = 1; }
void note_shown_cursor() { g_cursor_hidden = 0; }

}  // namespace pawl::cli
