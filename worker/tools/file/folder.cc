#include "worker/tools/file/folder.h"

#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstring>
#include <utility>

#include "common/model/catalogue.h"
#include "worker/tools/file/limits.h"

namespace pawl::tools {
namespace {

tl::unexpected<Failure> failing(std::string_view path) { return tl::unexpected(file_failure(errno, path)); }
tl::unexpected<Failure> failing(std::string_view code, std::string message) {
  return tl::unexpected(make_failure(code, std::move(message)));
}

/// An extra name beside the target that no plan can guess into a clash: the process and a number.
std::string temporary_name() {
  static std::atomic<std::uint64_t> number{0};
  return ".pawl-" + std::to_string(getpid()) + "-" + std::to_string(number.fetch_add(1)) + ".tmp";
}

FileResult<void> write_all(int fd, std::string_view bytes, std::string_view path) {
  while (!bytes.empty()) {
    const ssize_t wrote = ::write(fd, bytes.data(), bytes.size());
    if (wrote < 0 && errno == EINTR) continue;
    if (wrote < 0) return failing(path);
    bytes.remove_prefix(static_cast<std::size_t>(wrote));
  }
  return {};
}

FileResult<std::string> read_all(int fd, std::int64_t most, std::string_view path) {
  struct stat status {};
  if (fstat(fd, &status) != 0) return failing(path);
  if (status.st_size > most)
    return failing("file_too_large", "the file has " + std::to_string(status.st_size) + " bytes");
  std::string bytes;
  std::string piece(kCopyBytes, '\0');
  while (true) {
    const ssize_t got = ::pread(fd, piece.data(), piece.size(), static_cast<off_t>(bytes.size()));
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return failing(path);
    if (got == 0) return bytes;
    bytes.append(piece, 0, static_cast<std::size_t>(got));
    // It may grow while it is read.
    if (static_cast<std::int64_t>(bytes.size()) > most)
      return failing("file_too_large", "the file has over " + std::to_string(most) + " bytes");
  }
}

}  // namespace

Failure file_failure(int error, std::string_view what) {
  const std::string message = "'" + std::string(what) + "': " + std::strerror(error);
  switch (error) {
    case EXDEV:
    case ELOOP:
    case ENAMETOOLONG:
    case EINVAL: return make_failure("path_denied", message);
    case ENOENT: return make_failure("file_not_found", message);
    case EEXIST: return make_failure("file_exists", message);
    case EISDIR:
    case ENXIO: return make_failure("not_a_file", message);
    case ENOTDIR: return make_failure("not_a_directory", message);
    case ENOTEMPTY: return make_failure("directory_not_empty", message);
    case EACCES:
    case EPERM:
    case EROFS: return make_failure("permission_denied", message);
    case ENOSPC:
    case EDQUOT: return make_failure("no_space", message);
    default: return make_failure("io_error", message);
  }
}

FileResult<std::string> hash_of(int fd) {
  auto bytes = read_all(fd, kMaxFileBytes, "file");
  if (!bytes) return tl::unexpected(bytes.error());
  return to_hex(sha256(*bytes));
}

FileResult<Folder> Folder::open(const std::string& path) {
  if (mkdir(path.c_str(), 0700) != 0 && errno != EEXIST)
    return failing("io_error", "the root of files can't be made");
  UniqueFd fd(::open(path.c_str(), O_DIRECTORY | O_RDONLY | O_CLOEXEC));
  if (!fd) return failing("io_error", "the root of files can't be opened");
  return Folder(std::move(fd));
}

FileResult<Folder> Folder::child(const std::string& name) const {
  if (mkdirat(fd_.get(), name.c_str(), 0700) != 0 && errno != EEXIST) return failing(name);
  auto fd = open_beneath(name, O_DIRECTORY | O_RDONLY);
  if (!fd) return tl::unexpected(fd.error());
  return Folder(std::move(*fd));
}

FileResult<UniqueFd> Folder::open_beneath(const std::string& path, int flags) const {
  open_how how{};
  how.flags = static_cast<unsigned>(flags | O_CLOEXEC);
  how.resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS | RESOLVE_NO_XDEV;
  const std::string name = path.empty() ? "." : path;
  for (int tries = 0;; ++tries) {
    const long fd = syscall(SYS_openat2, fd_.get(), name.c_str(), &how, sizeof how);
    if (fd >= 0) return UniqueFd(static_cast<int>(fd));
    // A rename raced with the look-up.
    if (errno != EAGAIN || tries > 32) return failing(path);
  }
}

FileResult<UniqueFd> Folder::open_file(const std::string& path) const {
  // O_NONBLOCK: a pipe must not hold this thread until somebody writes to it.
  auto fd = open_beneath(path, O_RDONLY | O_NONBLOCK);
  if (!fd) return fd;
  struct stat status {};
  if (fstat(fd->get(), &status) != 0) return failing(path);
  if (!S_ISREG(status.st_mode)) return failing("not_a_file", "'" + path + "' is no regular file");
  return fd;
}

FileResult<UniqueFd> Folder::open_folder(const std::string& path) const {
  return open_beneath(path, O_DIRECTORY | O_RDONLY);
}

FileResult<struct stat> Folder::stat_of(const std::string& path) const {
  auto fd = open_beneath(path, O_PATH);
  if (!fd) return tl::unexpected(fd.error());
  struct stat status {};
  if (fstat(fd->get(), &status) != 0) return failing(path);
  return status;
}

FileResult<FileState> Folder::state(const std::string& path) const {
  const auto status = stat_of(path);
  if (!status) {
    if (status.error().code == "file_not_found") return FileState{};
    return tl::unexpected(status.error());
  }
  FileState state;
  state.mode = static_cast<unsigned>(status->st_mode) & 0777U;
  if (S_ISDIR(status->st_mode)) {
    state.kind = FileState::Kind::kFolder;
    return state;
  }
  auto fd = open_file(path);
  if (!fd) return tl::unexpected(fd.error());
  auto hash = hash_of(fd->get());
  if (!hash) return tl::unexpected(hash.error());
  state.kind = FileState::Kind::kFile;
  state.sha256 = *hash;
  state.bytes = status->st_size;
  return state;
}

FileResult<std::string> Folder::read(const std::string& path, std::int64_t most) const {
  auto fd = open_file(path);
  if (!fd) return tl::unexpected(fd.error());
  return read_all(fd->get(), most, path);
}

FileResult<Folder::Place> Folder::place_of(const std::string& path) const {
  std::string trimmed = path;
  while (trimmed.ends_with('/')) trimmed.pop_back();
  const std::size_t slash = trimmed.rfind('/');
  const std::string parent = slash == std::string::npos ? "" : trimmed.substr(0, slash);
  std::string name = slash == std::string::npos ? trimmed : trimmed.substr(slash + 1);
  if (name.empty() || name == "." || name == "..")
    return failing("path_denied", "'" + path + "' names no file");
  auto fd = open_folder(parent);
  if (!fd) return tl::unexpected(fd.error());
  return Place{std::move(*fd), std::move(name)};
}

FileResult<void> Folder::replace(const std::string& path, const Source& prefix, std::string_view content,
                                 unsigned mode) const {
  auto place = place_of(path);
  if (!place) return tl::unexpected(place.error());
  std::string bytes;
  if (prefix.folder != nullptr) {
    auto read = prefix.folder->read(prefix.path, kMaxFileBytes);
    if (!read) return tl::unexpected(read.error());
    bytes = std::move(*read);
  }
  if (static_cast<std::int64_t>(bytes.size() + content.size()) > kMaxFileBytes)
    return failing("file_too_large", "the file would be over the limit");
  const auto space = need_space(static_cast<std::int64_t>(bytes.size() + content.size()));
  if (!space) return space;
  const std::string temporary = temporary_name();
  const int parent = place->parent.get();
  UniqueFd fd(openat(parent, temporary.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600));
  if (!fd) return failing(path);
  const auto finish = [&]() -> FileResult<void> {
    if (auto wrote = write_all(fd.get(), bytes, path); !wrote) return wrote;
    if (auto wrote = write_all(fd.get(), content, path); !wrote) return wrote;
    if (fchmod(fd.get(), mode) != 0 || fsync(fd.get()) != 0) return failing(path);
    if (renameat(parent, temporary.c_str(), parent, place->name.c_str()) != 0) return failing(path);
    if (fsync(parent) != 0) return failing(path);
    return {};
  };
  auto done = finish();
  if (!done) unlinkat(parent, temporary.c_str(), 0);  // gone already when the rename was through
  return done;
}

FileResult<void> Folder::rename_to(const std::string& path, const Folder& other,
                                   const std::string& to) const {
  auto from = place_of(path);
  if (!from) return tl::unexpected(from.error());
  auto target = other.place_of(to);
  if (!target) return tl::unexpected(target.error());
  if (renameat(from->parent.get(), from->name.c_str(), target->parent.get(), target->name.c_str()) != 0)
    return failing(path);
  if (fsync(target->parent.get()) != 0 || fsync(from->parent.get()) != 0) return failing(path);
  return {};
}

FileResult<void> Folder::link_to(const std::string& path, const Folder& other, const std::string& to) const {
  auto from = place_of(path);
  if (!from) return tl::unexpected(from.error());
  auto target = other.place_of(to);
  if (!target) return tl::unexpected(target.error());
  if (linkat(from->parent.get(), from->name.c_str(), target->parent.get(), target->name.c_str(), 0) != 0)
    return failing(path);
  if (fsync(target->parent.get()) != 0) return failing(path);
  return {};
}

FileResult<void> Folder::remove(const std::string& path, FileState::Kind kind) const {
  auto place = place_of(path);
  if (!place) return tl::unexpected(place.error());
  const int flags = kind == FileState::Kind::kFolder ? AT_REMOVEDIR : 0;
  if (unlinkat(place->parent.get(), place->name.c_str(), flags) != 0) return failing(path);
  if (fsync(place->parent.get()) != 0) return failing(path);
  return {};
}

FileResult<void> Folder::make_folder(const std::string& path, unsigned mode) const {
  auto place = place_of(path);
  if (!place) return tl::unexpected(place.error());
  if (mkdirat(place->parent.get(), place->name.c_str(), mode) != 0) return failing(path);
  if (fsync(place->parent.get()) != 0) return failing(path);
  return {};
}

FileResult<void> Folder::need_space(std::int64_t bytes) const {
  struct statvfs disk {};
  if (fstatvfs(fd_.get(), &disk) != 0) return failing("");
  const auto free = static_cast<std::int64_t>(disk.f_bavail) * static_cast<std::int64_t>(disk.f_frsize);
  if (free < bytes + kKeepFreeBytes)
    return failing("no_space", "the disk has " + std::to_string(free) + " bytes left");
  return {};
}

}  // namespace pawl::tools
