// One event in the forms it leaves in, each made once however many watchers get it.
#pragma once

#include <string>
#include <string_view>

#include "common/model/event.h"

namespace pawl::api::stream {

class Frames {
 public:
  explicit Frames(const Event& event);
  /// Any JSON; `id` and `type` may be empty.
  Frames(std::string json, std::string id, std::string_view type)
      : json_(std::move(json)), id_(std::move(id)), type_(type) {}

  /// "id: 7\nevent: step.committed\ndata: {…}\n\n"; without id for what is live only.
  const std::string& sse();
  /// One text message with the JSON.
  const std::string& ws();
  [[nodiscard]] const std::string& json() const { return json_; }

 private:
  std::string json_, id_;
  std::string type_;
  std::string sse_, ws_;
};

/// The SSE form. JSON has no line breaks, so `data` is one line.
std::string sse_event(std::string_view id, std::string_view type, std::string_view json);

}  // namespace pawl::api::stream
