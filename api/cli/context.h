// What a command works with. The world outside is ports and values here, so that a whole command runs in a
// unit test.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "api/cli/env_file.h"
#include "api/cli/screen.h"
#include "api/cli/settings.h"
#include "api/cli/transport.h"
#include "common/base/clock.h"

namespace pawl::cli {

enum class Format : unsigned char { kTable, kJson, kJsonLines, kYaml };

/// The clock, and letting time pass.
class Time {
 public:
  virtual ~Time() = default;
  [[nodiscard]] virtual WallTime wall() const = 0;
  [[nodiscard]] virtual MonoTime monotonic() const = 0;
  virtual void sleep(Millis duration) = 0;
};

/// What `doctor` looks at beside the API.
class Host {
 public:
  virtual ~Host() = default;
  /// The exit code of a program run without a word; nullopt when it is not installed.
  virtual std::optional<int> run_quietly(const std::vector<std::string>& argv) = 0;
  [[nodiscard]] virtual bool can_write(const std::string& path) const = 0;
  /// The version of Landlock's interface; 0 = the kernel has none.
  [[nodiscard]] virtual int landlock_version() const = 0;
  /// Sends bytes over TCP and answers with the first ones that come back. Errors: kUnavailable, kTimeout.
  virtual Result<std::string> exchange(const std::string& host, std::uint16_t port,
                                       std::string_view bytes) = 0;
  /// The schema of a database. Errors: as db::schema_version.
  virtual Result<std::uint32_t> schema_version(const std::string& url) = 0;
};

/// The process's surroundings.
struct World {
  Assignments environment;
  FileReader read_file;
  Screen& screen;
  Time& time;
  /// A transport to `url` that shows `api_key` ("" = none).
  std::function<std::unique_ptr<Transport>(const std::string& url, const std::string& api_key)> connect;
  /// Replaces this process by the program of that name beside this one, with more environment. Returns only
  /// on failure.
  std::function<Error(const std::string& program, const std::vector<std::string>& arguments,
                      const Assignments& more)>
      hand_over;
  Host& host;
};

struct Context {
  World& world;
  Screen& screen;
  Settings settings;
  Format format = Format::kTable;
  bool ids_only = false;
};

}  // namespace pawl::cli
