// pawl: the command line, an ordinary client of the API. Here the process's surroundings are put together.
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <thread>

#include "api/cli/application.h"
#include "api/cli/curl_transport.h"
#include "api/cli/exit_code.h"
#include "api/cli/limits.h"
#include "api/cli/system_host.h"

extern char** environ;

namespace pawl::cli {
namespace {

class SystemTime final : public Time {
 public:
  [[nodiscard]] WallTime wall() const override { return clock_.wall(); }
  [[nodiscard]] MonoTime monotonic() const override { return clock_.monotonic(); }
  void sleep(Millis duration) override { std::this_thread::sleep_for(duration); }

 private:
  SystemClock clock_;
};

Assignments environment() {
  Assignments out;
  for (char** entry = environ; *entry != nullptr; ++entry) {
    const std::string_view line(*entry);
    const std::size_t equals = line.find('=');
    if (equals != std::string_view::npos)
      out[std::string(line.substr(0, equals))] = std::string(line.substr(equals + 1));
  }
  return out;
}

/// "-" is stdin.
std::optional<std::string> read_file(const std::string& path) {
  std::ifstream file(path == "-" ? "/dev/stdin" : path, std::ios::binary);
  if (!file) return std::nullopt;
  std::string text;
  char block[65536];
  while (file.read(block, sizeof block) || file.gcount() > 0) {
    text.append(block, static_cast<std::size_t>(file.gcount()));
    if (text.size() > kMaxFile) return std::nullopt;
  }
  if (file.bad()) return std::nullopt;
  return text;
}

Error hand_over(const std::string& program, const std::vector<std::string>& arguments,
                const Assignments& more) {
  for (const auto& [name, value] : more) setenv(name.c_str(), value.c_str(), 0);
  char self[4096];
  const ssize_t length = readlink("/proc/self/exe", self, sizeof self - 1);
  std::string path(self, length > 0 ? static_cast<std::size_t>(length) : 0);
  path.resize(path.rfind('/') + 1);
  path += program;
  std::vector<std::string> words = arguments;
  words.insert(words.begin(), path);
  std::vector<char*> argv;
  argv.reserve(words.size() + 1);
  for (std::string& word : words) argv.push_back(word.data());
  argv.push_back(nullptr);
  execv(path.c_str(), argv.data());
  return {ErrorKind::kNotFound, "no_program", program + " does not lie beside this program",
          "build it: deploy/build"};
}

bool is_color_wanted(const Assignments& variables) {
  const auto value = [&variables](std::string_view name) {
    const auto found = variables.find(name);
    return found == variables.end() ? std::string() : found->second;
  };
  return value("NO_COLOR").empty() && value("TERM") != "dumb" && !value("TERM").empty();
}

int run(int argc, char** argv) {
  leave_on_interrupt();
  SystemTime time;
  SystemHost host;
  Assignments variables = environment();
  StandardScreen screen(is_color_wanted(variables));
  World world{std::move(variables), read_file, screen, time, make_curl_transport, hand_over, host};
  const int code = run_application(std::vector<std::string>(argv + std::min(argc, 1), argv + argc), world);
  if (screen.finish()) return code;
  std::fputs("pawl: the output could not be written\n", stderr);
  return code == kExitCompleted ? kExitFailed : code;
}

}  // namespace
}  // namespace pawl::cli

int main(int argc, char** argv) { return pawl::cli::run(argc, argv); }
