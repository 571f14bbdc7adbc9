#include "worker/tools/process/cgroup.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <csignal>
#include <cstring>
#include <sstream>

namespace pawl::tools {
namespace {

constexpr std::string_view kPrefix = "pawl-";

std::string read_file(const std::string& path) {
  const UniqueFd fd(open(path.c_str(), O_RDONLY | O_CLOEXEC));
  std::string out;
  std::array<char, 4096> buffer;
  while (fd) {
    const ssize_t n = read(fd.get(), buffer.data(), buffer.size());
    if (n <= 0) break;
    out.append(buffer.data(), static_cast<std::size_t>(n));
  }
  return out;
}

bool write_file(const std::string& path, const std::string& text) {
  const UniqueFd fd(open(path.c_str(), O_WRONLY | O_CLOEXEC));
  return fd && write(fd.get(), text.data(), text.size()) == static_cast<ssize_t>(text.size());
}

/// The number after `key` at the start of a line, or the whole text when `key` is empty.
std::optional<std::int64_t> read_number(const std::string& text, std::string_view key) {
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) {
    std::string_view rest = line;
    if (!key.empty()) {
      if (!rest.starts_with(key) || rest.size() <= key.size() || rest[key.size()] != ' ') continue;
      rest.remove_prefix(key.size() + 1);
    }
    std::int64_t value = 0;
    if (std::from_chars(rest.data(), rest.data() + rest.size(), value).ec == std::errc{}) return value;
  }
  return std::nullopt;
}

bool has_word(std::string_view list, std::string_view word, char separator) {
  while (!list.empty()) {
    const std::size_t end = std::min(list.find(separator), list.size());
    if (list.substr(0, end) == word) return true;
    list.remove_prefix(std::min(end + 1, list.size()));
  }
  return false;
}

struct Mount {
  std::string root;
  std::string point;
  std::string options;
  bool is_v2;
};

std::vector<Mount> read_mounts(const std::string& mountinfo) {
  std::vector<Mount> out;
  std::istringstream lines(mountinfo);
  for (std::string line; std::getline(lines, line);) {
    std::istringstream words(line);
    std::string skip, root, point, word, type, source, options;
    words >> skip >> skip >> skip >> root >> point >> skip;
    while (words >> word && word != "-") {}
    words >> type >> source >> options;
    if (type == "cgroup" || type == "cgroup2") out.push_back({root, point, options, type == "cgroup2"});
  }
  return out;
}

/// Our folder below the mount of `controller` ("" for version 2), or "".
std::string own_folder(const std::vector<Mount>& mounts, const std::string& self_cgroup,
                       std::string_view controller) {
  const bool is_v2 = controller.empty();
  std::istringstream lines(self_cgroup);
  for (std::string line; std::getline(lines, line);) {
    const std::size_t first = line.find(':');
    const std::size_t second = line.find(':', first + 1);
    if (second == std::string::npos) continue;
    const std::string_view controllers = std::string_view(line).substr(first + 1, second - first - 1);
    if (is_v2 ? !controllers.empty() : !has_word(controllers, controller, ',')) continue;
    std::string path = line.substr(second + 1);
    for (const Mount& mount : mounts) {
      if (mount.is_v2 != is_v2 || (!is_v2 && !has_word(mount.options, controller, ','))) continue;
      if (mount.root != "/" && path.starts_with(mount.root)) path = path.substr(mount.root.size());
      return path == "/" || path.empty() ? mount.point : mount.point + path;
    }
  }
  return "";
}

bool can_make_groups(const std::string& folder) {
  if (folder.empty()) return false;
  const std::string trial = folder + "/" + std::string(kPrefix) + std::to_string(getpid()) + "-trial";
  if (mkdir(trial.c_str(), 0755) != 0 && errno != EEXIST) return false;
  rmdir(trial.c_str());
  return true;
}

/// Groups of workers that are gone.
void remove_leftovers(const std::string& folder) {
  DIR* entries = folder.empty() ? nullptr : opendir(folder.c_str());
  if (entries == nullptr) return;
  while (const dirent* entry = readdir(entries)) {
    const std::string_view name = entry->d_name;
    int pid = 0;
    if (!name.starts_with(kPrefix)) continue;
    if (std::from_chars(name.data() + kPrefix.size(), name.data() + name.size(), pid).ec != std::errc{})
      continue;
    if (kill(pid, 0) != 0 && errno == ESRCH) rmdir((folder + "/" + entry->d_name).c_str());
  }
  closedir(entries);
}

/// Version 2 hands controllers on only from a group without processes of its own.
bool delegate(const std::string& folder) {
  const std::string wanted = "+memory +pids +cpu";
  if (write_file(folder + "/cgroup.subtree_control", wanted)) return true;
  const std::string leaf = folder + "/pawl-self";
  if (mkdir(leaf.c_str(), 0755) != 0 && errno != EEXIST) return false;
  if (!write_file(leaf + "/cgroup.procs", "0")) return false;
  return write_file(folder + "/cgroup.subtree_control", wanted);
}

}  // namespace

std::string CgroupPlaces::names() const {
  std::string out;
  for (const auto& [name, folder] :
       {std::pair{"memory", &memory}, {"cpu", &cpu}, {"pids", &pids}, {"freezer", &freezer}})
    if (!folder->empty()) out += (out.empty() ? "" : ", ") + std::string(name);
  return out;
}

CgroupPlaces locate_cgroups(const std::string& mountinfo, const std::string& self_cgroup) {
  const auto mounts = read_mounts(mountinfo);
  CgroupPlaces out;
  out.memory = own_folder(mounts, self_cgroup, "memory");
  out.pids = own_folder(mounts, self_cgroup, "pids");
  out.cpu = own_folder(mounts, self_cgroup, "cpu");
  out.accounting = own_folder(mounts, self_cgroup, "cpuacct");
  out.freezer = own_folder(mounts, self_cgroup, "freezer");
  if (out.any()) return out;
  const std::string unified = own_folder(mounts, self_cgroup, "");
  return {true, unified, unified, unified, unified, unified};
}

CgroupPlaces find_cgroups() {
  CgroupPlaces out = locate_cgroups(read_file("/proc/self/mountinfo"), read_file("/proc/self/cgroup"));
  if (out.is_v2) {
    if (!can_make_groups(out.memory) || !delegate(out.memory)) return {};
    remove_leftovers(out.memory);
    return out;
  }
  for (std::string* folder : {&out.memory, &out.pids, &out.cpu, &out.accounting, &out.freezer}) {
    remove_leftovers(*folder);
    if (!can_make_groups(*folder)) folder->clear();
  }
  return out;
}

std::string Cgroup::enter(const std::string& place, const std::string& name) {
  if (place.empty()) return "";
  const std::string folder = place + "/" + name;
  if (std::ranges::find(folders_, folder) != folders_.end())
    return folder;  // version 2, or cpu,cpuacct in one
  if (mkdir(folder.c_str(), 0755) != 0) return "";
  folders_.push_back(folder);
  return folder;
}

std::unique_ptr<Cgroup> Cgroup::make(const CgroupPlaces& places, const CgroupLimits& limits) {
  static std::uint64_t number = 0;
  const std::string name = std::string(kPrefix) + std::to_string(getpid()) + "-" + std::to_string(++number);
  std::unique_ptr<Cgroup> out(new Cgroup);
  out->is_v2_ = places.is_v2;
  out->memory_ = out->enter(places.memory, name);
  out->pids_ = out->enter(places.pids, name);
  out->cpu_ = out->enter(places.cpu, name);
  out->accounting_ = out->enter(places.accounting, name);
  out->freezer_ = out->enter(places.freezer, name);
  if (out->folders_.empty()) return nullptr;
  const std::string memory = std::to_string(limits.memory_bytes);
  const auto quota = std::to_string(static_cast<std::int64_t>(limits.cpu * 100'000));
  if (places.is_v2) {
    if (!write_file(out->memory_ + "/memory.max", memory))
      out->memory_.clear();
    else
      write_file(out->memory_ + "/memory.swap.max", "0");
    write_file(out->cpu_ + "/cpu.max", quota + " 100000");
  } else {
    if (!write_file(out->memory_ + "/memory.limit_in_bytes", memory))
      out->memory_.clear();
    else
      write_file(out->memory_ + "/memory.memsw.limit_in_bytes", memory);  // not there without swap accounting
    write_file(out->cpu_ + "/cpu.cfs_quota_us", quota);
  }
  if (!write_file(out->pids_ + "/pids.max", std::to_string(limits.pids))) out->pids_.clear();
  for (const std::string& folder : out->folders_) {
    UniqueFd fd(open((folder + "/cgroup.procs").c_str(), O_WRONLY | O_CLOEXEC));
    if (fd) out->entrances_.push_back(std::move(fd));
  }
  return out;
}

Cgroup::~Cgroup() {
  entrances_.clear();
  for (const std::string& folder : folders_) rmdir(folder.c_str());
}

bool Cgroup::was_out_of_memory() const {
  if (memory_.empty()) return false;
  const std::string text = read_file(memory_ + (is_v2_ ? "/memory.events" : "/memory.oom_control"));
  return read_number(text, "oom_kill").value_or(0) > 0;
}

bool Cgroup::was_out_of_pids() const {
  return !pids_.empty() && read_number(read_file(pids_ + "/pids.events"), "max").value_or(0) > 0;
}

std::optional<std::int64_t> Cgroup::cpu_ms() const {
  if (accounting_.empty()) return std::nullopt;
  const auto used = is_v2_ ? read_number(read_file(accounting_ + "/cpu.stat"), "usage_usec")
                           : read_number(read_file(accounting_ + "/cpuacct.usage"), "");
  if (!used) return std::nullopt;
  return *used / (is_v2_ ? 1'000 : 1'000'000);
}

std::optional<std::int64_t> Cgroup::peak_memory_bytes() const {
  if (memory_.empty()) return std::nullopt;
  return read_number(read_file(memory_ + (is_v2_ ? "/memory.peak" : "/memory.max_usage_in_bytes")), "");
}

bool Cgroup::freeze() {
  if (freezer_.empty()) return false;
  return is_v2_ ? write_file(freezer_ + "/cgroup.freeze", "1")
                : write_file(freezer_ + "/freezer.state", "FROZEN");
}

void Cgroup::thaw() {
  if (freezer_.empty()) return;
  if (is_v2_)
    write_file(freezer_ + "/cgroup.freeze", "0");
  else
    write_file(freezer_ + "/freezer.state", "THAWED");
}

void Cgroup::kill_all() {
  for (const std::string& folder : folders_) {
    std::istringstream pids(read_file(folder + "/cgroup.procs"));
    for (pid_t pid = 0; pids >> pid;)
      if (pid > 0) kill(pid, SIGKILL);
  }
}

}  // namespace pawl::tools
