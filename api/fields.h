// Reads the fields of a request body and collects every fault with its pointer. What is not read is an
// unknown field.
#pragma once

#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "common/base/clock.h"
#include "common/base/result.h"
#include "common/json/value.h"
#include "common/model/status.h"

namespace pawl::api {

class Fields {
 public:
  /// `body` must be an object, else one fault. `pointer` is put in front of every fault's.
  explicit Fields(const json::Value& body, std::string pointer = "");

  /// Each returns nullopt when the field is absent (or null) or at fault.
  std::optional<std::string> text(std::string_view key, std::size_t min_length = 0,
                                  std::size_t max_length = 65536);
  std::optional<std::int64_t> integer(std::string_view key, std::int64_t least, std::int64_t most);
  std::optional<bool> flag(std::string_view key);
  std::optional<json::Value> object(std::string_view key);
  std::optional<json::Array> array(std::string_view key, std::size_t most);
  std::optional<WallTime> time(std::string_view key);
  /// Seconds as an integer, or a duration string.
  std::optional<Millis> duration(std::string_view key);
  std::optional<std::vector<std::string>> texts(std::string_view key, std::size_t most);
  std::optional<json::Value> any(std::string_view key);

  [[nodiscard]] bool has(std::string_view key) const;
  void require(std::string_view key);
  void fault(std::string_view key, std::string code, std::string message);
  void add(std::vector<Fault> faults);

  /// Everything was read: unknown fields are faults now. Errors: kInvalid/validation_failed, or unknown_field
  /// when there are no others.
  Result<void> finish();

 private:
  const json::Value* take(std::string_view key);

  json::Value body_;
  std::string pointer_;
  std::set<std::string, std::less<>> known_;
  std::vector<Fault> faults_;
};

/// "completed,failed" of a query. Errors: kInvalid/validation_failed.
Result<std::vector<ExecutionStatus>> parse_statuses(std::string_view list);

/// Strings over 64 KiB anywhere but inside the members named in `free_members` (at any depth) ⇒ faults.
std::vector<Fault> check_strings(const json::Value& body,
                                 const std::set<std::string, std::less<>>& free_members);

/// An Error with these faults: unknown_field when all are that, else validation_failed.
Error faults_error(std::vector<Fault> faults);

}  // namespace pawl::api
