#include "common/json/parse.h"

#include <charconv>
#include <cstring>

#ifdef __SSE2__
#define RAPIDJSON_SSE2
#endif
#include <rapidjson/error/en.h>
#include <rapidjson/reader.h>

#include "common/base/assert.h"
#include "common/base/bytes.h"

namespace pawl::json {
namespace {

/// RapidJSON's SSE2 scan reads whole aligned blocks, so the copy it works on ends in this many NULs.
constexpr std::size_t kPadding = 32;

constexpr const char* kOutsideDouble = "the number is outside the range of a double";

/// Takes RapidJSON's events and builds the value bottom-up on two stacks. Faults of syntax (400) stop it;
/// faults of content (422) are collected, since a later fault of syntax must win over them.
class Builder {
 public:
  Builder(std::string_view text, const ParseLimits& limits)
      : limits_(limits), has_unicode_escapes_(text.find("\\u") != text.npos) {}

  bool Null() { return push(Value()); }
  bool Bool(bool b) { return push(Value(b)); }
  bool RawNumber(const char* text, rapidjson::SizeType length, bool) {
    return push(number(text, text + length));
  }
  bool String(const char* text, rapidjson::SizeType length, bool) {
    if (!check_text(text, length, /*fault_at=*/nullptr)) return false;
    return push(Value(std::string(text, length)));
  }
  bool StartObject() { return open(true); }
  bool StartArray() { return open(false); }

  bool Key(const char* text, rapidjson::SizeType length, bool) {
    const std::string_view key(text, length);
    if (!check_text(text, length, &key)) return false;
    const Frame& frame = frames_.back();
    if (keys_.size() - frame.first_key == limits_.max_keys)
      add_fault(pointer_to(frames_.size() - 1),
                "an object has at most " + std::to_string(limits_.max_keys) + " keys");
    keys_.emplace_back(key);
    return true;
  }

  bool EndObject(rapidjson::SizeType count) {
    const Frame frame = frames_.back();
    ObjectBuilder object;
    object.reserve(count);
    for (std::size_t i = 0; i < count; ++i)
      object.add(std::move(keys_[frame.first_key + i]), std::move(values_[frame.first_value + i]));
    auto made = object.take();
    if (!made) return refuse("duplicate_key", "an object has a key twice");
    close(frame);
    return push(Value(*std::move(made)));
  }

  bool EndArray(rapidjson::SizeType count) {
    const Frame frame = frames_.back();
    Array array;
    array.reserve(count);
    for (std::size_t i = frame.first_value; i < values_.size(); ++i) array.push_back(std::move(values_[i]));
    close(frame);
    return push(Value(std::move(array)));
  }

  /// The reader gave up on a number by itself; what comes after it was not read.
  void add_too_big() { add_fault(pointer_to(frames_.size()), kOutsideDouble); }

  // Never called: numbers come as text. The reader wants them to exist.
  bool Int(int) { return false; }
  bool Uint(unsigned) { return false; }
  bool Int64(std::int64_t) { return false; }
  bool Uint64(std::uint64_t) { return false; }
  bool Double(double) { return false; }

  /// The document once the reader is done with it.
  Result<Value> finish() {
    if (refusal_) return fail(*std::move(refusal_));
    if (faults_.empty()) return std::move(values_.front());
    Error error{ErrorKind::kInvalid, "validation_failed", faults_.front().message, {}, {}};
    error.faults = std::move(faults_);
    return fail(std::move(error));
  }
  [[nodiscard]] bool has_refused() const { return refusal_.has_value(); }

 private:
  struct Frame {
    bool is_object;
    std::size_t first_value;
    std::size_t first_key;
  };

  bool open(bool is_object) {
    if (frames_.size() == limits_.max_depth)
      return refuse("json_too_deep", "more than " + std::to_string(limits_.max_depth) + " levels of nesting");
    frames_.push_back({is_object, values_.size(), keys_.size()});
    return true;
  }

  void close(const Frame& frame) {
    values_.resize(frame.first_value);
    keys_.resize(frame.first_key);
    frames_.pop_back();
  }

  bool push(Value value) {
    values_.push_back(std::move(value));
    return true;
  }

  bool refuse(std::string code, std::string message) {
    refusal_ = Error{ErrorKind::kInvalid, std::move(code), std::move(message), {}, {}};
    return false;
  }

  void add_fault(std::string pointer, std::string message) {
    if (faults_.size() < kMaxFaults)
      faults_.push_back({std::move(pointer), "validation_failed", std::move(message)});
  }

  /// The pointer to the container that frame `depth` stands for: the tokens of the frames around it.
  [[nodiscard]] std::string pointer_to(std::size_t depth) const {
    std::string pointer;
    for (std::size_t i = 0; i < depth; ++i) {
      const std::size_t next_key = i + 1 < frames_.size() ? frames_[i + 1].first_key : keys_.size();
      const std::size_t next_value = i + 1 < frames_.size() ? frames_[i + 1].first_value : values_.size();
      if (frames_[i].is_object)
        pointer = pointer_join(pointer, keys_[next_key - 1]);
      else
        pointer = pointer_join(pointer, next_value - frames_[i].first_value);
    }
    return pointer;
  }

  /// The input is UTF-8 already, so a surrogate (ED A0…BF) and a NUL can only have come from a \u escape.
  bool check_text(const char* text, std::size_t length, const std::string_view* key) {
    if (!has_unicode_escapes_ || length == 0) return true;
    if (std::memchr(text, 0, length) != nullptr)
      add_fault(pointer_to(key != nullptr ? frames_.size() - 1 : frames_.size()),
                "a string can't hold \\u0000");
    for (const char* at = text; (at = find_byte(at, text + length, 0xED)) != nullptr; ++at) {
      if (at + 1 < text + length && static_cast<unsigned char>(at[1]) >= 0xA0)
        return refuse("invalid_utf8", "a \\u escape is half of a surrogate pair");
    }
    return true;
  }

  static const char* find_byte(const char* from, const char* to, int byte) {
    return from == to
               ? nullptr
               : static_cast<const char*>(std::memchr(from, byte, static_cast<std::size_t>(to - from)));
  }

  Value number(const char* from, const char* to) {
    for (const char* at = from; at != to; ++at) {
      if (*at == '.' || *at == 'e' || *at == 'E') return real(from, to);
    }
    std::int64_t i = 0;
    if (std::from_chars(from, to, i).ec == std::errc()) return Value(i);
    std::uint64_t u = 0;
    if (*from != '-' && std::from_chars(from, to, u).ec == std::errc()) return Value(u);
    add_fault(pointer_to(frames_.size()), "an integer must lie between -2^63 and 2^64-1");
    return Value();
  }

  Value real(const char* from, const char* to) {
    double d = 0;
    if (std::from_chars(from, to, d).ec == std::errc()) return Value(d);
    add_fault(pointer_to(frames_.size()), kOutsideDouble);
    return Value();
  }

  const ParseLimits& limits_;
  const bool has_unicode_escapes_;
  std::vector<Value> values_;
  std::vector<std::string> keys_;
  std::vector<Frame> frames_;
  std::vector<Fault> faults_;
  std::optional<Error> refusal_;
};

Error malformed(std::string_view text, const rapidjson::ParseResult& result) {
  const std::string_view before = text.substr(0, result.Offset());
  std::size_t line = 1;
  for (const char c : before) line += c == '\n' ? 1u : 0u;
  const std::size_t column =
      before.size() - (before.rfind('\n') == before.npos ? 0 : before.rfind('\n') + 1) + 1;
  return Error{ErrorKind::kInvalid,
               "malformed_json",
               "line " + std::to_string(line) + ", column " + std::to_string(column) + ": " +
                   rapidjson::GetParseError_En(result.Code()),
               {},
               {}};
}

}  // namespace

Result<Value> parse(std::string_view text, const ParseLimits& limits) {
  PAWL_ASSERT(limits.max_depth <= kMaxDepth, "the depth allowed fits the stack");
  if (text.size() > limits.max_bytes)
    return fail(ErrorKind::kInvalid, "payload_too_large",
                "the document is over " + std::to_string(limits.max_bytes) + " bytes");
  if (!is_valid_utf8(text)) return fail(ErrorKind::kInvalid, "invalid_utf8", "the document is not UTF-8");
  if (text.find('\0') != text.npos)
    return fail(ErrorKind::kInvalid, "malformed_json", "the document holds a NUL byte");

  std::string copy;
  copy.reserve(text.size() + kPadding);
  copy.append(text).append(kPadding, '\0');
  rapidjson::InsituStringStream stream(copy.data());
  rapidjson::Reader reader;
  Builder builder(text, limits);
  constexpr unsigned kFlags = rapidjson::kParseInsituFlag | rapidjson::kParseNumbersAsStringsFlag;
  const rapidjson::ParseResult result = reader.Parse<kFlags>(stream, builder);
  if (result.IsError() && !builder.has_refused()) {
    if (result.Code() == rapidjson::kParseErrorStringUnicodeSurrogateInvalid)
      return fail(ErrorKind::kInvalid, "invalid_utf8", "a \\u escape is half of a surrogate pair");
    if (result.Code() != rapidjson::kParseErrorNumberTooBig) return fail(malformed(text, result));
    builder.add_too_big();
  }
  return builder.finish();
}

}  // namespace pawl::json
