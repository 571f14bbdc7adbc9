// Any bytes into the JSON parser: it never crashes, and what it takes it writes back to the same value and
// hash.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "common/base/assert.h"
#include "common/base/bytes.h"
#include "common/json/parse.h"
#include "common/json/write.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace pawl;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto value = json::parse(text);
  if (!value) {
    PAWL_ASSERT(value.error().kind == ErrorKind::kInvalid, "a bad text is the sender's fault");
    PAWL_ASSERT(!value.error().code.empty(), "a refusal has a code");
    return 0;
  }
  PAWL_ASSERT(is_valid_utf8(text), "only UTF-8 is taken");
  for (const std::string& form :
       {json::write(*value), json::write_pretty(*value), json::write_canonical(*value)}) {
    const auto again = json::parse(form);
    PAWL_ASSERT(again.has_value(), "what is written can be read");
    PAWL_ASSERT(*again == *value, "what is written reads back as the same value");
    PAWL_ASSERT(json::canonical_hash(*again) == json::canonical_hash(*value),
                "equal values have equal hashes");
  }
  PAWL_ASSERT(json::write(*json::parse(json::write(*value))) == json::write(*value), "writing is stable");
  return 0;
}
