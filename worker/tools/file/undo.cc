#include "worker/tools/file/undo.h"

#include <utility>

#include "common/json/parse.h"
#include "common/json/write.h"
#include "common/model/catalogue.h"
#include "worker/tools/file/limits.h"

namespace pawl::tools {
namespace {

constexpr std::string_view kCompensation = ".compensate";
constexpr std::int64_t kMaxRecordBytes = 64 * 1024;  // two paths and two states

json::Value to_json(const FileState& state) {
  return json::Object{{"kind", static_cast<int>(state.kind)}, {"sha256", state.sha256}, {"mode", state.mode}};
}

FileState state_from(const json::Value* value) {
  FileState state;
  if (value == nullptr) return state;
  const json::Value* kind = value->find("kind");
  const json::Value* hash = value->find("sha256");
  const json::Value* mode = value->find("mode");
  if (kind != nullptr && kind->is_int() && kind->as_int() >= 0 && kind->as_int() <= 2)
    state.kind = static_cast<FileState::Kind>(kind->as_int());
  if (hash != nullptr && hash->is_string()) state.sha256 = hash->as_string();
  if (mode != nullptr && mode->is_int()) state.mode = static_cast<unsigned>(mode->as_int()) & 0777U;
  return state;
}

std::string text_at(const json::Value& object, std::string_view name) {
  const json::Value* value = object.find(name);
  return value != nullptr && value->is_string() ? value->as_string() : "";
}

bool is_not_found(const Failure& failure) { return failure.code == "file_not_found"; }

}  // namespace

UndoLog::UndoLog(const Folder& folder, const std::string& step) : folder_(folder) {
  std::string_view name = step;
  if (name.ends_with(kCompensation)) name.remove_suffix(kCompensation.size());
  // A path of a step has any length and characters; its hash is a name.
  const std::string hash = to_hex(sha256(name));
  record_name_ = hash + ".json";
  file_name_ = hash + ".old";
}

FileResult<std::optional<UndoRecord>> UndoLog::find() const {
  const auto text = folder_.read(record_name_, kMaxRecordBytes);
  if (!text && is_not_found(text.error())) return std::nullopt;
  if (!text) return tl::unexpected(text.error());
  const auto parsed = json::parse(*text);
  if (!parsed || !parsed->is_object())
    return tl::unexpected(make_failure("io_error", "an undo record is damaged"));
  return UndoRecord{text_at(*parsed, "path"), state_from(parsed->find("before")),
                    state_from(parsed->find("after")), text_at(*parsed, "from")};
}

FileResult<void> UndoLog::keep(const Folder& files, const UndoRecord& record) const {
  if (record.before.kind == FileState::Kind::kFile) {
    // Every change replaces the file, none writes into it: the link keeps the old bytes and costs no copy.
    auto linked = files.link_to(record.path, folder_, file_name_);
    if (!linked && linked.error().code == "file_exists") {
      // Of an attempt that died before its record was written.
      if (auto removed = folder_.remove(file_name_, FileState::Kind::kFile); !removed) return removed;
      linked = files.link_to(record.path, folder_, file_name_);
    }
    if (!linked) return linked;
  }
  const json::Value text = json::Object{{"path", record.path},
                                        {"before", to_json(record.before)},
                                        {"after", to_json(record.after)},
                                        {"from", record.from}};
  return folder_.replace(record_name_, {}, json::write(text), 0600);
}

FileResult<void> UndoLog::undo(const Folder& files, const UndoRecord& record) const {
  const auto now = files.state(record.path);
  if (!now) return tl::unexpected(now.error());
  // Half undone already, by an attempt that died: what it restored is as it was.
  const bool is_undone = *now == record.before && !(record.before == record.after);
  if (!is_undone) {
    if (!(*now == record.after))
      return tl::unexpected(
          make_failure("undo_conflict", "'" + record.path + "' was changed after the step"));
    if (!record.from.empty()) {
      const auto place = files.state(record.from);
      if (!place) return tl::unexpected(place.error());
      if (place->kind != FileState::Kind::kAbsent)
        return tl::unexpected(make_failure("undo_conflict", "'" + record.from + "' was made after the step"));
      if (auto moved = files.rename_to(record.path, files, record.from); !moved) return moved;
      if (record.before.kind == FileState::Kind::kFile)
        if (auto back = folder_.rename_to(file_name_, files, record.path); !back) return back;
    } else if (record.before.kind == FileState::Kind::kFile) {
      if (auto back = folder_.rename_to(file_name_, files, record.path); !back) return back;
    } else if (record.before.kind == FileState::Kind::kFolder) {
      if (record.after.kind == FileState::Kind::kAbsent)
        if (auto made = files.make_folder(record.path, record.before.mode); !made) return made;
    } else if (record.after.kind != FileState::Kind::kAbsent) {
      if (auto removed = files.remove(record.path, record.after.kind); !removed) return removed;
    }
  }
  forget();
  return {};
}

void UndoLog::forget() const {
  // What can't be removed now goes with the execution's folder.
  static_cast<void>(folder_.remove(record_name_, FileState::Kind::kFile));
  static_cast<void>(folder_.remove(file_name_, FileState::Kind::kFile));
}

}  // namespace pawl::tools
