#include "api/stream/frames.h"

#include "api/ws/frame.h"
#include "common/json/write.h"

namespace pawl::api::stream {

Frames::Frames(const Event& event)
    : json_(json::write(to_json(event))),
      id_(event.seq == 0 ? "" : std::to_string(event.seq)),
      type_(to_string(event.type)) {}

const std::string& Frames::sse() {
  if (sse_.empty()) sse_ = sse_event(id_, type_, json_);
  return sse_;
}

const std::string& Frames::ws() {
  if (ws_.empty()) ws_ = ws::text_frame(json_);
  return ws_;
}

std::string sse_event(std::string_view id, std::string_view type, std::string_view json) {
  std::string out;
  out.reserve(id.size() + type.size() + json.size() + 24);
  if (!id.empty()) out.append("id: ").append(id).append("\n");
  if (!type.empty()) out.append("event: ").append(type).append("\n");
  out.append("data: ").append(json).append("\n\n");
  return out;
}

}  // namespace pawl::api::stream
