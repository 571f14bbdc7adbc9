#include "worker/tools/file/request.h"

#include <algorithm>
#include <array>
#include <utility>

#include "worker/tools/file/limits.h"
#include "worker/tools/parameters.h"

namespace pawl::tools {
namespace {

constexpr std::array<std::pair<std::string_view, FileOp>, 10> kOps = {{{"read", FileOp::kRead},
                                                                       {"write", FileOp::kWrite},
                                                                       {"append", FileOp::kAppend},
                                                                       {"copy", FileOp::kCopy},
                                                                       {"move", FileOp::kMove},
                                                                       {"delete", FileOp::kDelete},
                                                                       {"list", FileOp::kList},
                                                                       {"stat", FileOp::kStat},
                                                                       {"mkdir", FileOp::kMkdir},
                                                                       {"undo", FileOp::kUndo}}};

std::string read_path(Parameters& in, std::string_view name) {
  const auto path = in.text(name);
  if (path && !is_inside(*path))
    in.fault(name, "path_denied", "must be a relative path inside the execution's folder, without '..'");
  return path.value_or("");
}

/// "0644", or the same as a number of JSON.
std::optional<unsigned> read_mode(Parameters& in) {
  const json::Value* value = in.known("mode");
  if (value == nullptr) return std::nullopt;
  std::string digits = value->is_string() ? value->as_string() : "";
  if (value->is_int()) digits = std::to_string(value->as_int());
  unsigned mode = 0;
  for (const char digit : digits) {
    if (digit < '0' || digit > '7' || mode > 0777) {
      mode = 01000;
      break;
    }
    mode = mode * 8 + static_cast<unsigned>(digit - '0');
  }
  if (!digits.empty() && mode <= 0777) return mode;
  in.fault("mode", "invalid_value", "must be permission bits in octal, as \"0644\"");
  return std::nullopt;
}

}  // namespace

bool is_inside(std::string_view path) {
  if (path.size() > kMaxFilePath || path.starts_with('/') || path.find('\0') != path.npos) return false;
  while (!path.empty()) {
    const std::size_t end = std::min(path.find('/'), path.size());
    if (path.substr(0, end) == "..") return false;
    path.remove_prefix(std::min(end + 1, path.size()));
  }
  return true;
}

FileRequest read_file_request(const json::Value& with, std::vector<Fault>& faults) {
  Parameters in(with);
  FileRequest out;
  in.allow_only({"op", "path", "content", "to", "mode", "if_match"});
  in.require("op");
  const auto op =
      in.choice("op", {"read", "write", "append", "copy", "move", "delete", "list", "stat", "mkdir", "undo"});
  if (op) {
    out.op = std::ranges::find(kOps, *op, &std::pair<std::string_view, FileOp>::first)->second;
    if (out.op != FileOp::kUndo) in.require("path");
    if (out.op == FileOp::kCopy || out.op == FileOp::kMove) in.require("to");
    if (out.op == FileOp::kWrite || out.op == FileOp::kAppend) in.require("content");
  }
  out.path = read_path(in, "path");
  out.to = read_path(in, "to");
  out.content = in.text("content").value_or("");
  out.mode = read_mode(in);
  out.if_match = in.text("if_match");
  if (out.if_match && (out.if_match->size() != 64 ||
                       out.if_match->find_first_not_of("0123456789abcdef") != std::string::npos))
    in.fault("if_match", "invalid_value",
             "must be a SHA-256 in lower-case hex, as `read` and `stat` answer it");
  for (Fault& fault : in.take_faults()) faults.push_back(std::move(fault));
  return out;
}

}  // namespace pawl::tools
