#include "worker/tools/process/request.h"

#include <algorithm>

#include "common/json/write.h"
#include "worker/tools/parameters.h"
#include "worker/tools/process/limits.h"

namespace pawl::tools {
namespace {

/// Arguments and variables as programs get them; nullopt for containers.
std::optional<std::string> word(const json::Value& value) {
  if (value.is_string()) return value.as_string();
  if (value.is_number() || value.is_bool()) return json::write(value);
  return std::nullopt;
}

bool is_variable_name(std::string_view name) {
  const auto is_letter = [](char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; };
  return !name.empty() && is_letter(name[0]) &&
         std::ranges::all_of(name, [&](char c) { return is_letter(c) || (c >= '0' && c <= '9'); });
}

void read_argv(Parameters& in, Command& out) {
  in.require("argv");
  const json::Value* argv = in.known("argv");
  if (argv == nullptr) return;
  if (!argv->is_array() || argv->as_array().empty())
    return in.fault("argv", "invalid_type", "must be a list with at least the program");
  std::size_t index = 0;
  std::size_t bytes = 0;
  for (const json::Value& item : argv->as_array()) {
    const std::string pointer = json::pointer_join("/argv", index++);
    const auto text = word(item);
    if (!text)
      in.fault_at(pointer, "invalid_type", "must be a string");
    else if (text->find('\0') != text->npos)
      in.fault_at(pointer, "invalid_value", "has a NUL");
    else if (text->size() > kMaxArgument)
      in.fault_at(pointer, "too_long", "is longer than 128 KiB; use stdin");
    else if (index == 1 && text->empty())
      in.fault_at(pointer, "invalid_value", "names no program");
    bytes += text ? text->size() + 1 : 0;
    out.argv.push_back(text.value_or(""));
  }
  if (bytes > kMaxArgumentBytes) in.fault("argv", "too_long", "is longer than 1 MiB in all; use stdin");
}

void read_environment(Parameters& in, Command& out) {
  const json::Object* env = in.object("env");
  if (env == nullptr) return;
  std::size_t bytes = 0;
  for (const auto& [name, value] : *env) {
    const std::string pointer = json::pointer_join("/env", name);
    const auto text = word(value);
    if (!is_variable_name(name))
      in.fault_at(pointer, "invalid_value", "is no name of a variable");
    else if (name.starts_with("PAWL_"))
      in.fault_at(pointer, "invalid_value", "PAWL_ names are set by Pawl");
    else if (!text || text->find('\0') != text->npos)
      in.fault_at(pointer, "invalid_value", "must be a string without NUL");
    else if (text->size() > kMaxArgument)
      in.fault_at(pointer, "too_long", "is longer than 128 KiB; use stdin");
    else
      out.environment.push_back(name + "=" + *text);
    bytes += text ? text->size() : 0;
  }
  if (bytes > kMaxArgumentBytes) in.fault("env", "too_long", "is longer than 1 MiB in all; use stdin");
}

/// Below the work folder: relative, without "..".
void read_cwd(Parameters& in, Command& out) {
  const auto cwd = in.text("cwd");
  if (!cwd) return;
  std::string_view rest = *cwd;
  bool is_inside = cwd->size() <= kMaxPath && !rest.starts_with('/') && cwd->find('\0') == cwd->npos;
  while (!rest.empty()) {
    const std::size_t slash = std::min(rest.find('/'), rest.size());
    if (rest.substr(0, slash) == "..") is_inside = false;
    rest.remove_prefix(std::min(slash + 1, rest.size()));
  }
  if (is_inside)
    out.cwd = *cwd;
  else
    in.fault("cwd", "path_denied", "must lie in the work folder: relative, without '..'");
}

}  // namespace

ProcessRequest read_process_request(const json::Value& with, std::vector<Fault>& faults) {
  Parameters in(with);
  ProcessRequest out;
  in.allow_only({"argv", "stdin", "env", "cwd", "expect_exit", "max_output"});
  read_argv(in, out.command);
  read_environment(in, out.command);
  read_cwd(in, out.command);
  out.command.stdin_text = in.text("stdin").value_or("");
  out.expect_exit = in.integers("expect_exit", 0, 255);
  if (out.expect_exit.empty()) out.expect_exit = {0};
  out.max_output = in.integer("max_output", 0, kHighestMaxOutput).value_or(kDefaultMaxOutput);
  faults = in.take_faults();
  return out;
}

void complete_command(Command& command, const CallIdentity& identity, const plan::Resources& resources) {
  std::vector<std::string> environment{"PAWL_EXECUTION=" + identity.exec_id, "PAWL_STEP=" + identity.step,
                                       "PAWL_ATTEMPT=" + std::to_string(identity.attempt),
                                       "PAWL_EPOCH=" + std::to_string(identity.epoch),
                                       "PAWL_IDEMPOTENCY_KEY=" + identity.idempotency_key()};
  if (!identity.traceparent.empty()) environment.push_back("TRACEPARENT=" + identity.traceparent);
  for (const std::string usual :
       {"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "LANG=C.UTF-8"}) {
    const std::string_view name = std::string_view(usual).substr(0, usual.find('=') + 1);
    if (std::ranges::none_of(command.environment,
                             [&](const std::string& own) { return own.starts_with(name); }))
      environment.push_back(usual);
  }
  command.environment.insert(command.environment.begin(), environment.begin(), environment.end());
  SandboxLimits& limits = command.limits;
  limits.memory_bytes = resources.memory_bytes.value_or(kDefaultMemoryBytes);
  limits.disk_bytes = resources.disk_bytes.value_or(std::min(kDefaultDiskBytes, limits.memory_bytes / 2));
  limits.pids = resources.pids.value_or(kDefaultPids);
  limits.cpu = resources.cpu.value_or(kDefaultCpu);
}

}  // namespace pawl::tools
