// What a changing operation leaves behind so that `op: undo` of the step's compensation can take it back: a
// record per step in a folder beside the execution's own, with the old file as a link. Kept before the
// change, so that a crash between the two loses nothing.
#pragma once

#include <optional>
#include <string>

#include "common/json/value.h"
#include "worker/tools/file/folder.h"

namespace pawl::tools {

struct UndoRecord {
  std::string path;  ///< what was changed
  FileState before;
  FileState after;
  std::string from = {};  ///< of a move: where the file came from
};

class UndoLog {
 public:
  /// `folder`: of this execution's records. `step`: path of the step; a compensation's stands for its step's.
  UndoLog(const Folder& folder, const std::string& step);

  [[nodiscard]] FileResult<std::optional<UndoRecord>> find() const;
  /// Keeps the old file of `record.path` in `files`, then the record. A record that is there stays: it knows
  /// what was before the first attempt.
  [[nodiscard]] FileResult<void> keep(const Folder& files, const UndoRecord& record) const;
  /// Takes the change back. Errors: undo_conflict when the file is not as the step left it.
  [[nodiscard]] FileResult<void> undo(const Folder& files, const UndoRecord& record) const;
  /// The step's change did not happen.
  void forget() const;

 private:
  const Folder& folder_;
  std::string record_name_;
  std::string file_name_;
};

}  // namespace pawl::tools
