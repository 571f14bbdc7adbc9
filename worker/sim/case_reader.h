// Reads fields of a case with a default each, and says which one is wrong.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "common/base/clock.h"
#include "common/base/result.h"
#include "common/json/value.h"

namespace pawl::sim {

/// A view of one JSON object; the object must outlive it.
class CaseReader {
 public:
  /// `object` null or no object reads as empty.
  explicit CaseReader(const json::Value* object) : object_(object) {}

  [[nodiscard]] bool has(std::string_view key) const { return find(key) != nullptr; }
  /// The member, or null when it is not there or JSON null.
  [[nodiscard]] const json::Value* find(std::string_view key) const;
  Result<double> number(std::string_view key, double otherwise) const;
  Result<std::int64_t> integer(std::string_view key, std::int64_t otherwise) const;
  Result<bool> flag(std::string_view key, bool otherwise) const;
  Result<std::string> text(std::string_view key, std::string otherwise) const;
  /// A plan duration, or a number of seconds.
  Result<Millis> duration(std::string_view key, Millis otherwise) const;
  Result<std::vector<std::string>> texts(std::string_view key) const;

 private:
  const json::Value* object_;
};

/// "5s", "250ms", or a bare number of seconds as "3".
Result<Millis> read_duration(std::string_view text);

/// A whole number without a fraction, as people write it; else the double.
json::Value plain_number(double value);

}  // namespace pawl::sim
