#include "api/cli/text_stream.h"

#include <algorithm>

#include "api/cli/text.h"

namespace pawl::cli {
namespace {

/// How many bytes at the end belong to a character (or a CR LF) whose rest is still to come.
std::size_t open_end(std::string_view text) {
  if (text.ends_with('\r')) return 1;
  for (std::size_t back = 1; back <= std::min<std::size_t>(3, text.size()); ++back) {
    const auto byte = static_cast<unsigned char>(text[text.size() - back]);
    if ((byte & 0xC0) == 0x80) continue;
    const std::size_t length = byte >= 0xF0 ? 4 : byte >= 0xE0 ? 3 : byte >= 0xC0 ? 2 : 1;
    return length > back ? back : 0;
  }
  return 0;
}

std::string without_carriage_returns(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '\r' || i + 1 >= text.size() || text[i + 1] != '\n') out += text[i];
  }
  return out;
}

}  // namespace

std::string TextStream::take(std::string_view piece) {
  kept_ += piece;
  const std::size_t ready = kept_.size() - open_end(kept_);
  const std::string text = escaped_lines(without_carriage_returns(std::string_view(kept_).substr(0, ready)));
  kept_.erase(0, ready);
  if (!text.empty()) line_is_open_ = text.back() != '\n';
  return text;
}

std::string TextStream::finish() {
  std::string text = escaped_lines(kept_);
  kept_.clear();
  if (!text.empty() || line_is_open_) text += '\n';
  line_is_open_ = false;
  return text;
}

}  // namespace pawl::cli
