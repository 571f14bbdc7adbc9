#include "tests/tidy/tree.h"

#include <algorithm>
#include <array>
#include <filesystem>
#include <fstream>
#include <iterator>

namespace pawl::tidy {
namespace {

namespace fs = std::filesystem;

constexpr std::array<std::string_view, 7> kTopFolders = {"api", "broker", "common", "deploy",
                                                         "k8s", "tests",  "worker"};

std::vector<Include> includes_of(const std::vector<std::string>& lines) {
  std::vector<Include> found;
  for (std::size_t i = 0; i < lines.size(); ++i) {
    constexpr std::string_view kWord = "#include ";
    const std::string_view line = lines[i];
    if (!line.starts_with(kWord) || line.size() < kWord.size() + 3) continue;
    const bool is_quoted = line[kWord.size()] == '"';
    const auto end = line.find(is_quoted ? '"' : '>', kWord.size() + 1);
    if (end == std::string_view::npos) continue;
    found.push_back({i + 1, std::string(line.substr(kWord.size() + 1, end - kWord.size() - 1)), is_quoted});
  }
  return found;
}

File read_file(const fs::path& root, const fs::path& path) {
  File file;
  file.path = fs::relative(path, root).generic_string();
  file.name = path.filename().string();
  const auto slash = file.path.rfind('/');
  file.folder = slash == std::string::npos ? "" : file.path.substr(0, slash);
  std::ifstream in(path, std::ios::binary);
  file.text = {std::istreambuf_iterator<char>(in), {}};
  std::size_t begin = 0;
  while (begin < file.text.size()) {
    const auto end = std::min(file.text.find('\n', begin), file.text.size());
    file.lines.push_back(file.text.substr(begin, end - begin));
    begin = end + 1;
  }
  if (file.is_cpp()) file.includes = includes_of(file.lines);
  return file;
}

std::vector<File> read_tree() {
  const fs::path root = PAWL_SOURCE_DIR;
  std::vector<File> all;
  for (const auto& entry : fs::directory_iterator(root)) {
    const bool is_ours = entry.is_regular_file() && entry.path().filename() != ".git";
    if (is_ours) all.push_back(read_file(root, entry.path()));
  }
  for (const auto top : kTopFolders) {
    if (!fs::exists(root / top)) continue;
    for (const auto& entry : fs::recursive_directory_iterator(root / top)) {
      if (!entry.is_regular_file() || entry.path().string().find("/corpus/") != std::string::npos) continue;
      all.push_back(read_file(root, entry.path()));
    }
  }
  std::sort(all.begin(), all.end(), [](const File& a, const File& b) { return a.path < b.path; });
  return all;
}

}  // namespace

bool File::in(std::string_view top) const {
  return path.starts_with(top) && path.size() > top.size() && path[top.size()] == '/';
}

const std::vector<File>& files() {
  static const std::vector<File> all = read_tree();
  return all;
}

std::size_t columns(std::string_view line) {
  return static_cast<std::size_t>(std::count_if(
      line.begin(), line.end(), [](char c) { return (static_cast<unsigned char>(c) & 0xC0U) != 0x80U; }));
}

std::string at(const File& file, std::size_t line, std::string_view what) {
  return file.path + ":" + std::to_string(line) + ": " + std::string(what);
}

}  // namespace pawl::tidy
