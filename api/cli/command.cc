#include "api/cli/command.h"

#include <array>
#include <utility>

namespace pawl::cli {
namespace {

const std::string kNoText;
const std::vector<std::string> kNoList;

}  // namespace

std::string Parameter::key() const {
  const std::size_t dashes = name.find("--");
  return dashes == std::string::npos ? name : name.substr(dashes + 2);
}

const std::string& Arguments::text(std::string_view key) const {
  const auto found = values_.find(key);
  return found == values_.end() || found->second.empty() ? kNoText : found->second.front();
}

const std::vector<std::string>& Arguments::list(std::string_view key) const {
  const auto found = values_.find(key);
  return found == values_.end() ? kNoList : found->second;
}

const std::vector<Parameter>& global_parameters() {
  static const std::vector<Parameter> parameters = {
      {Shape::kValue, "-o,--output", "how to print", "FORMAT", {"table", "json", "jsonl", "yaml"}},
      {Shape::kFlag, "-q,--quiet", "print ids only"},
      {Shape::kValue, "--profile", "profile of ~/.config/pawl/profiles.toml (PAWL_PROFILE)", "NAME"},
      {Shape::kValue, "--url", "address of the API (PAWL_URL)", "URL"},
      {Shape::kValue, "--api-key", "API key (PAWL_API_KEY); seen in the list of processes, so prefer a file",
       "KEY"},
      {Shape::kValue, "--api-key-file", "file that holds the API key", "FILE"},
      {Shape::kValue, "--ops-url", "address of the API's operations port (PAWL_OPS_URL)", "URL"},
  };
  return parameters;
}

std::string_view group_summary(std::string_view group) {
  static constexpr auto kGroups = std::to_array<std::pair<std::string_view, std::string_view>>({
      {"task", "definitions of tasks: put, get, list, versions, delete, validate"},
      {"workers", "processes that run executions: list, drain"},
      {"breakers", "circuit breakers: list, open, reset, disable, metrics-only, half-open"},
      {"keys", "API keys: create, list, revoke"},
      {"session", "workspaces that commands run in: create, get, list, delete, run, tasks, task, stop"},
  });
  for (const auto& [name, summary] : kGroups) {
    if (name == group) return summary;
  }
  return "";
}

}  // namespace pawl::cli
