// The request parser on hostile bytes: never crashes, and cutting the bytes elsewhere never changes what is
// parsed.
#include <cstdint>
#include <string>
#include <string_view>

#include "common/base/assert.h"
#include "common/http/parser.h"

namespace {

using pawl::http::Limits;
using pawl::http::RequestParser;

std::string parse(std::string_view text, std::size_t step) {
  RequestParser parser{Limits{}};
  std::string seen, pending;
  for (std::size_t at = 0; at < text.size(); at += step) {
    pending.append(text.substr(at, step));
    for (bool more = true; more;) {
      const auto progress = parser.feed(pending);
      pending.erase(0, progress.consumed);
      switch (progress.stop) {
        case RequestParser::Stop::kHead: {
          const auto head = parser.take_head();
          seen += "H" + head.target + std::to_string(head.headers.size());
          parser.limit_body(1000);
          break;
        }
        case RequestParser::Stop::kComplete:
          seen += "B" + parser.take_body();
          parser.next();
          more = !pending.empty();
          break;
        case RequestParser::Stop::kError: return seen + "E" + std::to_string(parser.failure().status);
        case RequestParser::Stop::kNeedMore: more = false; break;
      }
    }
  }
  return seen;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  PAWL_ASSERT(parse(text, size + 1) == parse(text, 1), "the cut does not matter");
  return 0;
}
