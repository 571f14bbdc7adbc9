// What a command works with. The world outside is ports and values here, so that a whole command runs in a
// unit test.
#pragma once

#include <functional>
#include <memory>
#include <string>

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

/// The process's surroundings.
struct World {
  Assignments environment;
  FileReader read_file;
  Screen& screen;
  Time& time;
  /// A transport to `url` that shows `api_key` ("" = none).
  std::function<std::unique_ptr<Transport>(const std::string& url, const std::string& api_key)> connect;
  /// Replaces this process by the program of that name beside this one. Errors: kNotFound. Returns only on
  /// failure.
  std::function<Error(const std::string& program, const std::vector<std::string>& arguments)> hand_over;
};

struct Context {
  World& world;
  Screen& screen;
  Settings settings;
  Format format = Format::kTable;
  bool ids_only = false;
};

}  // namespace pawl::cli
