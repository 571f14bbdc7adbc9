// One request as it was parsed: method, target, headers, body. Owns its bytes.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace pawl::http {

enum class Method : std::uint8_t {
  kGet,
  kHead,
  kPost,
  kPut,
  kDelete,
  kPatch,
  kOptions,
  kTrace,
  kConnect,
  kOther
};
std::string_view to_string(Method method);

class Headers {
 public:
  void add(std::string name, std::string value) { fields_.push_back({std::move(name), std::move(value)}); }
  void clear() { fields_.clear(); }
  /// The first value of `name` (any case), or nullopt.
  [[nodiscard]] std::optional<std::string_view> get(std::string_view name) const;
  /// How often `name` occurs.
  [[nodiscard]] std::size_t count(std::string_view name) const;
  [[nodiscard]] std::size_t size() const { return fields_.size(); }

  struct Field {
    std::string name;
    std::string value;
  };
  [[nodiscard]] const std::vector<Field>& fields() const { return fields_; }

 private:
  std::vector<Field> fields_;
};

/// ASCII case-insensitive equality.
bool equals_ignoring_case(std::string_view a, std::string_view b);

struct RequestHead {
  Method method = Method::kGet;
  std::string target;  ///< origin form, as sent: path and query
  int version_minor = 1;
  Headers headers;
  std::optional<std::uint64_t> content_length;
  bool chunked = false;
  bool upgrade = false;  ///< asks for an upgrade (Connection: upgrade)
  bool keep_alive = true;

  [[nodiscard]] std::string_view path() const;   ///< still percent-encoded
  [[nodiscard]] std::string_view query() const;  ///< without the '?'
  [[nodiscard]] bool has_body() const { return chunked || content_length.value_or(0) > 0; }
};

}  // namespace pawl::http
