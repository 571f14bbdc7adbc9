#include "worker/tools/file/operations.h"

#include <dirent.h>
#include <fcntl.h>

#include <algorithm>
#include <cerrno>
#include <memory>
#include <utility>

#include "common/base/time_format.h"
#include "common/model/catalogue.h"
#include "worker/tools/file/limits.h"

namespace pawl::tools {
namespace {

using Kind = FileState::Kind;

constexpr unsigned kDefaultFileMode = 0644;
constexpr unsigned kDefaultFolderMode = 0755;
/// Beside the executions' folders, on the same disk: a link costs nothing and no plan's path leads there.
constexpr const char* kUndoFolder = ".undo";

tl::unexpected<Failure> failing(std::string_view code, std::string message) {
  return tl::unexpected(make_failure(code, std::move(message)));
}

std::string_view name_of(mode_t mode) {
  if (S_ISREG(mode)) return "file";
  if (S_ISDIR(mode)) return "directory";
  return S_ISLNK(mode) ? "link" : "other";
}

FileResult<json::Value> read_file(const Folder& files, const FileRequest& request) {
  const auto bytes = files.read(request.path, kMaxReadBytes);
  if (!bytes) return tl::unexpected(bytes.error());
  json::Object out{{"path", request.path}, {"sha256", to_hex(sha256(*bytes))}, {"bytes", bytes->size()}};
  // JSON has no bytes; and U+0000 is refused everywhere.
  if (is_valid_utf8(*bytes) && bytes->find('\0') == std::string::npos)
    out.set("content", *bytes);
  else
    out.set("content_base64", to_base64(*bytes));
  return out;
}

FileResult<json::Value> list_folder(const Folder& files, const FileRequest& request) {
  auto fd = files.open_folder(request.path);
  if (!fd) return tl::unexpected(fd.error());
  const std::unique_ptr<DIR, int (*)(DIR*)> folder(fdopendir(fcntl(fd->get(), F_DUPFD_CLOEXEC, 0)), closedir);
  if (!folder) return tl::unexpected(file_failure(errno, request.path));
  std::vector<std::pair<std::string, json::Value>> found;
  while (const dirent* entry = readdir(folder.get())) {
    const std::string name = entry->d_name;
    if (name == "." || name == ".." || !is_valid_utf8(name)) continue;
    if (found.size() >= kMaxEntries) return failing("file_too_large", "the folder has over 10,000 entries");
    struct stat status {};
    if (fstatat(fd->get(), name.c_str(), &status, AT_SYMLINK_NOFOLLOW) != 0) continue;  // gone meanwhile
    found.emplace_back(name, json::Object{{"name", name},
                                          {"type", name_of(status.st_mode)},
                                          {"bytes", S_ISREG(status.st_mode) ? status.st_size : 0}});
  }
  std::ranges::sort(found, {}, &std::pair<std::string, json::Value>::first);
  json::Array entries;
  for (auto& [name, entry] : found) entries.push_back(std::move(entry));
  return json::Object{{"path", request.path}, {"entries", std::move(entries)}};
}

FileResult<json::Value> stat_path(const Folder& files, const FileRequest& request) {
  const auto status = files.stat_of(request.path);
  if (!status) return tl::unexpected(status.error());
  const auto changed =
      WallTime{} + std::chrono::duration_cast<Micros>(std::chrono::seconds(status->st_mtim.tv_sec) +
                                                      std::chrono::nanoseconds(status->st_mtim.tv_nsec));
  constexpr std::string_view kDigits = "01234567";
  std::string mode = "0000";
  for (unsigned i = 0; i < 3; ++i) mode[3 - i] = kDigits[(status->st_mode >> (3 * i)) & 7U];
  json::Object out{{"path", request.path},
                   {"type", name_of(status->st_mode)},
                   {"bytes", S_ISREG(status->st_mode) ? status->st_size : 0},
                   {"mode", mode},
                   {"modified_at", format_rfc3339(changed)}};
  if (S_ISREG(status->st_mode)) {
    const auto state = files.state(request.path);
    if (!state) return tl::unexpected(state.error());
    out.set("sha256", state->sha256);
  }
  return out;
}

/// What an operation is about to change, and how it will look then.
FileResult<UndoRecord> plan_change(const Folder& files, const FileRequest& request) {
  const bool has_target = request.op == FileOp::kCopy || request.op == FileOp::kMove;
  UndoRecord record;
  record.path = has_target ? request.to : request.path;
  auto before = files.state(record.path);
  if (!before) return tl::unexpected(before.error());
  record.before = *before;
  auto source = has_target ? files.state(request.path) : before;
  if (!source) return tl::unexpected(source.error());
  const bool needs_source = has_target || request.op == FileOp::kDelete;
  if (needs_source && source->kind == Kind::kAbsent)
    return failing("file_not_found", "'" + request.path + "' is not there");
  if (request.if_match && source->sha256 != *request.if_match)
    return failing("precondition_failed", "'" + request.path + "' is not as it was read");
  switch (request.op) {
    case FileOp::kWrite: record.after = {Kind::kFile, to_hex(sha256(request.content))}; break;
    case FileOp::kAppend: {
      std::string bytes;
      if (source->kind == Kind::kFile) {
        auto read = files.read(request.path, kMaxFileBytes);
        if (!read) return tl::unexpected(read.error());
        bytes = std::move(*read);
      }
      record.after = {Kind::kFile, to_hex(sha256(bytes + request.content))};
      break;
    }
    case FileOp::kMove: record.from = request.path; [[fallthrough]];
    case FileOp::kCopy:
      if (source->kind != Kind::kFile)
        return failing("not_a_file", "'" + request.path + "' is no regular file");
      record.after = *source;
      break;
    case FileOp::kMkdir:
      if (record.before.kind == Kind::kFile)
        return failing("file_exists", "'" + request.path + "' is a file");
      record.after = {Kind::kFolder};
      break;
    default: break;  // delete: nothing is there then
  }
  if (record.before.kind == Kind::kFolder && record.after.kind == Kind::kFile)
    return failing("not_a_file", "'" + record.path + "' is a folder");
  return record;
}

FileResult<void> change(const Folder& files, const FileRequest& request, const UndoRecord& record) {
  const unsigned file_mode = record.before.kind == Kind::kFile ? record.before.mode : kDefaultFileMode;
  switch (request.op) {
    case FileOp::kWrite:
      return files.replace(request.path, {}, request.content, request.mode.value_or(file_mode));
    case FileOp::kAppend: {
      const Folder::Source old{record.before.kind == Kind::kFile ? &files : nullptr, request.path};
      return files.replace(request.path, old, request.content, request.mode.value_or(file_mode));
    }
    case FileOp::kCopy:
      return files.replace(request.to, {&files, request.path}, "", request.mode.value_or(record.after.mode));
    case FileOp::kMove: return files.rename_to(request.path, files, request.to);
    case FileOp::kMkdir:
      if (record.before.kind == Kind::kFolder) return {};
      return files.make_folder(request.path, request.mode.value_or(kDefaultFolderMode));
    default: return files.remove(request.path, record.before.kind);
  }
}

json::Value output_of(const UndoRecord& record, const Folder& files) {
  json::Object out{{"path", record.path}};
  if (record.after.kind != Kind::kFile) return out;
  out.set("sha256", record.after.sha256);
  if (const auto status = files.stat_of(record.path)) out.set("bytes", status->st_size);
  return out;
}

/// A step that is done again after a crash finds its record: what it was about to do may have happened.
FileResult<bool> has_happened(const Folder& files, const UndoRecord& record) {
  if (record.before == record.after) return false;
  const auto now = files.state(record.path);
  if (!now) return tl::unexpected(now.error());
  return *now == record.after;
}

FileResult<json::Value> undo(const Folder& files, const UndoLog& log) {
  const auto record = log.find();
  if (!record) return tl::unexpected(record.error());
  if (!*record) return json::Object{{"undone", false}};
  if (auto done = log.undo(files, **record); !done) return tl::unexpected(done.error());
  return json::Object{{"undone", true}, {"path", (*record)->path}};
}

}  // namespace

FileResult<json::Value> run_file_operation(const std::string& root, const std::string& exec_id,
                                           const std::string& step, const FileRequest& request) {
  const auto base = Folder::open(root);
  if (!base) return tl::unexpected(base.error());
  const auto files = base->child(exec_id);
  if (!files) return tl::unexpected(files.error());
  switch (request.op) {
    case FileOp::kRead: return read_file(*files, request);
    case FileOp::kList: return list_folder(*files, request);
    case FileOp::kStat: return stat_path(*files, request);
    default: break;
  }
  const auto records = base->child(kUndoFolder);
  if (!records) return tl::unexpected(records.error());
  const auto own = records->child(exec_id);
  if (!own) return tl::unexpected(own.error());
  const UndoLog log(*own, step);
  if (request.op == FileOp::kUndo) return undo(*files, log);
  const auto earlier = log.find();
  if (!earlier) return tl::unexpected(earlier.error());
  if (*earlier) {
    const auto happened = has_happened(*files, **earlier);
    if (!happened) return tl::unexpected(happened.error());
    if (*happened) return output_of(**earlier, *files);
  }
  const auto record = plan_change(*files, request);
  if (!record) return tl::unexpected(record.error());
  if (!*earlier)
    if (auto kept = log.keep(*files, *record); !kept) return tl::unexpected(kept.error());
  if (auto done = change(*files, request, *record); !done) {
    if (!*earlier) log.forget();
    return tl::unexpected(done.error());
  }
  return output_of(*record, *files);
}

}  // namespace pawl::tools
