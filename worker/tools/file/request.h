// The parameters of the file tool, read and checked. Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/base/error.h"
#include "common/json/value.h"

namespace pawl::tools {

enum class FileOp : std::uint8_t {
  kRead,
  kWrite,
  kAppend,
  kCopy,
  kMove,
  kDelete,
  kList,
  kStat,
  kMkdir,
  kUndo
};

struct FileRequest {
  FileOp op = FileOp::kStat;
  std::string path;
  std::string to;
  std::string content;
  std::optional<unsigned> mode;         ///< permission bits of what is made
  std::optional<std::string> if_match;  ///< SHA-256 in hex that the file must have
};

/// Reads `with`; `faults` gets every fault. What still holds an expression is left out.
FileRequest read_file_request(const json::Value& with, std::vector<Fault>& faults);

/// Relative, without "..", NUL, or more than 4,095 bytes; "" and "." name the folder itself.
bool is_inside(std::string_view path);

}  // namespace pawl::tools
