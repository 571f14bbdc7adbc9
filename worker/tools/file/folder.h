// One folder that no path leads out of: every name is resolved by the kernel with openat2, beneath the
// folder, without following any link or crossing a mount. Blocking calls, for a thread of the pool.
#pragma once

#include <sys/stat.h>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/base/bytes.h"
#include "common/model/failure.h"
#include "worker/tools/process/unique_fd.h"

namespace pawl::tools {

template <typename T>
using FileResult = tl::expected<T, Failure>;

/// What is there, as far as undo and if_match care.
struct FileState {
  enum class Kind : std::uint8_t { kAbsent, kFile, kFolder } kind = Kind::kAbsent;
  std::string sha256 = {};  ///< hex; files only
  std::int64_t bytes = 0;
  unsigned mode = 0;
  friend bool operator==(const FileState& a, const FileState& b) {
    return a.kind == b.kind && a.sha256 == b.sha256;
  }
};

class Folder {
 public:
  /// `path` is the operator's own; made (0700) when it is not there. Errors: the operator's, as io_error.
  static FileResult<Folder> open(const std::string& path);
  /// A folder in this one by one name, made when it is not there.
  [[nodiscard]] FileResult<Folder> child(const std::string& name) const;

  /// Errors of all: path_denied, file_not_found, not_a_file, not_a_directory, permission_denied, no_space,
  /// io_error, … A regular file for reading.
  [[nodiscard]] FileResult<UniqueFd> open_file(const std::string& path) const;
  [[nodiscard]] FileResult<UniqueFd> open_folder(const std::string& path) const;
  [[nodiscard]] FileResult<FileState> state(const std::string& path) const;
  [[nodiscard]] FileResult<struct stat> stat_of(const std::string& path) const;
  [[nodiscard]] FileResult<std::string> read(const std::string& path, std::int64_t most) const;

  /// A new file beside the target with `prefix` (a file of `from` at `from_path`; none for "") and `content`,
  /// synced, then renamed onto it: whoever looks sees the old one or the new one, whole.
  struct Source {
    const Folder* folder = nullptr;
    std::string path = {};
  };
  [[nodiscard]] FileResult<void> replace(const std::string& path, const Source& prefix,
                                         std::string_view content, unsigned mode) const;
  [[nodiscard]] FileResult<void> rename_to(const std::string& path, const Folder& other,
                                           const std::string& to) const;
  [[nodiscard]] FileResult<void> link_to(const std::string& path, const Folder& other,
                                         const std::string& to) const;
  /// A file, or a folder with nothing in it.
  [[nodiscard]] FileResult<void> remove(const std::string& path, FileState::Kind kind) const;
  [[nodiscard]] FileResult<void> make_folder(const std::string& path, unsigned mode) const;
  [[nodiscard]] FileResult<void> need_space(std::int64_t bytes) const;

 private:
  explicit Folder(UniqueFd fd) : fd_(std::move(fd)) {}
  struct Place {
    UniqueFd parent;
    std::string name;
  };
  [[nodiscard]] FileResult<Place> place_of(const std::string& path) const;
  [[nodiscard]] FileResult<UniqueFd> open_beneath(const std::string& path, int flags) const;

  UniqueFd fd_;
};

/// The failure for an errno; `what` names the path in the message.
Failure file_failure(int error, std::string_view what);
/// SHA-256 of an open file, from its start. Errors: file_too_large, io_error.
FileResult<std::string> hash_of(int fd);

}  // namespace pawl::tools
